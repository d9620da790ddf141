// Degrees and metres around one place, as plain numbers. East and south are positive, as on a screen.

const EARTH_M = 6371008.8;
const rad = (deg) => (deg * Math.PI) / 180;

export class Plane {
  constructor(lat, lon) {
    this.lat = lat;
    this.lon = lon;
    this.eastM = rad(1) * EARTH_M * Math.cos(rad(lat)); // metres per degree
    this.southM = -rad(1) * EARTH_M;
  }

  at(lat, lon) {
    return [(lon - this.lon) * this.eastM, (lat - this.lat) * this.southM];
  }

  place([x, y]) {
    return [this.lat + y / this.southM, this.lon + x / this.eastM];
  }
}

/** Return what lies `m` metres away in the direction of `azimuth`. */
export const away = ([x, y], azimuth, m) => [x + m * Math.sin(rad(azimuth)), y - m * Math.cos(rad(azimuth))];

/** Return the corners of an ellipse with half axes in metres; the longer one points to `azimuth`. */
export function ellipse(middle, major, minor, azimuth, corners = 64) {
  return Array.from({ length: corners }, (_, n) => {
    const turn = (2 * Math.PI * n) / corners;
    return away(away(middle, azimuth, major * Math.cos(turn)), azimuth + 90, minor * Math.sin(turn));
  });
}

export const distance = ([x0, y0], [x1, y1]) => Math.hypot(x1 - x0, y1 - y0);

/** Return 1, 2 or 5 times a power of ten, at most `value`. */
export function round(value) {
  const ten = 10 ** Math.floor(Math.log10(value));
  return [5, 2, 1].find((step) => step * ten <= value) * ten;
}

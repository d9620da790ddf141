// Every picture sign of the console, drawn here: shape carries the meaning, colour only repeats it.

const NS = "http://www.w3.org/2000/svg";

const PATHS = {
  // severities: octagon, triangle, diamond, circle, square
  critical: ["M8.300 2h7.400L22 8.300v7.400L15.700 22H8.300L2 15.700V8.300z", "cut:M12 6.500v7.500 M12 17.200v.3"],
  high: ["M12 2.500 23 21.500H1z", "cut:M12 9v6.200 M12 18.200v.3"],
  medium: ["M12 1.500 22.500 12 12 22.500 1.500 12z", "cut:M12 7.500v5.700 M12 16.300v.3"],
  low: ["M12 2a10 10 0 1 0 0 20 10 10 0 0 0 0-20z", "cut:M7.500 12.500h9"],
  info: ["M4 3h16a1 1 0 0 1 1 1v16a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1V4a1 1 0 0 1 1-1z", "cut:M12 11v6 M12 7.200v.3"],
  // categories
  traffic: ["line:M5 17v2.500M19 17v2.500M3.500 17v-5l2.200-5.800A2 2 0 0 1 7.600 5h8.800a2 2 0 0 1 1.900 1.200L20.500 12v5z M3.500 12h17 M7 14.700h1.500 M15.500 14.700H17"],
  security: ["line:M12 2.800 20 6v6c0 4.700-3.300 7.900-8 9.300-4.700-1.400-8-4.600-8-9.300V6z M8.500 12l2.500 2.500 4.500-5"],
  wildfire: ["line:M12 2.500c.7 3.600 5.800 6 5.800 11.300A5.900 5.900 0 0 1 12 20a5.900 5.900 0 0 1-5.800-6.200c0-2.400 1.300-4 2.600-5.200.2 1.700.9 2.600 1.700 3 .1-3.500.4-6.300 1.500-9.100z"],
  camera: ["line:M3 8.500h3.500L8.500 6h7l2 2.500H21v10H3z", "line:M12 16.500a3.500 3.500 0 1 0 0-7 3.500 3.500 0 0 0 0 7z"],
  node: ["line:M4 4.500h16v6H4z M4 13.500h16v6H4z M7.500 7.500h.2 M7.500 16.500h.2 M12 7.500h5 M12 16.500h5"],
  // what one can do
  acknowledge: ["line:M4.500 12.500l5 5 10-11"],
  assign: ["line:M12 11.500a4 4 0 1 0 0-8 4 4 0 0 0 0 8z M4.500 20.500c.6-4 3.600-6 7.500-6s6.900 2 7.500 6"],
  resolve: ["line:M12 2.500a9.500 9.500 0 1 0 0 19 9.500 9.500 0 0 0 0-19z M7.800 12.300l2.900 2.900 5.500-6"],
  close: ["line:M4 7.500h16v12.500H4z M3 4h18v3.500H3z M9.500 12h5"],
  false_alarm: ["line:M6 17.500h9.500 M18 14V10a6 6 0 0 0-9.500-4.900 M6.300 8.200C6.100 8.800 6 9.400 6 10v7.500 M10 20.500h4 M3.500 3.500l17 17"],
  reopen: ["line:M4 12a8 8 0 1 0 2.600-5.900 M4 4v4.500h4.500"],
  comment: ["line:M4 5h16v11.500h-8.500L7 20.500v-4H4z"],
  // around
  search: ["line:M10.500 4a6.500 6.500 0 1 0 0 13 6.500 6.500 0 0 0 0-13z M15.500 15.500 21 21"],
  sound: ["line:M4 9.500v5h3.500L12 18.500v-13L7.500 9.500z M15.500 9a4.200 4.200 0 0 1 0 6 M18 6.500a7.800 7.800 0 0 1 0 11"],
  mute: ["line:M4 9.500v5h3.500L12 18.500v-13L7.500 9.500z M16 9.500l5 5 M21 9.500l-5 5"],
  sun: ["line:M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8z M12 2v2.500 M12 19.500V22 M2 12h2.500 M19.500 12H22 M5 5l1.700 1.700 M17.300 17.300 19 19 M5 19l1.700-1.700 M17.300 6.700 19 5"],
  moon: ["line:M20 14.500A8.500 8.500 0 0 1 9.500 4a8.500 8.500 0 1 0 10.500 10.500z"],
  help: ["line:M12 2.500a9.500 9.500 0 1 0 0 19 9.500 9.500 0 0 0 0-19z M9.300 9.500a2.700 2.700 0 1 1 4 2.400c-.9.500-1.300 1-1.300 2 M12 17.200v.2"],
  exit: ["line:M14 4.500H5v15h9 M10 12h11 M17.500 8.500 21 12l-3.500 3.500"],
  back: ["line:M14.500 5 7.500 12l7 7"],
  zoom: ["line:M10.500 4a6.500 6.500 0 1 0 0 13 6.500 6.500 0 0 0 0-13z M15.500 15.500 21 21 M10.500 8v5 M8 10.500h5"],
  x: ["line:M5.500 5.500l13 13 M18.500 5.500l-13 13"],
  place: ["line:M12 21.500c4.500-4.700 7-8.400 7-11.600a7 7 0 1 0-14 0c0 3.200 2.500 6.900 7 11.600z M12 12.500a2.700 2.700 0 1 0 0-5.400 2.700 2.700 0 0 0 0 5.400z"],
  picture: ["line:M3 5h18v14H3z M3 16l5-5 4.500 4.500L15 13l6 5 M15.500 9.200h.2"],
  up: ["line:M12 19.500v-15 M5.500 11 12 4.500 18.500 11"],
  seen: ["line:M2 12c3-5 6.300-7 10-7s7 2 10 7c-3 5-6.300 7-10 7s-7-2-10-7z M12 15a3 3 0 1 0 0-6 3 3 0 0 0 0 6z"],
  unseen: ["line:M2 12c3-5 6.300-7 10-7s7 2 10 7c-3 5-6.300 7-10 7s-7-2-10-7z M3.500 3.500l17 17"],
  stale: ["line:M2 12c3-5 6.300-7 10-7s7 2 10 7c-3 5-6.300 7-10 7s-7-2-10-7z M10.500 10.300a1.600 1.600 0 1 1 1.500 2.200 M12 15.300v.2"],
  calm: ["line:M12 2.500a9.500 9.500 0 1 0 0 19 9.500 9.500 0 0 0 0-19z M7.800 12.300l2.900 2.900 5.500-6"],
  offline: ["line:M3 9a13 13 0 0 1 5-2.800 M12 5.500c3.400 0 6.500 1.300 9 3.500 M6.500 12.800a8 8 0 0 1 4-2 M15 11.400c.9.400 1.700.9 2.500 1.600 M9.700 16.300a3.600 3.600 0 0 1 4.600 0 M12 19.700v.2 M4 3.500l16 17"],
};

/** Return an inline SVG. It is decoration: the text beside it says the same. */
export function icon(name, className = "icon") {
  const svg = document.createElementNS(NS, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", `${className} icon-${name}`);
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("focusable", "false");
  for (const part of PATHS[name] ?? PATHS.info) {
    const [kind, data] = part.includes(":") ? part.split(":") : ["solid", part];
    const path = document.createElementNS(NS, "path");
    path.setAttribute("d", data);
    path.setAttribute("class", kind);
    svg.append(path);
  }
  return svg;
}

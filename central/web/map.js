// The map: cameras, bearings, places with their error, and incidents, over the province's own map. Nothing from outside.

import * as api from "./api.js";
import { fill, h, s } from "./dom.js";
import { away, distance, ellipse, Plane, round } from "./geometry.js";
import { icon } from "./icons.js";
import { number, t } from "./i18n.js";
import { areaOf, cameraOf, cannotSee, kindOf, severityMark, severityOf, visionMark, visionOf } from "./words.js";

const SEVERITIES = ["critical", "high", "medium", "low", "info"];
const CLOSE_PX = 26; // marks nearer than this are one with a number
const STEP_PX = 80; // of an arrow key
const CLOSEST = 2; // px per metre
const ALONE_M = 4000; // shown around a single place

export class ProvinceMap {
  /** `book` knows the incidents; `on` has open(id). */
  constructor(book, on) {
    this.book = book;
    this.on = on;
    this.cameras = [];
    this.loading = new Set(); // for each answer that is on its way: the nodes that have told something meanwhile
    this.danger = null;
    this.base = { base: { features: [] }, area_key: "code", name_key: "name" };
    this.plane = null;
    this.view = null; // { x, y } in metres in the middle, and px per metre
    this.chosen = null;
    this.pointers = new Map();
    this.#furnish();
  }

  async load() {
    const told = []; // while the answer is on its way, and newer than it
    this.loading.add(told);
    try {
      const [{ cameras }, danger, base] = await Promise.all([api.cameras(), api.fireDanger(), this.loaded ? this.base : api.baseMap()]);
      Object.assign(this, { cameras, danger, base, loaded: true });
    } finally {
      this.loading.delete(told);
    }
    this.plane = this.view = null;
    for (const node of told) this.put(node);
    this.render();
  }

  /** A node's cameras have changed. */
  put(node) {
    for (const told of this.loading) told.push(node);
    if (!this.loaded) return;
    this.cameras = [...this.cameras.filter((one) => one.site !== node.site || one.node !== node.node), ...node.cameras];
    if (this.plane && this.view) this.render();
  }

  /** Show one incident in the middle, or everything. */
  choose(id) {
    this.chosen = id;
    this.view = null;
    this.render();
  }

  render() {
    if (!this.element.isConnected) return;
    this.plane ??= this.#plane();
    this.#ground();
    this.view ??= this.#fitted();
    this.#list();
    this.#draw();
  }

  // The page

  #furnish() {
    const tool = (name, label, onclick) => h("button", { class: "button square", type: "button", "aria-label": label, title: label, onclick }, name);
    this.ground = s("g", { class: "ground" });
    this.grid = s("g", { class: "grid", "aria-hidden": "true" });
    this.marks = s("g", {});
    this.canvas = s("svg", { class: "chart", tabindex: "0", role: "group", "aria-label": t("map_label"), onwheel: (e) => this.#wheel(e),
      onkeydown: (e) => this.#key(e), onpointerdown: (e) => this.#down(e), onpointermove: (e) => this.#move(e), onpointerup: (e) => this.#up(e), onpointercancel: (e) => this.#up(e) },
      this.ground, this.grid, this.marks);
    this.scale = h("div", { class: "scale num", "aria-hidden": "true" });
    this.side = h("div", { class: "places" });
    this.frame = h("div", { class: "sheet-map" }, this.canvas, this.scale,
      h("div", { class: "zoom" }, tool("+", t("map_in"), () => this.#zoom(1.6)), tool("−", t("map_out"), () => this.#zoom(1 / 1.6)), tool("⤢", t("map_all"), () => this.choose(null))));
    this.element = h("section", { class: "map", id: "main", "aria-label": t("tab_map") }, this.frame, this.side);
    new ResizeObserver(() => this.element.isConnected && this.plane && this.#draw()).observe(this.canvas);
  }

  #list() {
    const found = this.#shown();
    const located = ({ incident, at }) => h("li", {}, h("button", { class: "place", type: "button", "aria-pressed": String(incident.id === this.chosen), onclick: () => this.choose(incident.id), data: { incident: incident.id } },
      severityMark(incident.severity), h("strong", {}, kindOf(incident)), h("span", { class: "muted" }, cameraOf(incident)),
      h("span", { class: "num" }, at ? whereOf(incident) : t("map_nowhere"))),
      h("a", { class: "button quiet", href: `#/incidents/${incident.id}` }, t("map_open", { n: incident.number })));
    fill(this.side, h("h2", {}, t("map_incidents", { n: found.length })),
      found.length ? h("ol", {}, found.map(located)) : h("p", { class: "muted" }, t("empty_open")), this.#blind(), dangerPanel(this.danger));
  }

  #blind() {
    const told = this.cameras.filter((camera) => cannotSee(camera) || camera.vision?.state === "stale");
    const blind = told.filter(cannotSee).length;
    return told.length ? h("div", { class: "blind" }, h("h2", {}, t("unseen_sum", { n: blind })), h("ul", {}, told.map((camera) => h("li", {}, h("strong", {}, camera.name), visionMark(camera))))) : null;
  }

  // What is where

  #shown() {
    const open = this.book.open;
    const chosen = this.chosen && this.book.all.get(this.chosen);
    const all = chosen && !open.includes(chosen) ? [...open, chosen] : open;
    const rank = (incident) => SEVERITIES.indexOf(incident.severity);
    return all.map((incident) => ({ incident, at: this.#placeOf(incident) })).sort((a, b) => rank(a.incident) - rank(b.incident) || b.incident.number - a.incident.number);
  }

  #placeOf(incident) {
    const place = incident.fix ?? incident.position;
    return place && this.plane ? this.plane.at(place.lat, place.lon) : null;
  }

  #plane() {
    const corners = [];
    for (const feature of this.base.base.features) each(feature.geometry, (lon, lat) => corners.push([lat, lon]));
    for (const one of [...this.cameras.map((c) => c.position), ...this.book.open.map((i) => i.fix ?? i.position)]) if (one) corners.push([one.lat, one.lon]);
    if (!corners.length) return new Plane(16, 107.5); // Vietnam, when nothing is known
    const middle = (n) => (corners.reduce((most, c) => Math.max(most, c[n]), -Infinity) + corners.reduce((least, c) => Math.min(least, c[n]), Infinity)) / 2;
    return new Plane(middle(0), middle(1));
  }

  #fitted() {
    const chosen = this.chosen && this.book.all.get(this.chosen);
    const points = chosen ? this.#around(chosen) : this.#everything();
    const { width, height } = this.#size();
    if (!points.length) return { x: 0, y: 0, scale: Math.min(width, height) / 1.6e6 };
    const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)];
    const [left, right, top, bottom] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
    const scale = Math.min(width / Math.max(ALONE_M, (right - left) * 1.25), height / Math.max(ALONE_M, (bottom - top) * 1.25));
    return { x: (left + right) / 2, y: (top + bottom) / 2, scale };
  }

  #around(incident) {
    const at = this.#placeOf(incident);
    const area = incident.fix ? ellipse(at, incident.fix.major_m, incident.fix.minor_m, incident.fix.azimuth_deg, 16) : [];
    return [at, ...area, ...incident.sights.map((sight) => this.plane.at(sight.lat, sight.lon))].filter(Boolean);
  }

  #everything() {
    const places = [...this.cameras.map((c) => c.position).filter(Boolean).map((p) => this.plane.at(p.lat, p.lon)), ...this.#shown().map(({ at }) => at).filter(Boolean)];
    if (places.length) return places;
    const corners = [];
    for (const feature of this.base.base.features) each(feature.geometry, (lon, lat) => corners.push(this.plane.at(lat, lon)));
    return corners.filter((_, n) => n % Math.ceil(corners.length / 5000) === 0);
  }

  // Drawing

  #ground() {
    if (this.grounded === this.plane) return;
    this.grounded = this.plane;
    const level = new Map((this.danger?.levels ?? []).filter((one) => !one.stale).map((one) => [one.area, one.level]));
    fill(this.ground, this.base.base.features.map((feature) => {
      const danger = level.get(String(feature.properties?.[this.base.area_key] ?? ""));
      const name = feature.properties?.[this.base.name_key];
      return s("path", { class: `${/Polygon/.test(feature.geometry?.type) ? "land" : "way"}${danger ? ` danger-${danger}` : ""}`, d: outline(feature.geometry, this.plane) }, name ? s("title", {}, danger ? `${name} · ${t("danger_level", { level: danger })}` : name) : null);
    }));
  }

  #draw() {
    const { width, height } = this.#size();
    const { x, y, scale } = this.view;
    this.canvas.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.ground.setAttribute("transform", `translate(${width / 2 - x * scale} ${height / 2 - y * scale}) scale(${scale})`);
    fill(this.grid, this.#graticule(width, height));
    const held = document.activeElement?.dataset?.mark;
    fill(this.marks, this.#sights(), this.#areas(), this.#cameraMarks(), this.#incidentMarks());
    if (held) this.marks.querySelector(`[data-mark="${CSS.escape(held)}"]`)?.focus();
    this.#ruler();
  }

  #screen([mx, my]) {
    const { width, height } = this.#size();
    return [width / 2 + (mx - this.view.x) * this.view.scale, height / 2 + (my - this.view.y) * this.view.scale];
  }

  #graticule(width, height) {
    const corner = (sx, sy) => this.plane.place([this.view.x + (sx - width / 2) / this.view.scale, this.view.y + (sy - height / 2) / this.view.scale]);
    const [[north, west], [south, east]] = [corner(0, 0), corner(width, height)];
    const step = round((east - west) / 3);
    const digits = Math.max(0, -Math.floor(Math.log10(step)));
    const lines = [];
    for (let lon = Math.ceil(west / step) * step; lon < east; lon += step) {
      const [sx] = this.#screen(this.plane.at(this.plane.lat, lon));
      lines.push(s("line", { x1: sx, x2: sx, y1: 0, y2: height }), s("text", { x: sx + 4, y: height - 6 }, `${number(lon, digits)}°`));
    }
    for (let lat = Math.ceil(south / step) * step; lat < north; lat += step) {
      const [, sy] = this.#screen(this.plane.at(lat, this.plane.lon));
      lines.push(s("line", { x1: 0, x2: width, y1: sy, y2: sy }), s("text", { x: 4, y: sy - 4 }, `${number(lat, digits)}°`));
    }
    return lines;
  }

  #ruler() {
    const m = round(110 / this.view.scale);
    fill(this.scale, h("span", {}, m >= 1000 ? `${number(m / 1000)} km` : `${number(m, 1)} m`), s("svg", { width: Math.round(m * this.view.scale), height: 6 }, s("path", { d: `M1 0v5h${Math.round(m * this.view.scale) - 2}V0` })));
  }

  #sights() {
    return this.#shown().flatMap(({ incident, at }) => (incident.sights ?? []).map((sight) => {
      const from = this.plane.at(sight.lat, sight.lon);
      const far = incident.fix && sight.agrees ? Math.max(distance(from, at) * 1.15, 500) : sight.far_m;
      const [a, b, c, d] = [from, away(from, sight.azimuth_deg - sight.error_deg, far), away(from, sight.azimuth_deg + sight.error_deg, far), away(from, sight.azimuth_deg, far)].map((p) => this.#screen(p));
      return s("g", { class: `sight${sight.agrees ? "" : " alone"}${incident.id === this.chosen ? " chosen" : ""}` }, s("path", { class: "fan", d: `M${a}L${b}L${c}Z` }), s("path", { class: "ray", d: `M${a}L${d}` }));
    }));
  }

  #areas() {
    return this.#shown().filter(({ incident }) => incident.fix).map(({ incident, at }) =>
      s("path", { class: `area sev-${incident.severity}`, d: `M${ellipse(at, incident.fix.major_m, incident.fix.minor_m, incident.fix.azimuth_deg).map((p) => this.#screen(p)).join("L")}Z` }));
  }

  #cameraMarks() {
    return this.cameras.filter((camera) => camera.position).map((camera) => {
      const { lat, lon, bearing_deg: bearing } = camera.position;
      const from = this.plane.at(lat, lon);
      const [sx, sy] = this.#screen(from);
      const [tx, ty] = bearing === null || bearing === undefined ? [sx, sy] : this.#screen(away(from, bearing, 16 / this.view.scale));
      const label = [camera.name, t(`state_${camera.state}`), visionOf(camera)].filter(Boolean).join(" · ");
      const slash = camera.vision && camera.vision.state !== "seen" ? s("path", { class: "slash", d: `M${sx - 9} ${sy - 9}L${sx + 9} ${sy + 9}` }) : null;
      return s("g", { class: `eye ${camera.state}` }, s("title", {}, label), s("path", { d: `M${sx} ${sy}L${tx} ${ty}` }), s("circle", { cx: sx, cy: sy, r: 6 }), slash, s("text", { x: sx + 10, y: sy + 16 }, this.cameras.length <= 40 ? camera.name : ""));
    });
  }

  #incidentMarks() {
    const groups = [];
    for (const one of this.#shown().filter(({ at }) => at)) {
      const place = this.#screen(one.at);
      const near = groups.find((group) => distance(group.place, place) < CLOSE_PX);
      if (near) near.all.push(one.incident);
      else groups.push({ place, all: [one.incident] });
    }
    return groups.map(({ place: [sx, sy], all }) => this.#mark(sx, sy, all));
  }

  #mark(sx, sy, all) {
    const [incident] = all;
    const label = all.length > 1 ? t("map_several", { n: all.length, what: kindOf(incident) }) : `${severityOf(incident.severity)}: ${kindOf(incident)}, ${cameraOf(incident)}`;
    const open = () => this.on.open(incident.id);
    const sign = icon(incident.severity);
    for (const [name, value] of Object.entries({ x: sx - 13, y: sy - 13, width: 26, height: 26 })) sign.setAttribute(name, value);
    return s("g", { class: `mark sev-${incident.severity}${all.some((one) => one.id === this.chosen) ? " chosen" : ""}`, tabindex: "0", role: "link", "aria-label": label, "data-mark": incident.id,
      onclick: open, onkeydown: (event) => (event.key === "Enter" ? (event.stopPropagation(), open()) : null) },
      s("title", {}, label), s("circle", { class: "halo", cx: sx, cy: sy, r: 18 }), sign, all.length > 1 ? s("text", { x: sx + 12, y: sy - 10 }, all.length) : null);
  }

  // Moving about

  #size() {
    return { width: this.canvas.clientWidth || 320, height: this.canvas.clientHeight || 320 };
  }

  #zoom(by, sx = this.#size().width / 2, sy = this.#size().height / 2) {
    const { width, height } = this.#size();
    const scale = Math.min(CLOSEST, Math.max(1e-4, this.view.scale * by));
    const shift = 1 / this.view.scale - 1 / scale;
    this.view = { x: this.view.x + (sx - width / 2) * shift, y: this.view.y + (sy - height / 2) * shift, scale };
    this.#draw();
  }

  #pan(px, py) {
    this.view = { ...this.view, x: this.view.x - px / this.view.scale, y: this.view.y - py / this.view.scale };
    this.#draw();
  }

  #wheel(event) {
    event.preventDefault();
    const box = this.canvas.getBoundingClientRect();
    this.#zoom(Math.exp(-event.deltaY / 400), event.clientX - box.left, event.clientY - box.top);
  }

  #key(event) {
    const step = { ArrowLeft: [STEP_PX, 0], ArrowRight: [-STEP_PX, 0], ArrowUp: [0, STEP_PX], ArrowDown: [0, -STEP_PX] }[event.key];
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (step) this.#pan(...step);
    else if (event.key === "+" || event.key === "=") this.#zoom(1.6);
    else if (event.key === "-") this.#zoom(1 / 1.6);
    else if (event.key === "0") this.choose(null);
    else return;
    event.preventDefault();
  }

  #down(event) {
    if (event.target.closest(".mark")) return;
    this.canvas.setPointerCapture(event.pointerId);
    this.pointers.set(event.pointerId, [event.clientX, event.clientY]);
  }

  #move(event) {
    const before = this.pointers.get(event.pointerId);
    if (!before) return;
    const now = [event.clientX, event.clientY];
    const other = [...this.pointers].find(([id]) => id !== event.pointerId)?.[1];
    this.pointers.set(event.pointerId, now);
    if (!other) return this.#pan(now[0] - before[0], now[1] - before[1]);
    const box = this.canvas.getBoundingClientRect();
    return this.#zoom(distance(other, now) / Math.max(1, distance(other, before)), (other[0] + now[0]) / 2 - box.left, (other[1] + now[1]) / 2 - box.top);
  }

  #up(event) {
    this.pointers.delete(event.pointerId);
  }
}

/** "12,01234, 108,41234 · ± 120 m". */
export function whereOf(incident) {
  const place = incident.fix ?? incident.position;
  if (!place) return null;
  const text = `${number(place.lat, 5)}, ${number(place.lon, 5)}`;
  return incident.fix ? `${text} · ± ${lengthOf(incident.fix.major_m)}` : text;
}

export const lengthOf = (m) => (m >= 1000 ? `${number(m / 1000, 1)} km` : `${number(m)} m`);

function dangerPanel(danger) {
  const levels = danger?.levels ?? [];
  const rows = levels.map((one) => h("li", { class: one.stale ? "stale" : "" }, h("span", { class: `level danger-${one.level}` }, t("danger_level", { level: one.level })), h("span", {}, areaOf(one)),
    h("span", { class: "muted num" }, one.stale ? t("danger_stale", { at: one.date }) : one.missing_days ? t("danger_missing", { n: one.missing_days }) : `P = ${number(one.index)}`)));
  return levels.length ? h("div", { class: "danger" }, h("h2", {}, t("danger")), h("ul", {}, rows), h("p", { class: "muted" }, t("danger_unofficial", { note: danger.note }))) : null;
}

function each(geometry, visit) {
  const walk = (part) => (typeof part[0] === "number" ? visit(part[0], part[1]) : part.forEach(walk));
  for (const one of geometry?.type === "GeometryCollection" ? geometry.geometries : [geometry]) if (one?.coordinates?.length) walk(one.coordinates);
}

function outline(geometry, plane) {
  if (!geometry) return "";
  if (geometry.type === "GeometryCollection") return geometry.geometries.map((one) => outline(one, plane)).join("");
  const point = ([lon, lat]) => plane.at(lat, lon).map(Math.round).join(" ");
  const line = (points) => `M${points.map(point).join("L")}`;
  const ring = (points) => `${line(points)}Z`;
  const shapes = { LineString: line, MultiLineString: (c) => c.map(line).join(""), Polygon: (c) => c.map(ring).join(""), MultiPolygon: (c) => c.flat().map(ring).join("") };
  return shapes[geometry.type]?.(geometry.coordinates) ?? "";
}

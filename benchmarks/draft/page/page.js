// The sheet of one clip: look at any moment, correct what is said about it, save.

import { draw, s } from "./drawing.js";
import { choose, say, spoken, switchLanguage } from "./words.js";

const el = (id) => document.getElementById(id);
const JUMP_S = 5;
let state = null; // as the server gave it; state.truth is what the person changes
let now = 0; // index into state.times_s
let playing = null;
let unsaved = false;

// ---- talking to the program ----

async function ask(path, method, body) {
  const init = body ? { method, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) } : { method };
  let answer;
  try {
    answer = await fetch(path, init);
  } catch {
    throw [say("away")];
  }
  const document = await answer.json();
  if (!answer.ok) throw document.mistakes;
  return document;
}

function tell(text, tone = "") {
  el("message").textContent = text;
  el("message").className = tone;
}

async function save() {
  try {
    const answer = await ask("truth", "PUT", state.truth);
    unsaved = false;
    tell(`${say("saved")} ${answer.saved}`, "good");
  } catch (mistakes) {
    tell([say("wrong"), ...mistakes].join("\n"), "bad");
  }
}

async function judge() {
  tell(say("judging"));
  try {
    const { events, counts } = await ask("judge", "POST", state.truth.camera);
    Object.assign(state.truth, { events, counts });
    change();
    tell(say("judged"), "good");
  } catch (mistakes) {
    tell(mistakes.join("\n"), "bad");
  }
}

// ---- making elements ----

function h(tag, props, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props ?? {})) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== null && value !== false && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

const button = (text, act, props = {}) => h("button", { type: "button", onclick: act, ...props }, text);
const field = (text, control) => h("label", {}, text, control);

/** A control that writes what is put in into `object[key]`; empty means that nothing is said. */
function input(object, key, props = {}) {
  const control = h("input", { ...props, value: object[key] ?? "" });
  control.addEventListener("change", () => {
    const value = control.value.trim();
    if (value === "") delete object[key];
    else object[key] = props.type === "number" ? Number(value) : value;
    change();
  });
  return control;
}

function select(object, key, choices, onPicked = change) {
  const options = choices.map(([value, text]) => h("option", { value, selected: (object[key] ?? "") === value ? "" : null }, text));
  const control = h("select", {}, ...options);
  control.addEventListener("change", () => {
    if (control.value === "") delete object[key];
    else object[key] = control.value;
    onPicked();
  });
  return control;
}

// ---- the moment ----

const timeNow = () => state.times_s[now] ?? 0;

function show(index) {
  now = Math.min(state.times_s.length - 1, Math.max(0, index));
  el("picture").src = `picture?at=${timeNow()}`;
  el("time").value = now;
  el("clock").textContent = `${timeNow().toFixed(1)} s`;
  showTimeline();
  for (const row of document.querySelectorAll("[data-from]")) {
    row.classList.toggle("now", timeNow() >= row.dataset.from && timeNow() <= row.dataset.to);
  }
}

const showTime = (seconds) => show(state.times_s.findLastIndex((time) => time <= seconds + 1e-6));

function skip(seconds) {
  showTime(Math.max(state.times_s[0] ?? 0, timeNow() + seconds));
}

function play() {
  if (playing) {
    clearInterval(playing);
    playing = null;
    return;
  }
  const every = 1000 * ((state.times_s[1] ?? 0.2) - (state.times_s[0] ?? 0));
  playing = setInterval(() => (now + 1 < state.times_s.length ? show(now + 1) : play()), Math.max(40, every));
}

function showTimeline() {
  const length = state.duration_s || 1;
  const bars = (state.truth.events ?? []).map((event, i) => {
    const end = event.end_s ?? Math.min(length, event.start_s + 1);
    return s("rect", { class: "span", x: event.start_s, width: Math.max(end - event.start_s, length / 300), y: (i % 4) * 10 + 3, height: 8 });
  });
  const gaps = (state.truth.ignore ?? []).map(([from, to]) => s("rect", { class: "void", x: from, width: Math.max(0, to - from), y: 0, height: 46 }));
  const cursor = s("line", { class: "cursor", x1: timeNow(), x2: timeNow(), y1: 0, y2: 46 });
  el("timeline").setAttribute("viewBox", `0 0 ${length} 46`);
  el("timeline").replaceChildren(...gaps, ...bars, cursor);
}

// ---- the sheets ----

function change() {
  unsaved = true;
  tell(say("unsaved"));
  showAll();
}

function showAll() {
  const { truth } = state;
  const camera = truth.camera;
  document.documentElement.lang = spoken();
  document.title = `${say("title")}: ${state.clip}`;
  el("title").textContent = `${say("title")}: ${state.clip}`;
  el("file").textContent = state.file;
  for (const id of ["language", "save", "keys"]) el(id).textContent = say(id);
  for (const id of ["play", "back", "forward", "time"]) el(id).setAttribute("aria-label", say(id));
  el("picture").alt = say("picture");
  showDrawing();
  sheet("events", (truth.events ?? []).map(eventRow), [button(say("add"), addEvent)]);
  sheet("counts", (truth.counts ?? []).map(countRow), [button(say("add"), addCount)]);
  sheet("ignore", (truth.ignore ?? []).map(ignoreRow), [button(say("add"), () => put("ignore", [timeNow(), timeNow() + 1]))]);
  sheet("places", placeRows(camera), [button(say("addZone"), addZone), button(say("addLine"), addLine)]);
  sheet("rules", (camera.rules ?? []).map(ruleRow), [button(say("add"), addRule), button(say("judge"), judge)]);
  sheet("about", aboutRows(truth), []);
  show(now);
}

function sheet(id, rows, below) {
  el(id).replaceChildren(h("h2", {}, say(id)), ...rows, h("div", { class: "row" }, ...below));
}

function put(part, what) {
  state.truth[part] = [...(state.truth[part] ?? []), what];
  change();
}

function drop(list, item) {
  list.splice(list.indexOf(item), 1);
  change();
}

const names = (part) => [["", say("none")], ...Object.keys(state.truth.camera[part] ?? {}).map((name) => [name, name])];
const kinds = () => Object.entries(state.kinds).map(([kind, words]) => [kind, `${choose(words)} (${kind})`]);
const sides = () => [["", say("none")], ["left", say("left")], ["right", say("right")]];

function eventRow(event) {
  const take = (key) => () => { event[key] = Math.round(timeNow() * 10) / 10; change(); };
  const here = (key) => button("⏱", take(key), { title: say("here"), "aria-label": `${say("here")}: ${say(key === "end_s" ? "end" : "start")}` });
  const number = { type: "number", min: 0, step: 0.1 };
  return h("div", { class: "row", "data-from": event.start_s, "data-to": event.end_s ?? event.start_s + 1 },
    field(say("kind"), select(event, "kind", kinds())),
    field(say("start"), input(event, "start_s", number)), here("start_s"),
    field(say("end"), input(event, "end_s", number)), here("end_s"),
    field(say("zone"), select(event, "zone", names("zones"))),
    field(say("line"), select(event, "line", names("lines"))),
    event.line ? field(say("direction"), select(event, "direction", sides())) : null,
    button(say("go"), () => showTime(event.start_s)),
    button(say("remove"), () => drop(state.truth.events, event)));
}

function addEvent() {
  put("events", { kind: "intrusion", start_s: Math.round(timeNow() * 10) / 10 });
  state.truth.events.sort((a, b) => a.start_s - b.start_s);
  showAll();
}

function countRow(count) {
  return h("div", { class: "row" },
    field(say("line"), select(count, "line", names("lines").slice(1))),
    field(say("direction"), select(count, "direction", sides().slice(1))),
    field(say("label"), input(count, "label", { size: 9 })),
    field(say("count"), input(count, "count", { type: "number", min: 0, step: 1 })),
    field(say("tolerance"), input(count, "tolerance", { type: "number", min: 0, step: 1 })),
    button(say("remove"), () => drop(state.truth.counts, count)));
}

function addCount() {
  const line = Object.keys(state.truth.camera.lines ?? {})[0];
  if (line) put("counts", { line, direction: "right", label: "any", count: 0 });
}

function ignoreRow(span) {
  const number = { type: "number", min: 0, step: 0.1 };
  return h("div", { class: "row" },
    field(say("start"), input(span, 0, number)), field(say("end"), input(span, 1, number)),
    button(say("remove"), () => drop(state.truth.ignore, span)));
}

function placeRows(camera) {
  const zones = Object.entries(camera.zones ?? {}).map(([name, points]) =>
    h("div", { class: "row" }, field(say("zone"), nameOf(camera, "zones", name)),
      button(say("addPoint"), () => { addCorner(points); change(); }),
      button(say("remove"), () => { delete camera.zones[name]; change(); })));
  const lines = Object.entries(camera.lines ?? {}).map(([name]) =>
    h("div", { class: "row" }, field(say("line"), nameOf(camera, "lines", name)),
      button(say("remove"), () => { delete camera.lines[name]; change(); })));
  return [...zones, ...lines];
}

/** A name that, when changed, changes wherever it is used. */
function nameOf(camera, part, name) {
  const control = h("input", { value: name, size: 12, pattern: "[a-z0-9][a-z0-9_\\-]*" });
  control.addEventListener("change", () => {
    const wanted = control.value.trim();
    if (wanted && !(wanted in camera[part]) && control.checkValidity()) {
      camera[part] = Object.fromEntries(Object.entries(camera[part]).map(([n, v]) => [n === name ? wanted : n, v]));
      const key = part === "zones" ? "zone" : "line";
      for (const user of [...(camera.rules ?? []), ...(state.truth.events ?? []), ...(state.truth.counts ?? [])]) {
        if (user[key] === name) user[key] = wanted;
      }
    }
    change();
  });
  return control;
}

/** Put a corner into the middle of the longest side. */
function addCorner(points) {
  const sides = points.map((p, i) => { const q = points[(i + 1) % points.length]; return Math.hypot(q[0] - p[0], q[1] - p[1]); });
  const i = sides.indexOf(Math.max(...sides));
  const q = points[(i + 1) % points.length];
  points.splice(i + 1, 0, [(points[i][0] + q[0]) / 2, (points[i][1] + q[1]) / 2]);
}

const free = (part, stem) => { let n = 1; while (`${stem}-${n}` in (state.truth.camera[part] ?? {})) n += 1; return `${stem}-${n}`; };

function addZone() {
  const { camera } = state.truth;
  camera.zones = { ...camera.zones, [free("zones", "zone")]: [[0.3, 0.3], [0.7, 0.3], [0.7, 0.7], [0.3, 0.7]] };
  change();
}

function addLine() {
  const { camera } = state.truth;
  camera.lines = { ...camera.lines, [free("lines", "line")]: { from: [0.2, 0.5], to: [0.8, 0.5] } };
  change();
}

function ruleRow(rule) {
  const { kind, name, zone, line, ...others } = rule;
  const known = state.rules[kind] ?? {};
  const other = h("input", { class: "other", value: JSON.stringify(others), "aria-label": say("other") });
  other.addEventListener("change", () => {
    try {
      const wanted = JSON.parse(other.value || "{}");
      for (const key of Object.keys(others)) delete rule[key];
      Object.assign(rule, wanted);
      other.setCustomValidity("");
      change();
    } catch {
      other.setCustomValidity("JSON");
      other.reportValidity();
    }
  });
  const choices = Object.entries(state.rules).map(([k, r]) => [k, `${choose(r.says)} (${k})`]);
  return h("div", { class: "row" },
    field(say("kind"), select(rule, "kind", choices)), field(say("name"), input(rule, "name", { size: 12 })),
    known.zone ? field(say("zone"), select(rule, "zone", names("zones"))) : null,
    known.line ? field(say("line"), select(rule, "line", names("lines").slice(1))) : null,
    other, button(say("remove"), () => drop(state.truth.camera.rules, rule)));
}

function addRule() {
  const { camera } = state.truth;
  const taken = new Set((camera.rules ?? []).map((rule) => rule.name));
  let n = 1;
  while (taken.has(`rule-${n}`)) n += 1;
  camera.rules = [...(camera.rules ?? []), { kind: "intrusion", name: `rule-${n}` }];
  change();
}

function aboutRows(truth) {
  const notes = h("textarea", { "aria-label": say("notes") }, truth.notes ?? "");
  notes.addEventListener("change", () => { truth.notes = notes.value || undefined; change(); });
  return [h("div", { class: "row" }, field(say("by"), input(truth, "truth_by", { size: 30 }))), notes];
}

function showDrawing() {
  const { naturalWidth, naturalHeight } = el("picture");
  draw(el("drawing"), state.truth.camera, naturalWidth && naturalHeight ? naturalWidth / naturalHeight : 16 / 9, () => {
    unsaved = true;
    tell(say("unsaved"));
    showDrawing();
  });
}

// ---- keys and beginning ----

function onKey(event) {
  if (["INPUT", "SELECT", "TEXTAREA"].includes(event.target.tagName) && event.target.type !== "range") return;
  const act = {
    ArrowLeft: () => (event.shiftKey ? skip(-JUMP_S) : show(now - 1)),
    ArrowRight: () => (event.shiftKey ? skip(JUMP_S) : show(now + 1)),
    " ": () => play(),
  }[event.key];
  if (!act || (event.key === " " && event.target.tagName === "BUTTON")) return;
  event.preventDefault();
  act();
}

async function begin() {
  state = await ask("state", "GET");
  el("time").max = state.times_s.length - 1;
  el("time").addEventListener("input", () => show(Number(el("time").value)));
  el("timeline").addEventListener("click", (event) => {
    const box = el("timeline").getBoundingClientRect();
    showTime(((event.clientX - box.left) / box.width) * state.duration_s);
  });
  el("back").addEventListener("click", () => show(now - 1));
  el("forward").addEventListener("click", () => show(now + 1));
  el("play").addEventListener("click", play);
  el("save").addEventListener("click", save);
  el("language").addEventListener("click", () => { switchLanguage(); showAll(); });
  el("picture").addEventListener("load", showDrawing, { once: true });
  document.addEventListener("keydown", onKey);
  window.addEventListener("beforeunload", (event) => { if (unsaved) event.preventDefault(); });
  showAll();
}

begin().catch((mistakes) => tell([].concat(mistakes).join("\n"), "bad"));

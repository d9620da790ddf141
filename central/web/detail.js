// One incident: see it, decide, and see what others decided.

import { evidenceUrl } from "./api.js";
import { showPicture } from "./dialogs.js";
import { add, fill, h, say } from "./dom.js";
import { icon } from "./icons.js";
import { lengthOf, whereOf } from "./map.js";
import { clock, full, moment, number, span, t } from "./i18n.js";
import { activeChip, areaOf, cameraOf, kindOf, labelOf, severityMark, severityOf, stateChip, visionMark } from "./words.js";

const ALLOWED = {
  new: ["acknowledge", "assign", "resolve", "false_alarm", "close"],
  acknowledged: ["assign", "resolve", "false_alarm", "close"],
  in_progress: ["resolve", "assign", "false_alarm", "close"],
  resolved: ["close", "reopen", "false_alarm"],
  closed: ["reopen", "false_alarm"],
  false_alarm: ["reopen"],
};
export const KEYS = { acknowledge: "a", assign: "p", resolve: "r", close: "c", false_alarm: "f" };
export const BECOMES = { acknowledge: "acknowledged", assign: "in_progress", resolve: "resolved", close: "closed", false_alarm: "false_alarm", reopen: "acknowledged" };
export const mayDo = (incident, action) => action === "comment" || (ALLOWED[incident.state] ?? []).includes(action);

export class Detail {
  /** `on` has act(incident, action, more), back(); `now()` is the server's time; `may` says whether one may act. */
  constructor(on, now, may) {
    this.on = on;
    this.now = now;
    this.may = may;
    this.incident = null;
    this.shot = null; // which picture is in front
    this.element = h("section", { class: "detail", "aria-label": t("detail"), tabindex: "-1" });
    this.clear();
  }

  clear() {
    this.incident = null;
    fill(this.element, h("div", { class: "calm" }, icon("picture"), h("strong", {}, t("detail_none")), h("p", {}, t("detail_none_lead"))));
  }

  fail(text) {
    this.incident = null;
    fill(this.element, h("div", { class: "calm" }, icon("offline"), h("strong", {}, text), this.#back()));
  }

  /** Show an incident: a summary at once, and all of it when it has come. */
  show(incident) {
    const same = this.incident?.id === incident.id;
    const whole = same ? { ...this.incident, ...incident } : incident;
    if (!same) this.#frame();
    this.incident = whole;
    fill(this.parts.head, this.#head(whole));
    this.look();
    this.#evidence(whole, same);
    fill(this.parts.actions, this.#actions(whole));
    fill(this.parts.facts, h("h2", {}, t("detail")), this.#facts(whole));
    fill(this.parts.history, this.#history(whole));
    fill(this.parts.events, h("h2", {}, t("events")), this.#events(whole));
    if (!same) this.element.scrollTop = 0;
  }

  /** What is known of its camera has changed. */
  look() {
    if (this.incident) fill(this.parts.vision, visionMark(this.on.camera(this.incident) ?? {}));
  }

  tick() {
    if (this.incident && this.duration) say(this.duration, this.#lasts(this.incident));
  }

  #frame() {
    const part = (tag, props) => h(tag, props);
    this.shot = null;
    this.parts = {
      head: part("div", { class: "head" }), vision: part("div", { role: "status" }), picture: part("div", {}), clip: part("div", {}), strip: part("div", { class: "strip" }),
      actions: part("div", { class: "actions", role: "group" }), facts: part("div", { class: "panel" }),
      history: part("div", {}), events: part("div", { class: "panel" }),
    };
    const parts = this.parts;
    fill(this.element, h("article", { class: "sheet-in" }, this.#back(), parts.head, parts.vision, parts.actions, parts.picture, parts.strip, parts.clip,
      h("div", { class: "panels" }, h("div", { class: "panel" }, h("h2", {}, t("history")), parts.history, this.may ? this.#remark() : null), parts.facts, parts.events)));
  }

  #back() {
    return h("button", { class: "button quiet back", type: "button", onclick: () => this.on.back() }, icon("back"), t("detail_back"));
  }

  #head(incident) {
    return [
      h("div", { class: "line1" }, severityMark(incident.severity), h("h1", {}, kindOf(incident)), h("span", { class: "serial num" }, `#${incident.number}`),
        stateChip(incident.state), incident.condition === "active" ? activeChip(incident.severity) : h("span", { class: "chip" }, t("cleared"))),
      h("div", { class: "where" }, h("span", {}, icon("camera"), cameraOf(incident)), h("span", {}, icon("place"), areaOf(incident)),
        h("span", { class: "num" }, full(incident.started_at))),
    ];
  }

  #evidence(incident, same) {
    const shots = (incident.evidence ?? []).filter((one) => one.role === "snapshot");
    const first = incident.picture ? { sha256: incident.picture, stored: incident.evidence_stored?.includes("picture") } : null;
    const chosen = shots.find((one) => one.sha256 === this.shot) ?? shots.find((one) => one.sha256 === incident.picture) ?? shots[0] ?? first;
    const key = chosen ? `${chosen.sha256} ${chosen.stored}` : "none";
    if (!same || this.parts.picture.dataset.key !== key) {
      this.parts.picture.dataset.key = key;
      fill(this.parts.picture, this.#picture(incident, chosen));
    }
    const stored = shots.filter((one) => one.stored);
    fill(this.parts.strip, stored.length > 1 ? stored.map((one) => h("button", { type: "button", "aria-pressed": String(one.sha256 === chosen?.sha256), "aria-label": `${t("evidence")} ${clock(one.at)}`, onclick: () => { this.shot = one.sha256; this.show(this.incident); } },
      h("img", { src: evidenceUrl(one.sha256), alt: "", loading: "lazy" }))) : []);
    const clip = (incident.evidence ?? []).find((one) => one.role === "clip" && one.stored);
    if (this.parts.clip.dataset.key !== (clip?.sha256 ?? "")) {
      this.parts.clip.dataset.key = clip?.sha256 ?? "";
      fill(this.parts.clip, clip ? h("video", { class: "film", controls: true, preload: "metadata", src: evidenceUrl(clip.sha256), "aria-label": t("clip") }) : []);
    }
  }

  #picture(incident, shot) {
    if (!shot || !shot.stored) {
      return h("div", { class: "shot none" }, h("div", { class: "note" }, icon(shot ? "picture" : incident.category), t(shot ? "picture_coming" : "no_picture")));
    }
    const alt = t("picture_of", { kind: kindOf(incident), camera: cameraOf(incident) });
    const url = evidenceUrl(shot.sha256);
    return h("button", { class: "shot", type: "button", "aria-label": t("picture_zoom"), onclick: () => showPicture(url, alt) },
      h("img", { src: url, alt }), h("span", { class: "lens" }, icon("zoom")));
  }

  #actions(incident) {
    if (!this.may) return h("span", { class: "chip" }, t("view_only"));
    return (ALLOWED[incident.state] ?? []).map((action, place) =>
      h("button", { class: `button${place === 0 ? " primary" : ""}`, type: "button", data: { do: action }, onclick: () => this.on.act(this.incident, action) },
        icon(action), t(`do_${action}`), KEYS[action] ? h("kbd", { "aria-hidden": "true" }, KEYS[action]) : null));
  }

  #facts(incident) {
    const event = (incident.events ?? []).at(-1)?.event?.data;
    this.duration = h("span", { class: "num" }, this.#lasts(incident));
    const rows = [
      ["started", full(incident.started_at)],
      ["ended", incident.ended_at ? full(incident.ended_at) : null],
      ["duration", this.duration],
      ["delay", span2(new Date(incident.opened_at) - new Date(incident.started_at))],
      ["assignee", incident.assignee],
      ["camera_field", [incident.camera_name, incident.camera].filter((x, i, all) => x && all.indexOf(x) === i).join(" · ")],
      ["node_field", `${incident.site} / ${incident.node}`],
      ["place", areaOf(incident)],
      ["danger_fact", danger(incident.fire_danger)],
      ["fix", incident.fix ? place(incident) : null],
      ["sights", sights(incident, this.may && ((camera) => this.on.part(incident, camera)))],
      ["position", incident.fix ? null : position(incident.position)],
      ["zone", incident.zone ?? incident.line],
      ["objects", objects(event?.objects, incident.labels)],
      ["confidence", `${number(incident.confidence * 100)} %`],
      ["model", event?.model ? `${event.model.name} ${event.model.version}` : null],
      ["episodes", incident.episodes > 1 ? number(incident.episodes) : null],
      ["event_count", number(incident.event_count)],
    ];
    return h("dl", { class: "facts" }, rows.filter(([, value]) => value).flatMap(([name, value]) => [h("dt", {}, t(name)), h("dd", {}, value)]));
  }

  #lasts(incident) {
    const until = incident.ended_at ? new Date(incident.ended_at).getTime() : this.now();
    return span2(until - new Date(incident.started_at).getTime());
  }

  #history(incident) {
    const steps = (incident.history ?? []).toReversed().map((note) => h("li", { class: note.who === "system" ? "system" : "" }, sentence(note),
      h("div", { class: "at num" }, moment(note.at)), note.reason ? h("q", {}, note.reason) : null, note.comment ? h("q", {}, note.comment) : null));
    const opened = h("li", { class: "system" }, t("history_opened"), h("div", { class: "at num" }, moment(incident.opened_at)));
    return h("ol", { class: "steps" }, steps, opened);
  }

  #events(incident) {
    return h("ol", { class: "signals" }, (incident.events ?? []).map(({ event }) => h("li", {},
      h("span", { class: "phase" }, t(`phase_${event.data.phase}`)),
      h("span", { class: "muted" }, [severityOf(event.data.severity), `${number(event.data.confidence * 100)} %`].join(" · ")),
      h("time", { class: "num", datetime: event.time }, moment(event.time)))));
  }

  #remark() {
    const text = h("input", { class: "field", maxlength: 2000, placeholder: t("comment_placeholder"), "aria-label": t("do_comment") });
    const send = async (event) => {
      event.preventDefault();
      if (!text.value.trim()) return;
      if (await this.on.act(this.incident, "comment", { comment: text.value.trim() })) text.value = "";
    };
    return h("form", { class: "remark", onsubmit: send }, text, h("button", { class: "button", type: "submit" }, t("comment_send")));
  }
}

const span2 = (ms) => (ms < 1000 ? `${number(Math.max(0, ms))} ms` : span(ms));

function sentence(note) {
  if (note.who === "system") {
    const to = note.action === "escalated" ? severityOf(note.to) : note.to;
    return t(`did_${note.action}`, { to, camera: note.camera });
  }
  const what = note.action === "assign" && note.assignee && note.assignee !== note.who ? t("did_assign_to", { name: note.assignee }) : t(`did_${note.action}`, { camera: note.camera });
  return add(h("span", {}), [h("strong", {}, note.who), " ", what]);
}

function position(place) {
  if (!place) return null;
  const text = `${number(place.lat, 5)}, ${number(place.lon, 5)}`;
  return place.bearing_deg === null || place.bearing_deg === undefined ? text : `${text} · ${t("bearing", { n: number(place.bearing_deg) })}`;
}

function place(incident) {
  const { by, cameras, major_m: major, minor_m: minor } = incident.fix;
  return h("span", {}, h("span", { class: "num" }, whereOf(incident)), h("br"), t(`fix_${by}`, { n: cameras.length }), h("br"),
    h("span", { class: "num" }, t("fix_area", { major: lengthOf(2 * major), minor: lengthOf(2 * minor) })), h("br"), h("a", { href: `#/map/${incident.id}` }, t("map_show")));
}

function sights(incident, part) {
  if (incident.detail?.bearing_void) return t("bearing_void");
  const seen = incident.sights ?? [];
  const alone = (sight) => (incident.fix && !sight.agrees ? ` (${t("sight_alone")})` : "");
  const line = (sight) => h("div", { class: "num" }, t("sight", { camera: sight.camera.split("/").at(-1), n: number(sight.azimuth_deg, 1), error: number(sight.error_deg, 1) }), alone(sight));
  const own = [incident.site, incident.node, incident.camera].join("/");
  const others = part ? [...new Set(seen.map((sight) => sight.camera))].filter((camera) => camera !== own) : [];
  const parts = others.map((camera) => h("button", { class: "button quiet part", type: "button", onclick: () => part(camera) }, t("part", { camera: camera.split("/").at(-1) })));
  const link = incident.fix ? null : h("a", { href: `#/map/${incident.id}` }, t("map_show"));
  return seen.length ? h("span", {}, seen.map(line), parts, link) : null;
}

const danger = (level) => level && h("span", { class: `level danger-${level.level}` }, t("danger_short", { level: level.level, at: level.date.split("-").reverse().join("/") }));

function objects(seen, labels) {
  const names = seen?.length ? seen.map((one) => one.label) : labels ?? [];
  const counts = new Map();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].map(([name, n]) => (seen?.length ? `${n} ${labelOf(name)}` : labelOf(name))).join(", ") || null;
}

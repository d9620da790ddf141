// Cameras and edge nodes: what is wrong first.

import * as api from "./api.js";
import { fill, h } from "./dom.js";
import { icon } from "./icons.js";
import { known, moment, number, span, t } from "./i18n.js";
import { nuisancePanel } from "./nuisance.js";
import { areaOf, cannotSee, visionMark } from "./words.js";

const BAD_FIRST = ["offline", "refused", "unknown", "starting", "online"];

export class Devices {
  constructor(now, may = false) {
    this.now = now;
    this.may = may;
    this.areas = []; // what verdicts have taught
    this.nodes = new Map(); // "site/node" → node with cameras
    this.asked = 0; // answers to earlier questions must not undo what a later one brought
    this.loading = new Set(); // for each answer that is on its way: what was told meanwhile, and is newer than it
    this.element = h("section", { class: "devices", id: "main", tabindex: "-1", "aria-label": t("devices_title") });
  }

  async load() {
    const told = new Map();
    const question = ++this.asked;
    this.loading.add(told);
    try {
      const [{ nodes }, { cameras }, { areas }] = await Promise.all([api.nodes(), api.cameras(), api.nuisance()]);
      if (question === this.asked) this.areas = areas;
      const known = nodes.map((node) => [`${node.site}/${node.node}`, { ...node, cameras: cameras.filter((c) => c.site === node.site && c.node === node.node) }]);
      this.nodes = new Map([...known, ...told]);
    } finally {
      this.loading.delete(told);
    }
    this.render();
  }

  put(node) {
    const before = new Map((this.nodes.get(`${node.site}/${node.node}`)?.cameras ?? []).map((c) => [c.camera, c.alarms_24h]));
    for (const camera of node.cameras) camera.alarms_24h ??= before.get(camera.camera);
    this.nodes.set(`${node.site}/${node.node}`, node);
    for (const told of this.loading) told.set(`${node.site}/${node.node}`, node);
    this.render();
  }

  /** The camera that an incident comes from, as its health last told. */
  camera({ site, node, camera }) {
    return this.nodes.get(`${site}/${node}`)?.cameras.find((one) => one.camera === camera) ?? null;
  }

  render() {
    const top = this.element.scrollTop;
    const held = this.element.contains(document.activeElement) ? document.activeElement.dataset.area : null; // news must not take the keyboard's place
    const nodes = [...this.nodes.values()].sort((a, b) => rank(a.state) - rank(b.state) || a.node.localeCompare(b.node));
    const cameras = nodes.flatMap((node) => node.cameras);
    const blind = cameras.filter(cannotSee).length;
    fill(this.element, h("div", { class: "inner" },
      h("header", {}, h("h1", {}, t("devices_title")), nodes.length ? h("span", { class: "muted num" }, t("devices_sum", { ok: cameras.filter((c) => c.state === "online").length, all: cameras.length })) : null,
        blind ? h("span", { class: "vision is-unseen" }, icon("unseen"), t("unseen_sum", { n: blind })) : null),
      nodes.length ? nodes.map((node) => this.#node(node)) : h("div", { class: "calm" }, icon("node"), h("strong", {}, t("devices_empty")), h("p", {}, t("devices_empty_lead"))),
      nuisancePanel(this.areas, this.may, () => this.load())));
    if (held) this.element.querySelector(`[data-area="${CSS.escape(held)}"]`)?.focus({ preventScroll: true });
    this.element.scrollTop = top;
  }

  #node(node) {
    const health = node.health ?? {};
    const waiting = health.outbox?.depth ?? 0;
    const figure = (name, value, warn = false, title = null) => h("div", { class: warn ? "warn" : "", title }, h("dt", {}, t(name)), h("dd", { class: "num" }, value));
    const cameras = [...node.cameras].sort((a, b) => rank(a.state) - rank(b.state) || a.name.localeCompare(b.name, "vi"));
    return h("article", { class: "box" },
      h("div", { class: "head" },
        h("div", {}, h("h2", {}, icon("node"), `${node.site} / ${node.node}`), h("span", { class: "muted" }, `${t("version")} ${node.version ?? "–"}`)),
        state(node.state, t("since", { at: moment(node.since) })),
        h("dl", { class: "figures" },
          figure("last_heard", this.#ago(node.heard_at)),
          figure("cpu", health.cores ? t("cpu_of", { n: number(health.cpu, 1), all: health.cores }) : number(health.cpu, 1)),
          figure("memory", health.memory_mb ? `${number(health.memory_mb)} MB` : "–"),
          figure("disk", health.disk_free_mb ? `${number(health.disk_free_mb / 1024, 1)} GB` : "–", health.disk_free_mb < 1024),
          figure("outbox", number(waiting), waiting > 100),
          figure("missing", number(node.missing_events), node.missing_events > 0, t("missing_help")))),
      h("div", { class: "cameras" }, cameras.map((camera) => this.#camera(camera))));
  }

  #camera(camera) {
    const health = camera.health ?? {};
    const fact = (name, value) => h("div", {}, h("dt", {}, t(name)), h("dd", { class: "num", title: String(value) }, value));
    const fps = (value) => (value === undefined ? "–" : t("fps", { n: number(value, 1) }));
    return h("div", { class: "camera" },
      h("div", { class: "name" }, h("h3", { title: camera.name }, camera.name), state(camera.state)),
      h("div", { class: "sub" }, `${camera.camera} · ${areaOf(camera)}`),
      visionMark(camera),
      h("dl", {},
        fact("fps_in", fps(health.fps_in)), fact("fps_analysed", fps(health.fps_analysed)),
        fact("latency", health.latency_ms ? `${number(health.latency_ms.p95)} ms` : "–"),
        fact("mode", health.mode ? known(`mode_${health.mode}`, health.mode) : "–"),
        fact("resolution", health.width_px ? `${health.width_px}×${health.height_px}` : "–"),
        fact("reconnects", number(health.session ?? 0)),
        fact("alarms_24h", camera.alarms_24h === undefined ? "–" : number(camera.alarms_24h)),
        fact("quietened", number(health.quietened ?? 0)),
        fact("held", number(health.held ?? 0))),
      health.muted ? h("div", { class: "error" }, t("muted_by", { kind: known(`kind_camera_${health.muted}`, health.muted) })) : null,
      health.error ? h("div", { class: "error" }, health.error) : null);
  }

  #ago(at) {
    const ms = this.now() - new Date(at).getTime();
    return ms < 5000 ? t("just_now") : t("ago", { span: span(ms) });
  }
}

const rank = (name) => { const place = BAD_FIRST.indexOf(name); return place < 0 ? 2 : place; };

const state = (name, title = null) => h("span", { class: `state ${name}`, title }, h("span", { class: "dot" }), known(`state_${name}`, name));

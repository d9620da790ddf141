// The console: puts the parts together, and keeps them in step with central.

import * as api from "./api.js";
import { Book } from "./book.js";
import { BECOMES, Detail, KEYS, mayDo } from "./detail.js";
import { Devices } from "./devices.js";
import { askAssignee, askReason, isOpen, showKeys } from "./dialogs.js";
import { fill, h, say } from "./dom.js";
import * as i18n from "./i18n.js";
import { icon } from "./icons.js";
import { Live } from "./live.js";
import { showLogin } from "./login.js";
import { ProvinceMap } from "./map.js";
import * as prefs from "./prefs.js";
import { Queue } from "./queue.js";
import * as sound from "./sound.js";
import { announce, toast } from "./toast.js";
import { cameraOf, kindOf, severityOf } from "./words.js";

const { t } = i18n;
const root = document.getElementById("root");

const DRAW_EVERY_MS = 40; // a flood is drawn in gulps; what comes alone is drawn at once

class Console {
  constructor() {
    this.who = null;
    this.book = new Book();
    this.connected = true;
    this.drawnAt = 0;
    this.fresh = new Set(); // arrived since the queue was last drawn
    this.live = new Live({
      incident: (incident) => this.#heard(incident),
      node: (node) => this.#heardNode(node),
      reload: () => this.load(),
      state: (state) => this.#line(state),
      lostSession: () => this.#sessionEnded(),
    });
    addEventListener("hashchange", () => this.who && this.#route());
    addEventListener("keydown", (event) => this.who && this.#key(event));
    setInterval(() => this.#tick(), 1000);
  }

  async start() {
    await i18n.load(prefs.get("language", "vi"));
    say(document.querySelector(".skip"), t("skip_to_content"));
    try {
      this.who = await api.whoAmI();
    } catch {
      return setTimeout(() => this.start(), 2000);
    }
    return this.who ? this.open() : this.login();
  }

  login(note = "") {
    this.live.stop();
    this.who = null;
    showLogin(root, { note, onIn: (who) => { this.who = who; this.open(); }, onLanguage: () => this.#language(() => this.login(note)) });
  }

  async open() {
    this.#furnish();
    await this.load();
  }

  async load() {
    try {
      await this.book.loadOpen();
      await this.book.look();
      this.queue.render();
      this.#route();
      this.#count();
      await this.devices.load();
      this.detail.look();
      this.live.start(this.book.cursor);
    } catch (problem) {
      if (problem.status === 401) return this.login(t("login_ended"));
      if (!(problem instanceof api.Problem)) throw problem;
      this.queue.fail();
      this.#line("lost");
      setTimeout(() => this.load(), 3000);
    }
    return undefined;
  }

  #heardNode(node) {
    this.devices?.put(node);
    this.map?.put(node);
    this.detail?.look();
  }

  #furnish() {
    const now = () => this.live.now();
    const may = this.who.role !== "viewer" && this.who.role !== "reader";
    this.queue = new Queue(this.book, { select: (id) => this.#go(id), filter: (changes, whole) => this.#filter(changes, whole), more: () => this.#look({ more: true }), retry: () => this.load() }, now);
    this.detail = new Detail({ act: (incident, action, more) => this.act(incident, action, more), part: (incident, camera) => this.part(incident, camera), back: () => this.#back(), camera: (incident) => this.devices.camera(incident) }, now, may);
    this.devices = new Devices(now, may);
    this.map = new ProvinceMap(this.book, { open: (id) => this.#go(id) });
    this.desk = h("div", { class: "desk" }, this.queue.element, this.detail.element);
    this.page = h("main", { class: "page", id: "main" });
    this.banner = h("div", { class: "banner", role: "alert", hidden: true });
    fill(root, h("div", { class: "shell" }, this.#bar(), this.banner, this.page));
    root.removeAttribute("aria-busy");
    document.title = `${t("tab_incidents")} · ${t("app_name")}`;
  }

  #bar() {
    this.time = h("strong", { class: "num" });
    this.date = h("span", {});
    this.state = h("span", { class: "line-state", role: "status" });
    this.openCount = h("span", { class: "count num" });
    this.tabs = { incidents: h("a", { href: "#/incidents" }, t("tab_incidents"), this.openCount), map: h("a", { href: "#/map" }, t("tab_map")), devices: h("a", { href: "#/devices" }, t("tab_devices")) };
    const tool = (name, label, onclick) => h("button", { class: "button quiet square", type: "button", "aria-label": label, title: label, onclick }, icon(name));
    const dark = document.documentElement.dataset.theme === "dark";
    this.chime = tool(sound.isOn() ? "sound" : "mute", t(sound.isOn() ? "sound_off" : "sound_on"), () => this.#chime());
    return h("header", { class: "bar" },
      h("span", { class: "brand" }, h("img", { src: "/web/icon.svg", alt: "" }), h("b", {}, t("app_name"))),
      h("nav", { class: "tabs" }, Object.values(this.tabs)),
      h("span", { class: "space" }), this.state,
      h("div", { class: "tools" }, this.chime,
        tool(dark ? "sun" : "moon", t(dark ? "theme_light" : "theme_dark"), () => this.#theme()),
        tool("help", t("help"), showKeys),
        h("button", { class: "button quiet", type: "button", "aria-label": t("language_switch"), title: t("language_switch"), onclick: () => this.#language(() => this.#again()) }, i18n.current() === "vi" ? "EN" : "VI")),
      h("div", { class: "now" }, this.time, this.date),
      h("span", { class: "who", title: this.who.name }, icon("assign"), h("span", {}, this.who.name)),
      tool("exit", t("logout"), () => this.#leave()));
  }

  // What central tells

  #heard(incident) {
    const { known, news } = this.book.put(incident);
    if (news === null) return;
    const isNew = (news === "opened" || news === "reopened") && incident.state === "new";
    if (isNew) this.#call(incident, news);
    if (isNew) this.fresh.add(incident.id);
    if (performance.now() - this.drawnAt > DRAW_EVERY_MS) this.#draw();
    else this.drawing ??= setTimeout(() => this.#draw(), DRAW_EVERY_MS);
    if (this.selected === incident.id) this.#refresh(incident, known);
  }

  #draw() {
    clearTimeout(this.drawing);
    this.drawing = null;
    this.drawnAt = performance.now();
    this.queue.render({ fresh: this.fresh });
    this.map.render();
    this.fresh = new Set();
    this.#count();
  }

  #call(incident, news) {
    const words = { severity: severityOf(incident.severity), kind: kindOf(incident), camera: cameraOf(incident) };
    announce(t(news === "reopened" ? "announce_reopened" : "announce_new", words), ["critical", "high"].includes(incident.severity));
    sound.call(incident.severity);
  }

  #refresh(incident) {
    if (incident.merged_into) return this.#go(incident.merged_into);
    this.detail.show(incident);
    clearTimeout(this.later);
    this.later = setTimeout(() => this.#fetch(incident.id), 150);
    return undefined;
  }

  #line(state) {
    const was = this.connected;
    this.connected = state === "live";
    this.banner.hidden = this.connected;
    fill(this.banner, this.connected ? [] : [icon("offline"), t("lost_banner")]);
    this.state.classList.toggle("lost", !this.connected);
    fill(this.state, h("span", { class: "dot" }), h("b", {}, t(this.connected ? "live" : "lost")));
    if (this.connected && !was) {
      toast(t("back_live"));
      this.devices.load().catch(() => {});
    }
  }

  async #sessionEnded() {
    try {
      const who = await api.whoAmI();
      if (who !== null) return false;
      this.login(t("login_ended"));
      return true;
    } catch {
      return false;
    }
  }

  // What the operator does

  async act(incident, action, more = {}) {
    if (!mayDo(incident, action)) return false;
    if (action === "false_alarm") more.reason = await askReason();
    if (action === "assign") more.assignee = await askAssignee();
    if (more.reason === null || more.assignee === null) return false;
    const before = this.book.all.get(incident.id) ?? incident;
    const wish = { do: action, version: before.version, ...more };
    if (wish.assignee === "") delete wish.assignee;
    this.#take({ ...before, state: BECOMES[action] ?? before.state }); // at once, and taken back if it was not so
    try {
      const after = await api.act(incident.id, wish);
      this.#take(after);
      if (action !== "comment") toast(t("done_toast", { n: after.number, what: t(`handling_${after.state}`) }));
      return true;
    } catch (problem) {
      if (!(problem instanceof api.Problem)) throw problem;
      if (this.book.all.get(incident.id)?.changed === before.changed) this.#take(before);
      await this.#refused(incident.id, problem);
      return false;
    }
  }

  async part(incident, camera) {
    const { version } = this.book.all.get(incident.id) ?? incident;
    try {
      this.#take(await api.part(incident.id, { camera, version }));
      toast(t("parted", { n: incident.number }));
    } catch (problem) {
      if (!(problem instanceof api.Problem)) throw problem;
      await this.#refused(incident.id, problem);
    }
  }

  async #refused(id, problem) {
    if (problem.status === 401) return this.login(t("login_ended"));
    if (problem.status === 409) {
      const { changed_by: who, changed_at: at, action } = problem.body;
      toast(who ? t("conflict", { who: who === "system" ? t("system") : who, at: i18n.clock(at), what: t(`did_${action}`) }) : t("conflict_plain"), "warn");
      return this.#fetch(id);
    }
    const text = problem.status === 0 ? t("action_offline") : problem.status === 403 ? t("action_forbidden") : t("action_failed", { why: problem.message });
    return toast(text, "error");
  }

  #take(incident) {
    this.book.put(incident);
    this.queue.render();
    this.#count();
    if (this.selected === incident.id) this.detail.show(incident);
  }

  async #fetch(id) {
    try {
      const whole = await api.incident(id);
      if (whole.merged_into) return this.#go(whole.merged_into);
      if (this.selected === id) this.#take(whole);
      else this.book.put(whole);
    } catch (problem) {
      if (problem.status === 401) return this.login(t("login_ended"));
      if (this.selected === id && !this.detail.incident) this.detail.fail(t(problem.status === 404 ? "detail_gone" : "detail_failed"));
    }
    return undefined;
  }

  #filter(changes, whole = false) {
    Object.assign(this.book.filter, changes);
    this.queue.render();
    if (whole) { // the controls have to follow
      this.#rebuildQueue();
    }
    clearTimeout(this.asking);
    this.asking = setTimeout(() => this.#look(), "text" in changes ? 250 : 0);
  }

  async #look(options) {
    try {
      await this.book.look(options);
      this.queue.render();
    } catch {
      this.queue.fail();
    }
  }

  #rebuildQueue() {
    const old = this.queue.element;
    this.queue = new Queue(this.book, this.queue.on, this.queue.now);
    this.queue.selected = this.selected;
    old.replaceWith(this.queue.element);
    this.queue.render();
  }

  // Where we are

  #go(id) {
    const hash = id ? `#/incidents/${id}` : "#/incidents";
    if (location.hash === hash) this.#route();
    else location.hash = hash;
  }

  #back() {
    const id = this.selected;
    this.#go(null);
    if (id) setTimeout(() => this.queue.focusCard(id));
  }

  #route() {
    const [, page = "incidents", id = null] = location.hash.split("/");
    for (const [name, tab] of Object.entries(this.tabs)) {
      if (name === (page in this.tabs ? page : "incidents")) tab.setAttribute("aria-current", "page");
      else tab.removeAttribute("aria-current");
    }
    fill(this.page, page === "devices" ? this.devices.element : page === "map" ? this.map.element : this.desk);
    if (page === "devices") return void this.#showDevices();
    if (page === "map") return this.#showMap(id);
    this.desk.classList.toggle("showing", id !== null);
    const changed = this.selected !== id;
    this.selected = id;
    this.queue.choose(id);
    if (id === null) return this.detail.clear();
    if (!changed && this.detail.incident) return undefined;
    const known = this.book.all.get(id);
    if (known) this.detail.show(known);
    if (matchMedia("(max-width: 920px)").matches) this.detail.element.focus({ preventScroll: true });
    return this.#fetch(id);
  }

  async #showDevices() {
    this.devices.render();
    try {
      await this.devices.load();
    } catch (problem) {
      if (problem.status === 401) return this.login(t("login_ended"));
      if (!(problem instanceof api.Problem)) throw problem;
    }
    return undefined;
  }

  async #showMap(id) {
    this.map.choose(id);
    try {
      if (id && !this.book.all.has(id)) this.book.put(await api.incident(id));
      await this.map.load();
    } catch (problem) {
      if (problem.status === 401) return this.login(t("login_ended"));
      if (!(problem instanceof api.Problem)) throw problem;
      toast(t("load_failed"), "error");
    }
    return undefined;
  }

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || isOpen()) return;
    if (event.key === "Escape") return void this.#escape();
    if (event.target.closest("input, textarea, select")) return;
    if (event.key === "?") return void (event.preventDefault(), showKeys());
    if (!this.tabs.incidents.hasAttribute("aria-current")) return;
    if (event.key === "/") return void (event.preventDefault(), this.queue.focusSearch());
    if (event.key === "j" || event.key === "k") return void this.#move(event.key === "j" ? 1 : -1);
    const action = Object.keys(KEYS).find((name) => KEYS[name] === event.key);
    const incident = this.book.all.get(this.queue.focused() ?? this.selected);
    if (action && incident && this.detail.may && mayDo(incident, action)) {
      event.preventDefault();
      this.act(incident, action);
    }
  }

  #escape() {
    if (document.activeElement.matches("input, textarea, select")) document.activeElement.blur();
    else if (this.selected) this.#back();
  }

  #move(step) {
    const id = this.queue.beside(step);
    if (id === null) return;
    this.queue.focusCard(id);
    if (this.selected && !matchMedia("(max-width: 920px)").matches) this.#go(id);
  }

  // Around

  #count() {
    const n = this.book.open.length;
    say(this.openCount, n ? String(n) : "");
    document.title = `${n ? `(${n}) ` : ""}${t("tab_incidents")} · ${t("app_name")}`;
  }

  #tick() {
    if (!this.who || !this.time) return;
    const now = new Date(this.live.now());
    say(this.time, i18n.clock(now));
    say(this.date, i18n.day(now));
    this.queue.tick();
    this.detail.tick();
  }

  async #language(then) {
    const other = i18n.current() === "vi" ? "en" : "vi";
    prefs.set("language", other);
    await i18n.load(other);
    then();
  }

  #theme() {
    const other = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
    document.documentElement.dataset.theme = other;
    prefs.set("theme", other);
    this.#again();
  }

  #chime() {
    sound.toggle();
    this.#again();
  }

  /** Build everything anew from what is known: another language or theme. */
  #again() {
    const { nodes, areas } = this.devices;
    const { incident } = this.detail;
    const { connected } = this;
    this.#furnish();
    this.devices.nodes = nodes;
    this.devices.areas = areas;
    this.queue.render();
    this.selected = null;
    this.#line(connected ? "live" : "lost");
    this.#route();
    if (incident && this.selected === incident.id) this.detail.show(incident);
    this.#count();
    this.#tick();
  }

  async #leave() {
    try { await api.logOut(); } catch { /* the session ends by itself */ }
    this.login();
  }
}

new Console().start();

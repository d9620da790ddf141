// What this screen knows of incidents: everything open, and what has been looked up besides.

import * as api from "./api.js";

export const OPEN = ["new", "acknowledged", "in_progress"];
export const STATES = [...OPEN, "resolved", "closed", "false_alarm"];
export const SEVERITIES = ["critical", "high", "medium", "low", "info"];
export const CATEGORIES = ["traffic", "security", "wildfire", "camera", "node"];
const MOST_FINISHED = 2000; // kept in memory; older ones are looked up again

export class Book {
  constructor() {
    this.all = new Map();
    this.filter = { state: "open", category: "", severity: "", text: "" };
    this.cursor = 0;
    this.next = null; // of the present question to the server
    this.loading = false;
  }

  /** Load everything that is open, and remember from where the live stream goes on. */
  async loadOpen() {
    const found = new Map();
    let after = null;
    let cursor = null;
    do {
      const page = await api.incidents({ state: "open" }, after, 500);
      for (const incident of page.incidents) found.set(incident.id, incident);
      cursor ??= page.cursor;
      after = page.next;
    } while (after !== null && found.size < 5000);
    this.all = found;
    this.cursor = cursor;
  }

  /** Load (more of) what the filter asks for beyond the open ones. */
  async look({ more = false } = {}) {
    const { state, category, text } = this.filter;
    if (state === "open") { this.next = null; return; } // all of them are here
    const question = { state: state === "all" ? "" : state, category, q: text };
    const page = await api.incidents(question, more ? this.next : null, 100);
    for (const incident of page.incidents) this.put(incident);
    this.next = page.next;
  }

  /** Take in an incident; return what is news about it. */
  put(incident) {
    const known = this.all.get(incident.id);
    if (known && known.changed > incident.changed) return { known, news: null };
    if (incident.merged_into) {
      this.all.delete(incident.id);
      return { known, news: "merged" };
    }
    this.all.set(incident.id, incident);
    this.#forget();
    if (!known) return { known, news: "opened" };
    return { known, news: known.state === "resolved" && incident.state === "new" ? "reopened" : "changed" };
  }

  get open() {
    return [...this.all.values()].filter((incident) => OPEN.includes(incident.state));
  }

  /** Return what the filter shows, newest first; `severity: false` leaves that filter out. */
  shown({ severity = true } = {}) {
    const wanted = this.filter;
    const text = fold(wanted.text);
    return [...this.all.values()]
      .filter((i) => wanted.state === "all" || (wanted.state === "open" ? OPEN.includes(i.state) : i.state === wanted.state))
      .filter((i) => !wanted.category || i.category === wanted.category)
      .filter((i) => !severity || !wanted.severity || i.severity === wanted.severity)
      .filter((i) => !text || fold(haystack(i)).includes(text))
      .sort((one, other) => other.number - one.number);
  }

  #forget() {
    if (this.all.size <= MOST_FINISHED) return;
    const finished = [...this.all.values()].filter((i) => !OPEN.includes(i.state)).sort((a, b) => a.number - b.number);
    for (const incident of finished.slice(0, this.all.size - MOST_FINISHED)) this.all.delete(incident.id);
  }
}

const haystack = (i) =>
  ["#" + i.number, i.camera, i.camera_name, i.area, i.area_name, i.zone, i.line, i.node, i.kind, i.assignee].join(" ");

/** "Ngã tư Đà Lạt" → "nga tu da lat": people search without diacritics. */
export const fold = (text) =>
  text.toLowerCase().normalize("NFD").replace(/[\u0300-\u036f]/g, "").replace(/đ/g, "d").trim();

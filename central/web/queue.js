// The queue: filters, cards, and an order that never jumps under the operator's hands.

import { evidenceUrl } from "./api.js";
import { CATEGORIES, SEVERITIES, STATES } from "./book.js";
import { fill, h, say } from "./dom.js";
import { icon } from "./icons.js";
import { moment, span, t } from "./i18n.js";
import { areaOf, cameraOf, kindOf, severityMark, severityOf, stateChip } from "./words.js";

const SCROLLED_PX = 60;
const DRAWN = 150; // cards at once; in a flood the rest is counted and drawn on request

const LATE_MS = 60_000;
const isLate = (incident) => new Date(incident.opened_at) - new Date(incident.started_at) > LATE_MS;

export class Queue {
  /** `on` has select(id), filter(changes), more(), retry(); `now()` is the server's time. */
  constructor(book, on, now) {
    this.book = book;
    this.on = on;
    this.now = now;
    this.cards = new Map(); // id → { element, age, changed }
    this.selected = null;
    this.unseen = 0;
    this.drawn = DRAWN;
    this.element = this.#build();
  }

  /** Bring the cards in line with the book. Elements stay, so scroll and focus stay. */
  render({ fresh = new Set() } = {}) {
    const shown = this.book.shown();
    const drawn = shown.slice(0, this.drawn);
    const wanted = new Set(drawn.map((incident) => incident.id));
    const stay = this.#anchor();
    this.#severities();
    for (const [id, card] of this.cards) {
      if (!wanted.has(id)) {
        this.#leave(card.element);
        this.cards.delete(id);
      }
    }
    let before = this.list.firstElementChild;
    for (const incident of drawn) {
      const element = this.#card(incident, fresh.has(incident.id));
      if (element === before) before = before.nextElementSibling;
      else this.list.insertBefore(element, before);
    }
    const arrived = [...fresh].filter((id) => this.cards.has(id)).length;
    if (arrived && this.scroller.scrollTop > SCROLLED_PX) this.#above(this.unseen + arrived);
    this.#around(shown);
    stay();
  }

  /** Tick: ages only. */
  tick() {
    for (const [id, card] of this.cards) say(card.age, this.#age(this.book.all.get(id)));
  }

  choose(id, { focus = false } = {}) {
    this.cards.get(this.selected)?.element.removeAttribute("aria-current");
    this.selected = id;
    const card = this.cards.get(id);
    card?.element.setAttribute("aria-current", "true");
    if (focus) card?.element.focus({ preventScroll: true });
    if (focus) card?.element.scrollIntoView({ block: "nearest" });
  }

  /** Return the id of the card `step` below (or above) the one that has the focus. */
  beside(step) {
    const cards = [...this.list.children];
    const at = cards.indexOf(document.activeElement.closest?.(".card") ?? this.cards.get(this.selected)?.element);
    const next = at < 0 ? 0 : Math.min(cards.length - 1, Math.max(0, at + step));
    return cards[next]?.dataset.incident ?? null;
  }

  focusCard(id) {
    const element = this.cards.get(id)?.element;
    element?.focus({ preventScroll: true });
    element?.scrollIntoView({ block: "nearest" });
  }

  focused() {
    return document.activeElement.closest?.(".card")?.dataset.incident ?? null;
  }

  focusSearch() {
    this.search.focus();
    this.search.select();
  }

  fail() {
    fill(this.foot, h("div", { class: "calm" }, icon("offline"), h("strong", {}, t("load_failed")),
      h("button", { class: "button", type: "button", onclick: () => this.on.retry() }, t("try_again"))));
  }

  #build() {
    const { filter } = this.book;
    this.search = h("input", { class: "field", type: "search", placeholder: t("search"), "aria-label": t("search_label"), value: filter.text, maxlength: 100, oninput: () => this.on.filter({ text: this.search.value }) });
    const select = (name, options) => h("select", { class: "field", "aria-label": t(`filter_${name}`), onchange: (event) => this.on.filter({ [name]: event.target.value }) },
      options.map(([value, text]) => h("option", { value, selected: value === filter[name] }, text)));
    this.bySeverity = new Map(SEVERITIES.map((severity) => [severity, this.#severity(severity)]));
    this.count = h("p", { class: "unseen", role: "status" });
    this.list = h("div", { class: "cards" });
    this.foot = h("div", {});
    this.pill = h("button", { class: "button primary above", type: "button", hidden: true, onclick: () => this.#toTop() });
    this.scroller = h("div", { class: "list", onscroll: () => this.scroller.scrollTop <= SCROLLED_PX && this.#above(0) }, this.list, this.foot);
    this.#bones();
    return h("section", { class: "queue", data: { queue: "" }, "aria-label": t("queue") },
      h("div", { class: "filters" },
        h("div", { class: "top" },
          h("div", { class: "search" }, icon("search"), this.search),
          select("state", [["open", t("filter_open")], ...STATES.map((s) => [s, t(`handling_${s}`)]), ["all", t("filter_all")]]),
          select("category", [["", t("filter_category") + ": " + t("filter_all")], ...CATEGORIES.map((c) => [c, t(`category_${c}`)])])),
        h("div", { class: "severities", role: "group", "aria-label": t("filter_severity") }, [...this.bySeverity.values()].map((s) => s.button)),
        this.count),
      h("div", { class: "list-wrap" }, this.pill, this.scroller));
  }

  #severity(severity) {
    const count = h("strong", { class: "num" }, "–");
    const press = () => this.on.filter({ severity: this.book.filter.severity === severity ? "" : severity });
    const button = h("button", { type: "button", class: `sev-${severity}`, "aria-pressed": "false", onclick: press }, icon(severity), count, h("span", {}, severityOf(severity)));
    return { button, count };
  }

  #severities() {
    const all = this.book.shown({ severity: false });
    for (const [severity, { button, count }] of this.bySeverity) {
      const n = all.filter((incident) => incident.severity === severity).length;
      say(count, String(n));
      button.classList.toggle("none", n === 0);
      button.setAttribute("aria-pressed", String(this.book.filter.severity === severity));
    }
  }

  #card(incident, fresh) {
    const known = this.cards.get(incident.id);
    if (known && known.incident === incident) return known.element;
    const age = h("span", { class: "age num" }, this.#age(incident));
    const inside = [h("span", { class: "thumb" }, this.#thumb(incident, known), incident.condition === "active" ? h("span", { class: "going" }, h("span", { class: "dot" }), t("active")) : null), h("span", { class: "told" },
      h("span", { class: "first" }, h("span", { class: "kind" }, kindOf(incident)), age),
      h("span", { class: "where" }, cameraOf(incident), eyes(incident)),
      h("span", { class: "area" }, icon("place"), h("span", {}, areaOf(incident))),
      h("span", { class: "marks" }, severityMark(incident.severity), stateChip(incident.state),
        isLate(incident) ? h("span", { class: "chip" }, t("late")) : null,
        incident.fire_danger ? h("span", { class: `level danger-${incident.fire_danger.level}`, title: t("danger") }, t("danger_level", { level: incident.fire_danger.level })) : null,
        h("span", { class: "serial num" }, `#${incident.number}`)))];
    const element = known?.element ?? h("button", { type: "button", data: { incident: incident.id }, onclick: () => this.on.select(incident.id) });
    element.dataset.lastAt = incident.last_at;
    element.className = `card sev-${incident.severity}${["closed", "false_alarm", "resolved"].includes(incident.state) ? " done" : ""}`;
    if (fresh) element.classList.add("fresh");
    if (incident.id === this.selected) element.setAttribute("aria-current", "true");
    fill(element, inside);
    this.cards.set(incident.id, { element, age, incident, picture: inside[0].firstChild });
    return element;
  }

  #thumb(incident, known) {
    const here = incident.picture && incident.evidence_stored.includes("picture");
    const sha = here ? incident.picture : "";
    if (known && known.picture.dataset.sha === sha) return known.picture;
    if (!here) return h("span", { data: { sha } }, icon(incident.category));
    return h("img", { src: evidenceUrl(sha), data: { sha }, alt: "", loading: "lazy", decoding: "async" });
  }

  #age(incident) {
    const ms = this.now() - new Date(incident.started_at).getTime();
    return ms < 5000 ? t("just_now") : ms < 86_400_000 ? span(ms) : moment(incident.started_at);
  }

  #around(shown) {
    const { filter, next } = this.book;
    say(this.count, t(filter.state === "open" ? "open_count" : "shown_count", { n: shown.length }));
    if (shown.length === 0) {
      const plain = filter.state === "open" && !filter.category && !filter.severity && !filter.text;
      fill(this.foot, h("div", { class: "calm" }, icon(plain ? "calm" : "search"), h("strong", {}, t(plain ? "empty_open" : "empty_filtered")),
        plain ? h("p", {}, t("empty_open_lead"))
          : h("button", { class: "button", type: "button", onclick: () => this.on.filter({ state: "open", category: "", severity: "", text: "" }, true) }, t("filter_clear"))));
    } else if (next !== null || shown.length > this.drawn) {
      fill(this.foot, h("div", { class: "more" }, h("button", { class: "button", type: "button", onclick: () => this.#more(shown.length) }, t("load_more"))));
    } else {
      fill(this.foot);
    }
  }

  #more(known) {
    this.drawn += DRAWN;
    if (known >= this.drawn) this.render();
    else this.on.more();
  }

  #bones() {
    const bone = () => h("div", { class: "card bones", "aria-hidden": "true" }, h("div", { class: "thumb bone" }),
      h("div", { class: "told" }, h("div", { class: "bone l" }), h("div", { class: "bone m" }), h("div", { class: "bone s" })));
    fill(this.foot, h("p", { class: "unseen" }, t("loading")), h("div", { class: "cards" }, Array.from({ length: 6 }, bone)));
  }

  /** Return what puts the card that the operator reads back to where it was, whatever comes above it. */
  #anchor() {
    if (this.scroller.scrollTop <= 0) return () => {};
    const top = this.scroller.getBoundingClientRect().top;
    const focused = document.activeElement.closest?.(".card");
    const held = this.list.contains(focused) ? focused : [...this.list.children].find((card) => card.getBoundingClientRect().bottom > top);
    const was = held?.getBoundingClientRect().top;
    return () => {
      if (held?.isConnected) this.scroller.scrollTop += held.getBoundingClientRect().top - was;
    };
  }

  #leave(element) {
    const next = element.nextElementSibling ?? element.previousElementSibling;
    const had = element.contains(document.activeElement);
    element.remove();
    if (had) next?.focus({ preventScroll: true });
  }

  #above(count) {
    this.unseen = count;
    this.pill.hidden = count === 0;
    if (count) fill(this.pill, icon("up"), t("new_above", { n: count }));
  }

  #toTop() {
    this.scroller.scrollTo({ top: 0, behavior: "smooth" });
    this.#above(0);
  }
}

/** " + 1 camera" where others see the same fire. */
function eyes(incident) {
  const others = new Set((incident.sights ?? []).map((sight) => sight.camera)).size - 1;
  return others > 0 ? ` ${t("more_cameras", { n: others })}` : "";
}

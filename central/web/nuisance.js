// Where cameras have been told "false alarm" again and again: what was learned, and how to take it back.

import * as api from "./api.js";
import { h, s } from "./dom.js";
import { icon } from "./icons.js";
import { moment, number, t } from "./i18n.js";
import { toast } from "./toast.js";
import { kindOf } from "./words.js";

const DAY = 1440;
const CATEGORIES = ["traffic", "security", "wildfire"];

/** Return the panel, or null while nothing has been learned. `changed()` is called after a removal. */
export function nuisancePanel(areas, may, changed) {
  if (!areas.length) return null;
  return h("article", { class: "box nuisance", "aria-label": t("nuisance_title") },
    h("div", { class: "head" }, h("div", {}, h("h2", {}, icon("mute"), t("nuisance_title")), h("span", { class: "muted" }, t("nuisance_lead")))),
    h("ul", { class: "areas" }, areas.map((area) => row(area, may, changed))));
}

function row(area, may, changed) {
  const what = `${name(area.kind)} · ${area.camera_name}`;
  const remove = async (event) => {
    event.target.disabled = true;
    try {
      await api.removeNuisance(area.id);
      toast(t("nuisance_removed", { what }));
    } catch (problem) {
      if (!(problem instanceof api.Problem)) throw problem;
      toast(t("action_failed", { why: problem.message }), "error");
    }
    await changed();
  };
  return h("li", {}, place(area.box),
    h("div", { class: "told" }, h("strong", {}, what),
      h("span", { class: "num" }, `${hours(area)} · ${t("nuisance_verdicts", { n: number(area.verdicts) })}`),
      h("span", { class: "muted num" }, t("nuisance_until", { at: moment(area.expires_at) }))),
    may ? h("button", { class: "button", type: "button", data: { area: area.id }, "aria-label": `${t("nuisance_remove")}: ${what}`, onclick: remove }, t("nuisance_remove")) : null);
}

/** Draw where in the picture the area lies. */
function place([x0, y0, x1, y1]) {
  return s("svg", { viewBox: "0 0 160 90", class: "place-in", "aria-hidden": "true" },
    s("rect", { class: "whole", x: 0.5, y: 0.5, width: 159, height: 89, rx: 4 }), s("rect", { class: "part", x: x0 * 160, y: y0 * 90, width: (x1 - x0) * 160, height: (y1 - y0) * 90 }));
}

function hours({ from_min: from, to_min: to }) {
  return from === to ? t("nuisance_all_day") : `${local(from)}–${local(to)}`;
}

/** Minute of the UTC day → HH:MM in Asia/Ho_Chi_Minh, which has had no summer time since 1975. */
function local(minute) {
  const shifted = (minute + 420) % DAY;
  return `${String(Math.floor(shifted / 60)).padStart(2, "0")}:${String(shifted % 60).padStart(2, "0")}`;
}

const name = (kind) => CATEGORIES.map((category) => kindOf({ category, kind })).find((word) => word !== kind) ?? kind;

// Short words in the corner, and what screen readers hear.

import { h } from "./dom.js";

const LASTS_MS = 6000;
const SPEAKS_EVERY_MS = 2000;
let spokenAt = 0;

export function toast(text, tone = "good") {
  const element = h("div", { class: `toast ${tone}` }, text);
  document.getElementById("toasts").append(element);
  setTimeout(() => element.remove(), tone === "good" ? LASTS_MS : LASTS_MS * 2);
}

/** Say it aloud to assistive technology; in a flood, only some of it. */
export function announce(text, urgent = false) {
  if (Date.now() - spokenAt < SPEAKS_EVERY_MS) return;
  spokenAt = Date.now();
  document.getElementById(urgent ? "urgent" : "polite").textContent = text;
}

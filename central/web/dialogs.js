// The few questions that the console asks back.

import { fill, h, say } from "./dom.js";
import { icon } from "./icons.js";
import { t } from "./i18n.js";

const REASONS = ["plants", "weather", "animal", "light", "allowed", "wrong_object", "other"];
const KEYS = [["j / k", "move"], ["Enter", "open"], ["a", "ack"], ["p", "handle"], ["r", "resolve"], ["c", "close"], ["f", "false"], ["/", "search"], ["Esc", "escape"], ["?", "help"]];

export const isOpen = () => document.querySelector("dialog[open]") !== null;

/** Ask why it is a false alarm; resolve to the reason, or null. */
export function askReason() {
  const text = h("textarea", { class: "field", rows: 2, maxlength: 400, "aria-label": t("reason_text"), placeholder: t("reason_text") });
  const mistake = h("p", { class: "mistake", role: "alert" });
  return ask("false_title", t("false_lead"), [
    h("div", { class: "choices", role: "radiogroup", "aria-label": t("false_title") },
      REASONS.map((reason) => h("label", { class: "choice" }, h("input", { type: "radio", name: "reason", value: reason }), t(`reason_${reason}`)))),
    text, mistake,
  ], (form) => {
    const chosen = new FormData(form).get("reason");
    const more = text.value.trim();
    if (!chosen || (chosen === "other" && !more)) {
      say(mistake, t("reason_needed"));
      (chosen ? text : form.querySelector("input")).focus();
      return undefined;
    }
    return chosen === "other" ? more : [t(`reason_${chosen}`), more].filter(Boolean).join(": ");
  });
}

/** Ask who handles it; resolve to a name ("" is oneself), or null. */
export function askAssignee() {
  const other = h("input", { class: "field", maxlength: 64, "aria-label": t("assign_other"), placeholder: t("assign_other") });
  return ask("assign_title", "", [other], () => other.value.trim(), t("assign_me"), (button) => {
    other.addEventListener("input", () => say(button, other.value.trim() ? t("confirm") : t("assign_me")));
  });
}

export function showKeys() {
  const dialog = h("dialog", { "aria-label": t("help") });
  fill(dialog, h("div", { class: "sheet" }, h("h1", {}, t("help")),
    h("div", { class: "keys" }, KEYS.flatMap(([key, what]) => [h("span", {}, key.split(" / ").flatMap((k, i) => [i ? " " : "", h("kbd", {}, k)])), h("span", {}, t(`key_${what}`))])),
    h("div", { class: "row" }, h("button", { class: "button", type: "button", onclick: () => dialog.close() }, t("close_dialog")))));
  show(dialog);
}

/** Show a picture as large as the screen, to be zoomed and moved. */
export function showPicture(url, alt) {
  const image = h("img", { src: url, alt, draggable: "false" });
  const stage = h("div", { class: "stage", tabindex: "0", role: "img", "aria-label": alt }, image);
  const dialog = h("dialog", { class: "zoomer", "aria-label": alt });
  let view = { scale: 1, x: 0, y: 0 };
  const draw = () => { image.style.transform = `translate(${view.x}px, ${view.y}px) scale(${view.scale})`; };
  const zoom = (factor, x = innerWidth / 2, y = innerHeight / 2) => {
    const scale = Math.min(12, Math.max(1, view.scale * factor));
    const grown = scale / view.scale;
    view = scale === 1 ? { scale, x: 0, y: 0 } : { scale, x: x - (x - view.x) * grown, y: y - (y - view.y) * grown };
    draw();
  };
  stage.addEventListener("wheel", (event) => { event.preventDefault(); zoom(event.deltaY < 0 ? 1.2 : 1 / 1.2, event.clientX, event.clientY); }, { passive: false });
  stage.addEventListener("dblclick", (event) => zoom(view.scale > 1 ? 0 : 3, event.clientX, event.clientY));
  stage.addEventListener("pointerdown", (event) => { stage.setPointerCapture(event.pointerId); stage.classList.add("moving"); });
  stage.addEventListener("pointermove", (event) => {
    if (!stage.hasPointerCapture(event.pointerId) || view.scale === 1) return;
    view.x += event.movementX; view.y += event.movementY; draw();
  });
  stage.addEventListener("pointerup", () => stage.classList.remove("moving"));
  dialog.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: [80, 0], ArrowRight: [-80, 0], ArrowUp: [0, 80], ArrowDown: [0, -80] }[event.key];
    if (event.key === "+" || event.key === "=") zoom(1.3);
    else if (event.key === "-") zoom(1 / 1.3);
    else if (step && view.scale > 1) { view.x += step[0]; view.y += step[1]; draw(); }
  });
  fill(dialog, stage, h("button", { class: "button square", type: "button", "aria-label": t("close_dialog"), onclick: () => dialog.close() }, icon("x")), h("p", {}, t("picture_hint")));
  show(dialog);
  stage.focus();
}

function ask(title, lead, parts, read, confirm = t("confirm"), prepare = () => {}) {
  return new Promise((resolve) => {
    let answer = null;
    const dialog = h("dialog", { "aria-label": t(title) });
    const button = h("button", { class: "button primary", type: "submit" }, confirm);
    const submit = (event) => {
      event.preventDefault();
      const given = read(form);
      if (given === undefined) return;
      answer = given;
      dialog.close();
    };
    const form = h("form", { class: "sheet", onsubmit: submit }, h("h1", {}, t(title)), lead ? h("p", { class: "muted" }, lead) : null, parts,
      h("div", { class: "row" }, h("button", { class: "button", type: "button", onclick: () => dialog.close() }, t("cancel")), button));
    prepare(button);
    fill(dialog, form);
    dialog.addEventListener("close", () => resolve(answer));
    show(dialog);
  });
}

function show(dialog) {
  const before = document.activeElement;
  document.body.append(dialog);
  dialog.addEventListener("close", () => { dialog.remove(); before?.focus?.({ preventScroll: true }); });
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  dialog.showModal();
}

// The door.

import * as api from "./api.js";
import { fill, h, say } from "./dom.js";
import { t } from "./i18n.js";

/** Show the login page in `root`; `onIn(who)` when somebody has come in. */
export function showLogin(root, { note = "", onIn, onLanguage }) {
  const name = h("input", { class: "field", name: "name", autocomplete: "username", required: true, maxlength: 64, autocapitalize: "none", spellcheck: "false" });
  const password = h("input", { class: "field", name: "password", type: "password", autocomplete: "current-password", required: true, maxlength: 200 });
  const mistake = h("p", { class: "mistake", role: "alert" }, note);
  const button = h("button", { class: "button primary", type: "submit" }, t("login_submit"));

  async function submit(event) {
    event.preventDefault();
    button.disabled = true;
    try {
      onIn(await api.logIn(name.value.trim(), password.value));
    } catch (problem) {
      button.disabled = false;
      say(mistake, explain(problem));
      password.value = "";
      password.focus();
    }
  }

  fill(root, h("main", { class: "login", id: "main" },
    h("form", { onsubmit: submit, novalidate: false },
      h("img", { class: "mark", src: "/web/icon.svg", alt: "" }),
      h("div", {}, h("h1", {}, t("app_name")), h("p", { class: "muted" }, t("login_lead"))),
      h("label", {}, t("login_name"), name),
      h("label", {}, t("login_password"), password),
      mistake,
      button,
      h("div", { class: "row" },
        h("span", { class: "muted" }, t("app_place")),
        h("button", { class: "button quiet", type: "button", onclick: onLanguage, "aria-label": t("language_switch") }, t("language_other"))))));
  root.removeAttribute("aria-busy");
  name.focus();
}

function explain(problem) {
  if (problem.status === 429) return t("login_wait", { n: 60 });
  if (problem.status === 401 || problem.status === 422) return t("login_wrong");
  return t("login_offline");
}

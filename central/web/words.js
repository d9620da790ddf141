// Small phrases that several pages say in the same way.

import { h } from "./dom.js";
import { icon } from "./icons.js";
import { known, moment, t } from "./i18n.js";

export const kindOf = (incident) => known(`kind_${incident.category}_${incident.kind}`, incident.kind);
export const cameraOf = (incident) => incident.camera_name || incident.camera || incident.node;
export const areaOf = (one) => one.area_name || (one.area ? t("area_code", { code: one.area }) : t("unknown_area"));
export const severityOf = (name) => t(`severity_${name}`);
export const labelOf = (label) => known(`label_${label}`, label);

export const severityMark = (severity) =>
  h("span", { class: `sev sev-${severity}` }, icon(severity), h("span", {}, severityOf(severity)));

export const stateChip = (state) => h("span", { class: `chip state-${state}` }, t(`handling_${state}`));

export const activeChip = (severity) =>
  h("span", { class: `chip is-active sev-${severity}` }, h("span", { class: "dot" }), t("active"));

export const cannotSee = (camera) => camera.vision?.state === "unseen";

/** Whether a camera's view can be judged, why not and since when, in words; null where nobody judges it. */
export function visionOf(camera) {
  const { state, reason, since } = camera.vision ?? {};
  if (!state) return null;
  const why = reason && known(`sight_${reason}`, known(`kind_camera_${reason}`, reason.slice(0, 60)));
  const said = why ? t("unseen", { why, at: moment(since) }) : t("seen");
  return state === "stale" ? t("seen_stale", { said }) : said;
}

export function visionMark(camera) {
  const said = visionOf(camera);
  return said && h("div", { class: `vision is-${camera.vision.state}` }, icon(camera.vision.state), h("span", {}, said));
}

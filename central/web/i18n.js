// Words in Vietnamese and English. Every text of the console stands in strings.{vi,en}.json.

export const LANGUAGES = ["vi", "en"];
const ZONE = "Asia/Ho_Chi_Minh"; // times are the province's, wherever the screen stands
let words = {};
let language = "vi";

export async function load(wanted) {
  language = LANGUAGES.includes(wanted) ? wanted : "vi";
  const answer = await fetch(`/web/strings.${language}.json`, { cache: "no-cache" });
  words = await answer.json();
  document.documentElement.lang = language;
}

export const current = () => language;

/** Return the text of `key`, with {name} replaced. A key that is missing shows itself. */
export function t(key, values = {}) {
  return (words[key] ?? key).replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

/** Return the text of `key`, or `otherwise` when there is none. */
export const known = (key, otherwise) => words[key] ?? otherwise;

export const number = (value, digits = 0) =>
  value === null || value === undefined
    ? "–"
    : new Intl.NumberFormat(locale(), { maximumFractionDigits: digits, minimumFractionDigits: 0 }).format(value);

export const clock = (at) => format(at, { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });
export const day = (at) => format(at, { weekday: "short", day: "2-digit", month: "2-digit", year: "numeric" });
export const moment = (at) => (isToday(at) ? clock(at) : `${clock(at)} · ${format(at, { day: "2-digit", month: "2-digit" })}`);
export const full = (at) => `${clock(at)} · ${format(at, { day: "2-digit", month: "2-digit", year: "numeric" })}`;

/** Return how long, in the largest two units: "3 phút", "2 giờ 5 phút". */
export function span(ms) {
  const s = Math.max(0, Math.floor(ms / 1000));
  if (s < 60) return t("time_s", { n: s });
  const m = Math.floor(s / 60);
  if (m < 60) return t("time_m", { n: m });
  const hours = Math.floor(m / 60);
  if (hours < 24) return m % 60 ? t("time_h_m", { h: hours, m: m % 60 }) : t("time_h", { n: hours });
  const days = Math.floor(hours / 24);
  return hours % 24 ? t("time_d_h", { d: days, h: hours % 24 }) : t("time_d", { n: days });
}

const locale = () => (language === "vi" ? "vi-VN" : "en-GB");
const formats = new Map();

function format(at, options) {
  const key = language + JSON.stringify(options);
  if (!formats.has(key)) formats.set(key, new Intl.DateTimeFormat(locale(), { timeZone: ZONE, ...options }));
  return formats.get(key).format(typeof at === "string" ? new Date(at) : at);
}

function isToday(at) {
  const options = { day: "2-digit", month: "2-digit", year: "numeric" };
  return format(at, options) === format(new Date(), options);
}

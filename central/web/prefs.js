// What this screen remembers: theme, language, sound.

export function get(name, otherwise = null) {
  try { return localStorage.getItem(`ioc.${name}`) ?? otherwise; } catch { return otherwise; }
}

export function set(name, value) {
  try { localStorage.setItem(`ioc.${name}`, value); } catch { /* a locked-down browser: it lasts until reload */ }
}

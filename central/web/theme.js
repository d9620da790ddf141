// Before the first paint: the theme and language that this screen was left in.
(() => {
  const read = (key) => { try { return localStorage.getItem(key); } catch { return null; } };
  document.documentElement.dataset.theme = read("ioc.theme") === "light" ? "light" : "dark";
  document.documentElement.lang = read("ioc.language") === "en" ? "en" : "vi";
})();

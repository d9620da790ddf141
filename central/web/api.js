// Talking to central: JSON in and out, the CSRF token on every change, problems as exceptions.

let csrf = null;

export class Problem extends Error {
  constructor(status, body) {
    super(body?.detail ?? `HTTP ${status}`);
    this.status = status;
    this.body = body ?? {};
  }
}

async function call(method, path, body) {
  const headers = { Accept: "application/json" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (method !== "GET" && csrf) headers["X-CSRF-Token"] = csrf;
  let answer;
  try {
    answer = await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  } catch {
    throw new Problem(0, { detail: "offline" });
  }
  const text = await answer.text();
  let data = null;
  try { data = text ? JSON.parse(text) : null; } catch { /* a proxy's page, not ours */ }
  if (!answer.ok) throw new Problem(answer.status, data);
  return data;
}

/** Return who is logged in, or null. */
export async function whoAmI() {
  const who = await call("GET", "/api/v1/session");
  return who.name === null ? null : keep(who);
}

export const logIn = async (name, password) => keep(await call("POST", "/api/v1/session", { name, password }));
export const logOut = async () => { await call("DELETE", "/api/v1/session"); csrf = null; };

export function incidents(filter, after = null, limit = 200) {
  const query = new URLSearchParams({ limit: String(limit) });
  for (const [name, value] of Object.entries(filter)) if (value) query.set(name, value);
  if (after !== null) query.set("after", String(after));
  return call("GET", `/api/v1/incidents?${query}`);
}

export const incident = (id) => call("GET", `/api/v1/incidents/${encodeURIComponent(id)}`);
export const act = (id, wish) => call("POST", `/api/v1/incidents/${encodeURIComponent(id)}/actions`, wish);
export const part = (id, wish) => call("POST", `/api/v1/incidents/${encodeURIComponent(id)}/part`, wish);
export const nodes = () => call("GET", "/api/v1/nodes");
export const cameras = () => call("GET", "/api/v1/cameras");
export const baseMap = () => call("GET", "/api/v1/map");
export const fireDanger = () => call("GET", "/api/v1/fire-danger");
export const nuisance = () => call("GET", "/api/v1/nuisance");
export const removeNuisance = (id) => call("DELETE", `/api/v1/nuisance/${encodeURIComponent(id)}`);
export const evidenceUrl = (sha256) => `/api/v1/evidence/${sha256}`;

function keep(who) {
  csrf = who.csrf;
  return who;
}

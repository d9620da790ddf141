// The live stream: every change after the list's cursor, and an honest word when the line is cut.

const SILENT_MS = 40_000; // the server speaks at least every 15 s
const WAITS_MS = [500, 1000, 2000, 4000, 8000];

export class Live {
  /** `on` has incident, node, reload, state("live" | "lost"), and lostSession. */
  constructor(on) {
    this.on = on;
    this.cursor = null;
    this.source = null;
    this.tries = 0;
    this.skew = 0; // server clock − this screen's clock, in ms
    this.timer = null;
    this.quiet = null;
    addEventListener("online", () => this.source === null && this.timer && this.#again(0));
  }

  start(cursor) {
    this.cursor = cursor;
    this.#open();
  }

  stop() {
    clearTimeout(this.timer);
    clearTimeout(this.quiet);
    this.source?.close();
    this.source = null;
  }

  #open() {
    this.stop();
    const source = new EventSource(`/api/v1/stream?after=${this.cursor}`);
    this.source = source;
    const hear = (name, handle) => source.addEventListener(name, (event) => {
      this.#heard();
      handle?.(JSON.parse(event.data), event);
    });
    hear("hello", (data) => { this.#clock(data.at); this.tries = 0; this.on.state("live"); });
    hear("beat", (data) => this.#clock(data.at));
    hear("incident", (data, event) => { this.cursor = Number(event.lastEventId); this.on.incident(data); });
    hear("node", (data) => this.on.node(data));
    hear("reload", () => { this.stop(); this.on.reload(); });
    source.onerror = () => this.#lost();
    this.#heard();
  }

  #heard() {
    clearTimeout(this.quiet);
    this.quiet = setTimeout(() => this.#lost(), SILENT_MS);
  }

  #lost() {
    this.stop();
    this.on.state("lost");
    this.#again(WAITS_MS[Math.min(this.tries++, WAITS_MS.length - 1)] * (0.75 + Math.random() / 2));
  }

  #again(wait) {
    clearTimeout(this.timer);
    this.timer = setTimeout(async () => {
      if (await this.on.lostSession()) return;
      this.#open();
    }, wait);
  }

  #clock(at) {
    if (at) this.skew = new Date(at).getTime() - Date.now();
  }

  now() {
    return Date.now() + this.skew;
  }
}

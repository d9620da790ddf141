"""How late an operator sees it: from a frame entering RTSP to its incident standing on the page."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Final

import httpx
import numpy as np

from benchmarks.stack import Stack

CAMERAS: Final = 4
SETTLE_S: Final = 8.0
SHARES: Final = {"p50_ms": 0.5, "p95_ms": 0.95, "p99_ms": 0.99}

WATCH_THE_PAGE: Final = """
() => {
  window.shown = [];
  const seen = new Map();
  const look = () => {
    for (const card of document.querySelectorAll('[data-incident]')) {
      const version = card.dataset.lastAt;
      if (version && seen.get(card.dataset.incident) !== version) {
        seen.set(card.dataset.incident, version);
        window.shown.push([card.dataset.incident, version, Date.now() / 1000]);
      }
    }
  };
  new MutationObserver(look).observe(document.body, {subtree: true, childList: true, attributes: true});
}
"""


@dataclass(frozen=True, slots=True)
class Shown:
    """An incident's latest event became visible: which incident, the event's own time, and when (Unix seconds)."""

    incident: str
    event_s: float
    shown_s: float


def bench_latency(
    stack: Stack,
    clip: Path,
    rules: dict[str, Any],
    *,
    seconds: float = 60.0,
    viewer: Callable[[Stack], AbstractContextManager[Any]],
    clock: Callable[[], float] = time.time,
) -> dict[str, Any]:
    """Run four live cameras of `clip` with `rules` (zones, lines, rules as in a node's file) and time each event.

    The frame's own time comes from the camera's RTCP sender reports, on the same machine's clock; what the viewer saw
    is timed by the same clock. Events of the first seconds, while everything starts, are not counted.
    """
    stack.start_central()
    stack.start_cameras([clip], copies=CAMERAS)
    names = [f"{clip.stem}-{n:03d}" for n in range(1, CAMERAS + 1)]
    with viewer(stack) as watching:
        started_s = clock()
        stack.start_edge([{"id": f"cam-{n}", "url": stack.rtsp(name), **rules} for n, name in enumerate(names)])
        first_s = _first_analysed_s(stack, started_s, clock)
        begin_s = clock() + SETTLE_S
        _wait_until(begin_s + seconds, stack, clock)
        seen = [one for one in watching.shown() if one.event_s >= begin_s]
    late_ms = [(one.shown_s - one.event_s) * 1000 for one in seen]
    return {
        "cameras": CAMERAS,
        "viewer": watching.name,
        "events": len(late_ms),
        **{name: _quantile(late_ms, share) for name, share in SHARES.items()},
        "stages": _stages(stack, begin_s, seen),
        "start_to_first_analysed_s": first_s,
    }


@dataclass(slots=True)
class StreamViewer:
    """A program that listens to the live stream, where there is no browser."""

    stack: Stack
    name: str = "stream"
    _shown: list[Shown] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> StreamViewer:
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()

    def shown(self) -> list[Shown]:
        return list(self._shown)

    def _listen(self) -> None:
        headers = {"Authorization": f"Bearer {self.stack.reader_token}"}
        last: dict[str, str] = {}
        with httpx.stream("GET", f"{self.stack.console}/api/v1/stream", headers=headers, timeout=None) as answer:
            for line in answer.iter_lines():
                if self._stop.is_set():
                    return
                if not line.startswith("data: {"):
                    continue
                incident = json.loads(line[6:])
                at = incident.get("last_at")
                if at and last.get(incident["id"]) != at:
                    last[incident["id"]] = at
                    self._shown.append(Shown(incident["id"], _unix(at), time.time()))


class BrowserViewer:
    """Chromium with the console open, timing what stands on the page."""

    name = "chromium"

    def __init__(self, stack: Stack) -> None:
        self._stack = stack

    def __enter__(self) -> BrowserViewer:
        from playwright.sync_api import sync_playwright

        self._playwright = sync_playwright().start()
        flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
        self._browser = self._playwright.chromium.launch(executable_path="/usr/bin/chromium", args=flags)
        page = self._browser.new_page(viewport={"width": 1280, "height": 800})
        page.goto(self._stack.console)
        page.fill("input[name=name]", "bench")
        page.fill("input[name=password]", self._stack.password)
        page.press("input[name=password]", "Enter")
        page.wait_for_selector("[data-queue]")
        page.evaluate(WATCH_THE_PAGE)
        self._page = page
        return self

    def __exit__(self, *_: object) -> None:
        self._browser.close()
        self._playwright.stop()

    def shown(self) -> list[Shown]:
        rows = self._page.evaluate("() => window.shown")
        return [Shown(incident, _unix(at), shown_s) for incident, at, shown_s in rows]


def _stages(stack: Stack, begin_s: float, seen: Sequence[Shown]) -> dict[str, dict[str, float | None]]:
    """Return p50 and p95 of each leg of the way: in the node, to the store, to the viewer."""
    legs: dict[str, list[float]] = {"camera to event": [], "event to store": [], "store to viewer": []}
    shown = {(one.incident, round(one.event_s, 3)): one.shown_s for one in seen}
    for row in _events(stack):
        data = row["event"]["data"]
        captured_s, published_s = _unix(data["captured_at"]), _unix(data["published_at"])
        if captured_s < begin_s:
            continue
        stored_s = _unix(row["stored_at"])
        legs["camera to event"].append((published_s - captured_s) * 1000)
        legs["event to store"].append((stored_s - published_s) * 1000)
        shown_s = shown.get((row["incident"], round(_unix(row["event"]["time"]), 3)))
        if shown_s is not None:
            legs["store to viewer"].append((shown_s - stored_s) * 1000)
    return {leg: {"p50": _quantile(ms, 0.5), "p95": _quantile(ms, 0.95)} for leg, ms in legs.items()}


def _events(stack: Stack) -> list[dict[str, Any]]:
    headers, rows, after = {"Authorization": f"Bearer {stack.reader_token}"}, list[dict[str, Any]](), 0
    while True:
        query = {"limit": 1000, "after": after}
        answer = httpx.get(f"{stack.console}/api/v1/events", params=query, headers=headers, timeout=10.0).json()
        if not answer["events"]:
            return rows
        rows += answer["events"]
        after = answer["next"]


def _first_analysed_s(stack: Stack, started_s: float, clock: Callable[[], float]) -> float | None:
    """Return seconds from starting the node to the first analysed frame, as its log tells."""
    log = stack.group.data / "edge.log"
    until_s = clock() + 60.0
    while clock() < until_s:
        stack.group.check()
        for line in log.read_text(encoding="utf-8", errors="replace").splitlines():
            if '"first picture analysed"' in line:
                return round(_unix(json.loads(line)["timestamp"]) - started_s, 2)
        time.sleep(0.1)
    return None


def _wait_until(until_s: float, stack: Stack, clock: Callable[[], float]) -> None:
    while clock() < until_s:
        stack.group.check()
        time.sleep(0.5)


def _unix(text: str) -> float:
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def _quantile(values: Sequence[float], share: float) -> float | None:
    return round(float(np.quantile(values, share)), 1) if values else None

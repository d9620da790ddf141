"""Central alone: from a message handed to the broker to the open screens, and how many events a second it stores.

A publisher and the screens live in this process, so one clock measures both ends; broker and central have processes of
their own. Every event is of another camera: each opens an incident, which is the dearest thing that an event can do.
"""

from __future__ import annotations

import json
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import httpx
import numpy as np

from benchmarks.stack import Stack
from common.processes import ProcessGroup
from mqtt.client import Connection, Message, connect
from mqtt.event import Event, EventData, uuid7
from mqtt.link import BrokerLink
from mqtt.topics import NodeTopics

NODE: Final = NodeTopics("bench", "box-01")
PATIENCE_S: Final = 120.0


def bench_central(
    *,
    steady: int = 1_000,
    per_s: float = 83.0,
    burst: int = 5_000,
    screens: int = 5,
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> dict[str, Any]:
    """Send `steady` events at `per_s` a second while `screens` watch, then `burst` at once, and ask what is stored.

    p50_ms, p95_ms and p99_ms are of the steady part, from the hand-over to the socket until the slowest screen has it.
    events_per_s is of the burst: from its first message to its last confirmation.
    """
    with ExitStack() as leave:
        stack = Stack(ProcessGroup(Path(leave.enter_context(tempfile.TemporaryDirectory()))))
        leave.callback(stack.stop)
        stack.start_central()
        node = _Node(f"mqtt://127.0.0.1:{stack.broker_port}")
        leave.callback(node.close)
        watching = [_Screen(stack.console, stack.reader_token) for _ in range(screens)]
        for screen in watching:
            screen.wait_until(lambda s: s.open)
        events = [_event(n) for n in range(steady + burst)]
        _at_a_pace(node, events[:steady], per_s, lambda n: progress(n, len(events)))
        ways_ms = _ways_ms(node, watching, events[:steady])
        for screen in watching:
            screen.close()
        began_s = time.perf_counter()
        for event in events[steady:]:
            node.send(event)
        node.wait_for(events[steady:])
        took_s = time.perf_counter() - began_s
        progress(len(events), len(events))
        stored = _stored(stack)
    sent = {event.id for event in events}
    return {
        "published": len(sent),
        "stored": len(stored.keys() & sent),
        "lost": len(sent - stored.keys()),
        "double": sum(count > 1 for count in stored.values()),
        "events_per_s": round(burst / took_s, 1),
        **{f"p{q}_ms": round(float(np.percentile(ways_ms, q)), 2) for q in (50, 95, 99)},
        "steady_per_s": per_s,
        "screens": screens,
    }


class _Node:
    """Publishes, and hears what central confirms."""

    def __init__(self, url: str) -> None:
        self.sent_s: dict[str, float] = {}
        self._confirmed: set[str] = set()
        self._news = threading.Condition()
        self._connection: Connection = connect(BrokerLink(url), "bench-central", on_message=self._heard)
        self._connection.subscribe([NODE("confirm")], 10.0)

    def send(self, event: Event) -> None:
        payload = event.to_bytes()
        self.sent_s[event.id] = time.perf_counter()
        self._connection.publish(NODE("event"), payload)

    def wait_for(self, events: Sequence[Event]) -> None:
        wanted = {event.id for event in events}
        with self._news:
            if not self._news.wait_for(lambda: wanted <= self._confirmed, PATIENCE_S):
                raise RuntimeError(f"{len(wanted - self._confirmed)} events were not confirmed in {PATIENCE_S:g} s")

    def close(self) -> None:
        self._connection.close()

    def _heard(self, message: Message) -> None:
        with self._news:
            self._confirmed.update(json.loads(message.payload)["ids"])
            self._news.notify_all()


class _Screen:
    """One open live stream, on a thread of its own."""

    def __init__(self, console: str, token: str) -> None:
        self.open = False
        self.seen_s: dict[str, float] = {}  # camera → when
        self._url, self._headers = f"{console}/api/v1/stream", {"Authorization": f"Bearer {token}"}
        self._news = threading.Condition()
        self._closing = threading.Event()
        threading.Thread(target=self._watch, name="screen", daemon=True).start()

    def wait_until(self, true: Callable[[_Screen], bool]) -> None:
        with self._news:
            if not self._news.wait_for(lambda: true(self), PATIENCE_S):
                raise RuntimeError("a screen has not seen everything")

    def close(self) -> None:
        self._closing.set()

    def _watch(self) -> None:
        with httpx.stream("GET", self._url, headers=self._headers, timeout=PATIENCE_S, trust_env=False) as answer:
            kind = ""
            for line in answer.iter_lines():
                if self._closing.is_set():
                    return
                if line.startswith("event: "):
                    kind = line.removeprefix("event: ")
                elif line.startswith("data: "):
                    self._note(kind, line.removeprefix("data: "))

    def _note(self, kind: str, data: str) -> None:
        now_s = time.perf_counter()
        with self._news:
            self.open = True
            if kind == "incident":
                self.seen_s.setdefault(json.loads(data)["camera"], now_s)
            self._news.notify_all()


def _at_a_pace(node: _Node, events: Sequence[Event], per_s: float, progress: Callable[[int], None]) -> None:
    began_s = time.perf_counter()
    for n, event in enumerate(events):
        time.sleep(max(0.0, began_s + n / per_s - time.perf_counter()))
        node.send(event)
        progress(n)


def _ways_ms(node: _Node, screens: Sequence[_Screen], events: Sequence[Event]) -> list[float]:
    for screen in screens:
        screen.wait_until(lambda s: len(s.seen_s) >= len(events))
    return [
        1000 * (max(screen.seen_s[event.camera or ""] for screen in screens) - node.sent_s[event.id])
        for event in events
    ]


def _stored(stack: Stack) -> Counter[str]:
    found: Counter[str] = Counter()
    headers, after = {"Authorization": f"Bearer {stack.reader_token}"}, 0
    while True:
        url = f"{stack.console}/api/v1/events?limit=1000&after={after}"
        page = httpx.get(url, headers=headers, timeout=30.0, trust_env=False).json()
        found.update(event["id"] for event in page["events"])
        if page["next"] == after:
            return found
        after = page["next"]


def _event(number: int) -> Event:
    now, camera = datetime.now(UTC), f"cam-{number}"
    return Event(
        id=uuid7(now),
        source=f"/{NODE.site}/{NODE.node}/{camera}",
        type="vn.ioc.security.intrusion.v1",
        time=now,
        subject=f"{camera}:intrusion:gate",
        data=EventData(
            phase="start",
            severity="high",
            confidence=0.9,
            zone="gate",
            started_at=now,
            boot_id="bench",
            seq=number + 1,
            captured_at=now,
            published_at=now,
        ),
    )

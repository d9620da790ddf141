"""A node that only sends: the real outbox and courier, with numbered events instead of cameras.

It goes on where its last life ended, and writes down what it tries and what the outbox has promised to keep, so that
whoever kills it can tell afterwards whether anything is missing.
"""

from __future__ import annotations

import argparse
import json
import signal
import threading
import time
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from mqtt.courier import Courier
from mqtt.event import Event, EventData, uuid7
from mqtt.link import BrokerLink
from mqtt.outbox import Outbox
from mqtt.topics import NodeTopics

PER_CAUSE: Final = 10
"""Events of one cause: a start, updates, an end."""
CAMERAS: Final = 8


def cause_of(number: int) -> str:
    """Return the subject of the event with this number."""
    cause = number // PER_CAUSE
    return f"cam-{cause % CAMERAS:02}/intrusion/gate-{cause}"


def event(number: int, seq: int, boot_id: str, topics: NodeTopics, began: datetime) -> Event:
    """Return event `number`: the same cause, phase and start in every life of the node."""
    now = datetime.now(UTC)
    started = began + timedelta(milliseconds=number // PER_CAUSE)
    last = number % PER_CAUSE == PER_CAUSE - 1
    subject = cause_of(number)
    return Event(
        id=uuid7(),
        source=f"/{topics.site}/{topics.node}/{subject.split('/')[0]}",
        type="vn.ioc.security.intrusion.v1",
        time=now,
        subject=subject,
        data=EventData(
            phase="start" if number % PER_CAUSE == 0 else "end" if last else "update",
            severity="high",
            confidence=0.9,
            zone=subject.split("/")[2],
            started_at=started,
            ended_at=now if last else None,
            detail={"number": number},
            boot_id=boot_id,
            seq=seq,
            captured_at=now,
            published_at=now,
        ),
    )


class Diary:
    """What has been tried and what was promised, one line each, written before going on."""

    def __init__(self, file: Path) -> None:
        lines = file.read_text(encoding="ascii").splitlines() if file.exists() else []
        tried = [line.split()[1] for line in lines if line.startswith("try ")]
        self.next_number = int(tried[-1]) + 1 if tried else 0
        self._file = file.open("a", buffering=1, encoding="ascii")

    def tries(self, number: int) -> None:
        self._file.write(f"try {number}\n")

    def keeps(self, number: int, event_id: str) -> None:
        self._file.write(f"kept {number} {event_id}\n")


class TimedOutbox(Outbox):
    """The outbox, which notes when each event was put and when central had confirmed it."""

    def __init__(self, path: Path) -> None:
        self.put_s: dict[str, float] = {}
        self.confirmed_s: dict[str, float] = {}
        super().__init__(path)

    def delivered(self, ids: Iterable[str]) -> None:
        ids, now_s = list(ids), time.monotonic()
        for event_id in ids:
            self.confirmed_s.setdefault(event_id, now_s)
        super().delivered(ids)

    def way_ms(self) -> list[float]:
        """Return, for each confirmed event of this life, the time from `put` to its confirmation."""
        return [(self.confirmed_s[i] - at) * 1e3 for i, at in self.put_s.items() if i in self.confirmed_s]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("url")
    parser.add_argument("--site", default="bench")
    parser.add_argument("--node", default="box-01")
    parser.add_argument("--events", type=int, default=1000)
    parser.add_argument("--per-s", type=float, default=0.0, help="0: as fast as they can be kept")
    parser.add_argument("--began", type=datetime.fromisoformat, default=datetime.now(UTC))
    asked = parser.parse_args()
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    send(asked, stop)


def send(asked: argparse.Namespace, stop: threading.Event) -> None:
    """Put the events, and return when central has confirmed all of them."""
    topics = NodeTopics(asked.site, asked.node)
    diary = Diary(asked.folder / f"{asked.node}.diary")
    outbox = TimedOutbox(asked.folder / f"{asked.node}.db")
    courier = Courier(outbox, BrokerLink(asked.url, timeout_s=3.0), topics, version="bench", resend_after_s=5.0)
    courier.start()
    while not courier.connected and asked.per_s == 0 and not stop.wait(0.01):
        pass  # the speed is that of the way, not of the first connection
    put_ms: list[float] = []
    began_s, first = time.monotonic(), diary.next_number
    for number in range(first, asked.events):
        if asked.per_s and stop.wait(max(0.0, began_s + (number - first) / asked.per_s - time.monotonic())):
            break
        diary.tries(number)
        put_s = time.monotonic()
        kept = outbox.put(lambda seq, n=number: event(n, seq, outbox.boot_id, topics, asked.began))  # type: ignore[misc]
        put_ms.append((time.monotonic() - put_s) * 1e3)
        outbox.put_s[kept.id] = put_s
        diary.keeps(number, kept.id)
    while outbox.health().depth and not stop.wait(0.02):
        pass
    ended_s = time.monotonic()
    courier.stop()
    outbox.close()
    way_ms, took_s = outbox.way_ms(), max(outbox.confirmed_s.values(), default=ended_s) - began_s
    report = {"way_ms": way_ms, "put_ms": put_ms, "took_s": took_s, "resent": courier.health().resent}
    (asked.folder / f"{asked.node}.report.json").write_text(json.dumps(report), encoding="ascii")


if __name__ == "__main__":
    main()

"""What sleeping costs and saves: each clip through the product twice, fully decoded and asleep until it wakes."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmarks.eval.clips import DETECTED_SENSES, Detect
from benchmarks.footage import with_quiet
from detectors.detections import Detections
from edge.camera import CameraWatch, Told, make_watch
from edge.config import InferenceSettings, ViewSettings
from edge.node import HELD_BACK
from rtsp.frame import Frame
from rtsp.governor import GovernorSettings
from rtsp.pool import DecoderPool, Work
from rtsp.pressure import Pressure
from rtsp.receiver import Camera
from rtsp.schemes.file import Recording
from rtsp.source import RawPacket, SourceSettings

LEAD_S: Final = 24.0  # nothing happens before the clip, so that every camera sleeps when it begins
TAIL_S: Final = 4.0
SETTLED_S: Final = 12.0  # of the lead: what is decoded from here on is what a quiet camera costs
LATEST_S: Final = 1.0
APART_S: Final = 3.0  # camera time by which the same event may differ between two runs
BEGIN: Final = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Happened:
    """One start that was told. at_s: camera time of the finding; told_s: of the newest packet when it was told."""

    rule: str
    kind: str
    place: str
    at_s: float
    told_s: float

    def is_same(self, other: Happened) -> bool:
        mine, others = (self.rule, self.kind, self.place), (other.rule, other.kind, other.place)
        return mine == others and abs(self.at_s - other.at_s) <= APART_S


@dataclass(slots=True)
class Run:
    """One way through a film. Decoding is processor time of the thread, without detection and rules."""

    happened: list[Happened] = field(default_factory=list)
    decode_s: float = 0.0
    quiet_s: float = 0.0  # decoding between SETTLED_S and the end of the lead
    decoded: int = 0
    received: int = 0
    asleep_s: float = 0.0
    woken: Counter[str] = field(default_factory=Counter)


class _InTurn(DecoderPool):
    """Does the pool's work at once, on the thread that brings the packet, and takes its time."""

    def __init__(self) -> None:
        self._work: list[Work] = []
        self.pressure = Pressure(lambda: float("inf"))  # played faster than life: nothing is late
        self.spent_s = 0.0
        self.woken_at_s = 0.0  # what had been spent when the newest packet came

    def join(self, work: Work) -> None:
        self._work.append(work)

    def leave(self, work: Work, timeout_s: float = 2.0) -> None:
        self._work.remove(work)

    def wake(self) -> None:
        self.woken_at_s = self.spent_s
        for work in self._work:
            while work.need() > 0:
                self._turn(work)

    def _turn(self, work: Work) -> None:
        began_s = time.thread_time()
        work.turn()
        self.spent_s += time.thread_time() - began_s


class _Film(Recording):
    """A recording as fast as it is taken; tells the time of each packet before handing it over."""

    def __init__(self, url: str, tell: Callable[[float], None]) -> None:
        super().__init__(url, SourceSettings(paced=False))
        self._tell = tell

    def packets(self, stop: threading.Event) -> Iterator[RawPacket]:
        for packet in super().packets(stop):
            self._tell(float((packet.dts or 0) * packet.time_base))
            yield packet


class Rehearsal:
    """One camera of the product on a film's own time: receiver, ring, governor, decoder, rules; nothing is copied."""

    def __init__(self, film: Path, view: ViewSettings, detect: Mapping[str, Detect], *, may_sleep: bool) -> None:
        self._view, self._detect = view, detect
        self._looks_per_s = InferenceSettings().looks_per_s
        self._now_s = 0.0
        self._watch: CameraWatch | None = None
        self._elsewhere_s = 0.0  # of the pool's time: detection and rules
        self._second = 0
        self._result = Run()
        self._pool = _InTurn()
        self._camera = Camera(
            view.id,
            f"file:{film}",
            pool=self._pool,
            deliver=self._look,
            looks_per_s=self._looks_per_s,
            governor=GovernorSettings(may_sleep=may_sleep),
            connect=lambda url, settings: _Film(url, self._pass_to),
            clock=lambda: self._now_s,
            utc=lambda: (BEGIN + timedelta(seconds=self._now_s)).timestamp(),
        )

    def run(self) -> Run:
        """Play the film to its end."""
        self._camera.start()
        self._camera.wait()
        health, result = self._camera.health(), self._result
        if self._watch is None or health.failure is not None:
            raise RuntimeError(f"the film could not be played: {health.failure_text}")
        self._note(self._watch.finish())
        result.decode_s = self._pool.spent_s - self._elsewhere_s
        result.decoded, result.received, result.woken = health.decoded, health.received, Counter(health.woken)
        self._camera.stop()
        return result

    def _pass_to(self, film_s: float) -> None:
        """Let time pass; a sleeping camera's rules are asked once a second, as the node does."""
        self._now_s = film_s
        if int(film_s) == self._second:
            return
        self._second, asleep = int(film_s), self._camera.health().mode == "asleep"
        if self._second in (SETTLED_S, LEAD_S):
            spent_s = self._pool.spent_s - self._elsewhere_s
            self._result.quiet_s = spent_s - self._result.quiet_s
        self._result.asleep_s += asleep
        if asleep and self._watch is not None:
            self._note(self._watch.hold(BEGIN + timedelta(seconds=film_s) - HELD_BACK))

    def _look(self, frame: Frame) -> None:
        began_s = time.thread_time()
        if self._watch is None:
            aspect = frame.picture.width / frame.picture.height
            self._watch = make_watch(self._view, looks_per_s=self._looks_per_s, aspect=aspect)
        due = self._watch.due(frame)
        if due:
            self._note(self._watch.see(frame, {sense: self._seen(sense, frame) for sense in due}))
        self._elsewhere_s += time.thread_time() - began_s

    def _seen(self, sense: str, frame: Frame) -> Detections:
        return self._detect[sense](frame.picture) if sense in DETECTED_SENSES else Detections.none()

    def _note(self, told: Sequence[Told]) -> None:
        catching_up_s = max(0.0, self._pool.spent_s - self._pool.woken_at_s)
        for one in told:
            finding = one.finding
            if finding.phase == "start":
                place = "/".join(map(str, (finding.zone, finding.line, finding.detail.get("direction"))))
                at_s = (one.at - BEGIN).total_seconds()
                told_s = self._now_s + catching_up_s
                self._result.happened.append(Happened(one.rule_name, finding.kind, place, at_s, told_s))


def compare(full: Sequence[Happened], sleeping: Sequence[Happened]) -> dict[str, Any]:
    """Pair what both runs told. Returns lost and extra events and by how many seconds the common ones came later."""
    left, lost, later_s = list(sleeping), [], []
    for one in full:
        same = min((other for other in left if one.is_same(other)), key=lambda o: abs(o.at_s - one.at_s), default=None)
        if same is None:
            lost.append(one)
            continue
        left.remove(same)
        later_s.append(same.told_s - one.told_s)
    named = [{"rule": one.rule, "kind": one.kind, "at_s": round(one.at_s - LEAD_S, 2)} for one in lost]
    extra = [{"rule": one.rule, "kind": one.kind, "at_s": round(one.at_s - LEAD_S, 2)} for one in left]
    return {"events": len(full), "lost": named, "extra": extra, "later_s": [round(late, 2) for late in later_s]}


def bench_waking(
    clips: Iterable[tuple[Path, ViewSettings, Mapping[str, Detect]]],
    *,
    rates: Sequence[str] = ("vbr", "cbr"),
    tell: Callable[[str], None] = lambda said: None,
) -> dict[str, Any]:
    """Play each (file, view, detectors) both ways at each rate control ("vbr", "cbr").

    Returns `{overall: {events, lost, extra, late, later_s: {p50, p95, max}, quiet_saved, saved, …}, clips: […]}`:
    `late` counts events more than a second later than with full decoding; `quiet_saved` is how many times less
    decoding a quiet camera took, `saved` the same over everything.
    """
    rows = []
    for clip, view, detect in clips:
        for rate in rates:
            tell(f"{clip.stem}, {rate}")
            film = with_quiet(clip, lead_s=LEAD_S, tail_s=TAIL_S, constant=rate == "cbr")
            rows.append({"clip": clip.name, "rate": rate, **_both_ways(film, view, detect)})
    return {"overall": {**_overall(rows), **{rate: _overall([r for r in rows if r["rate"] == rate]) for rate in rates}},
            "clips": rows}  # fmt: skip


def _both_ways(film: Path, view: ViewSettings, detect: Mapping[str, Detect]) -> dict[str, Any]:
    full = Rehearsal(film, view, detect, may_sleep=False).run()
    sleeping = Rehearsal(film, view, detect, may_sleep=True).run()
    return {
        **compare(full.happened, sleeping.happened),
        "asleep_s": sleeping.asleep_s,
        "woken": dict(sleeping.woken),
        "received": sleeping.received,
        "decoded": sleeping.decoded,
        "decode_s": [round(full.decode_s, 3), round(sleeping.decode_s, 3)],
        "quiet_decode_s": [round(full.quiet_s, 3), round(sleeping.quiet_s, 3)],
    }


def _overall(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    later = [late for row in rows for late in row["later_s"]]
    return {
        "events": sum(row["events"] for row in rows),
        "lost": sum(len(row["lost"]) for row in rows),
        "extra": sum(len(row["extra"]) for row in rows),
        "late": sum(late > LATEST_S for late in later),
        "later_s": {"p50": _at(later, 50), "p95": _at(later, 95), "max": _at(later, 100)},
        "quiet_saved": _times([row["quiet_decode_s"] for row in rows]),
        "saved": _times([row["decode_s"] for row in rows]),
    }


def _at(values: Sequence[float], percent: float) -> float | None:
    return round(float(np.percentile(values, percent)), 2) if values else None


def _times(pairs: Sequence[Sequence[float]]) -> float | None:
    full, sleeping = sum(pair[0] for pair in pairs), sum(pair[1] for pair in pairs)
    return round(full / sleeping, 1) if sleeping else None

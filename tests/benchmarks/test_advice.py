"""Settings that would have done better: tried on what the detector saw, and only where no clip gets worse."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from benchmarks.eval.advice import Seen, advise
from benchmarks.eval.clips import NoPicture, watch
from benchmarks.eval.replay import replay
from benchmarks.eval.truth import Truth
from detectors.detections import Detections
from detectors.picture import Picture

ZONE = {"zones": {"gate": [[0.4, 0], [1, 0], [1, 1], [0.4, 1]]}}
LOITERING = {"kind": "loitering", "name": "gate", "zone": "gate", "labels": ["person"], "after_s": 10}


@dataclass(frozen=True)
class Moment:
    time_s: float
    session: int = 0
    picture: Picture = field(default_factory=NoPicture)

    @property
    def captured_at(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self.time_s)


def stays(*spans: tuple[float, float], length_s: float = 100.0, rules: list[dict[str, Any]] | None = None) -> Any:
    """Return what a camera tells of somebody who stands in the gate during each of `spans`."""
    moments = [Moment(n * 0.2) for n in range(int(length_s * 5))]
    now = iter(moments)

    def see(_: Picture) -> Detections:
        time_s = next(now).time_s
        there = any(start <= time_s < end for start, end in spans)
        boxes = np.array([[0.6, 0.4, 0.7, 0.8]] * there, np.float32).reshape(-1, 4)
        return Detections(boxes, np.full(len(boxes), 0.9, np.float32), np.array(["person"] * len(boxes), np.str_))

    def frames() -> Iterator[Moment]:
        yield from moments

    return watch(truth([], rules).camera, frames(), {"objects": see})


def truth(events: list[dict[str, Any]], rules: list[dict[str, Any]] | None = None) -> Truth:
    camera = {**ZONE, "rules": rules or [LOITERING]}
    return Truth.model_validate({"clip": "a.mp4", "camera": camera, "events": events})


def stay(start_s: float, end_s: float) -> dict[str, Any]:
    return {"kind": "loitering", "start_s": start_s, "end_s": end_s, "zone": "gate"}


def test_a_replay_tells_what_was_told() -> None:
    seen = stays((5, 30), (50, 80))

    assert 2 == len(seen.alarms())
    assert seen.alarms() == replay(truth([]).camera, seen).alarms()


def test_a_longer_wait_is_advised_where_short_stays_are_false_alarms() -> None:
    clips = [
        Seen("a.mp4", truth([stay(40, 90)]), stays((5, 18), (40, 90))),
        Seen("b.mp4", truth([]), stays((20, 33))),
    ]

    (row,) = advise(clips)

    assert ("loitering", "after_s") == (row["kind"], row["setting"])
    assert {"clip": "a.mp4", "rule": "gate", "from": 10.0, "to": 15.0} in row["rules"]
    assert (2, 0) == (row["now"]["false_alarms"], row["then"]["false_alarms"])
    assert row["then"]["detected"] == row["now"]["detected"] == 1


def test_nothing_is_advised_that_makes_any_clip_worse() -> None:
    clips = [
        Seen("a.mp4", truth([]), stays((5, 18))),
        Seen("b.mp4", truth([stay(20, 33)]), stays((20, 33))),
    ]

    assert [] == [row for row in advise(clips) if row["setting"] == "after_s"]


def test_one_clip_is_an_anecdote() -> None:
    assert [] == advise([Seen("a.mp4", truth([]), stays((5, 18)))])


def test_rules_without_a_mistake_are_left_alone() -> None:
    good = [Seen(name, truth([stay(20, 60)]), stays((20, 60))) for name in ("a.mp4", "b.mp4")]

    assert [] == advise(good)

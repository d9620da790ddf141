"""A recording that stutters, slows down or stops is told as a camera would be."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from benchmarks.eval.clips import watch
from detectors.picture import WHOLE, Gray, Image, Region
from edge.config import ViewSettings

VIEW = ViewSettings.model_validate({"rules": [{"kind": "tamper"}]})


class Noise:
    """A lively picture: a fixed scene with a little noise that differs from look to look."""

    width, height = 320, 180

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def bgr(self) -> Image:
        return self.scaled(self.width, self.height)

    def scaled(self, width: int, height: int, *, region: Region = WHOLE, rgb: bool = False) -> Image:
        return np.repeat(self.gray(width, height)[..., None], 3, axis=2)

    def gray(self, width: int, height: int, *, region: Region = WHOLE) -> Gray:
        scene = np.random.default_rng(0).integers(40, 200, (height // 8 + 1, width // 8 + 1)).repeat(8, 0).repeat(8, 1)
        noise = np.random.default_rng(self._seed).integers(-3, 4, (height, width))
        return np.clip(scene[:height, :width] + noise, 0, 255).astype(np.uint8)


@dataclass(frozen=True)
class Moment:
    time_s: float
    session: int = 0
    picture: Any = field(default_factory=lambda: Noise(1))

    @property
    def captured_at(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self.time_s)


def told(times_s: Iterable[float]) -> list[tuple[str, float]]:
    def moments() -> Iterator[Moment]:
        for number, time_s in enumerate(times_s):
            yield Moment(time_s, picture=Noise(number))

    return [(alarm.kind, alarm.time_s) for alarm in watch(VIEW, moments(), {}).alarms()]


EVEN = np.arange(0, 120, 0.1)


def test_pictures_that_come_evenly_tell_nothing():
    assert [] == told(EVEN)


def test_pictures_that_come_in_bursts_are_told_as_degraded_once():
    bursts = EVEN[(EVEN < 60) | (EVEN % 3 < 1)]

    ((kind, at_s),) = told(bursts)

    assert "degraded" == kind
    assert 60 < at_s < 75


def test_a_rate_that_collapses_is_told_as_degraded():
    slow = np.concatenate([EVEN[EVEN < 60], np.arange(60, 120, 0.5)])

    assert [kind for kind, _ in told(slow)] == ["degraded"]


def test_a_long_gap_is_a_camera_that_was_offline():
    gap = EVEN[(EVEN < 60) | (EVEN > 80)]

    kinds = dict(told(gap))

    assert kinds["offline"] == pytest.approx(70, abs=1.5)

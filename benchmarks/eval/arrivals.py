"""What a recording tells of how its pictures came: vitals second by second, as a node would see them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from edge.camera import CameraWatch, Moment, Told
from edge.rules.vitals import Vitals

EVERY_S = 1.0
SILENT_AFTER_S = 2.0  # as in a node


class Arrivals:
    """Counts the pictures of one clip; each stands for a packet. Damage on the way is not in a file's times."""

    def __init__(self) -> None:
        self._pictures = 0
        self._last: Moment | None = None
        self._due_s: float | None = None

    def take(self, moment: Moment, camera: CameraWatch) -> list[Told]:
        """Note the picture; return what the camera tells of the seconds that have passed since the one before."""
        told = [one for due in self._passed(moment.time_s) for one in _judge(camera, *due)]
        self._pictures, self._last = self._pictures + 1, moment
        if self._due_s is None:
            self._due_s = moment.time_s + EVERY_S
        return told

    def _passed(self, time_s: float) -> Iterator[tuple[Vitals, datetime]]:
        while self._last is not None and self._due_s is not None and self._due_s <= time_s:
            silent_s = self._due_s - self._last.time_s
            vitals = Vitals(
                at_s=self._due_s, connected=True, sessions=0, received=self._pictures, decoded=self._pictures,
                damaged=0, silent_s=silent_s, clock_ahead_s=None,
            )  # fmt: skip
            yield vitals, self._last.captured_at + timedelta(seconds=silent_s)
            self._due_s += EVERY_S


def _judge(camera: CameraWatch, vitals: Vitals, now: datetime) -> list[Told]:
    told = camera.vitals(vitals, now)
    if vitals.silent_s is not None and vitals.silent_s >= SILENT_AFTER_S:
        told += camera.absent(vitals.silent_s, now)
    return told

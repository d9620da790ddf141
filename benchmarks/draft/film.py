"""Small pictures of a clip at even intervals, on disk, so that a page can show any moment of any codec at once."""

from __future__ import annotations

from bisect import bisect_right
from pathlib import Path
from typing import Final

import cv2

from detectors.picture import Picture

EVERY_S: Final = 0.2
MOST: Final = 6000  # pictures: 20 minutes at five a second, some 250 MB
WIDTH: Final = 960
QUALITY: Final = 78


class Film:
    """Takes pictures as they come; when there are too many, every second one is dropped and fewer are taken."""

    def __init__(self, folder: Path, *, every_s: float = EVERY_S, most: int = MOST) -> None:
        self._folder, self._every_s, self._most = folder, every_s, most
        self._times: list[float] = []

    @property
    def times_s(self) -> list[float]:
        """The moments that can be shown, in order."""
        return list(self._times)

    def take(self, time_s: float, picture: Picture) -> None:
        """Keep the picture if the last kept one is old enough."""
        if self._times and time_s - self._times[-1] < self._every_s * 0.9:
            return
        width = min(WIDTH, picture.width)
        height = round(width * picture.height / picture.width)
        image = picture.scaled(width, height)
        if not cv2.imwrite(str(self._path(time_s)), image, [cv2.IMWRITE_JPEG_QUALITY, QUALITY]):
            raise OSError(f"{self._folder}: the picture could not be written")
        self._times.append(time_s)
        if len(self._times) > self._most:
            self._thin_out()

    def at(self, time_s: float) -> Path | None:
        """Return the picture shown at `time_s`: the last one that is not later, else the first."""
        if not self._times:
            return None
        return self._path(self._times[max(0, bisect_right(self._times, time_s + 1e-6) - 1)])

    def _thin_out(self) -> None:
        for time_s in self._times[1::2]:
            self._path(time_s).unlink()
        self._times = self._times[::2]
        self._every_s *= 2

    def _path(self, time_s: float) -> Path:
        return self._folder / f"{round(time_s * 1000):010d}.jpg"

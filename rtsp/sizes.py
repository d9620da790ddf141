"""What the sizes of a camera's compressed pictures say, before any of them is decoded.

A picture is coded as its difference from the one before: where nothing moves it is small, and what it costs then is
the camera's noise. With a constant bit rate the encoder spends what it has on noise, and only the quantiser shows that
much moves (`rtsp.h264`). Whether sizes tell is measured on the camera's own footage and never assumed.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from statistics import median
from typing import Literal, TypeAlias

Trust: TypeAlias = Literal["no", "probably", "yes"]

WINDOW_S = 0.4  # covers a mini-group of B-frames, so that their rhythm cancels out
_KEPT = 150  # windows: a minute; noise follows the light within minutes
_ENOUGH = 10  # windows before anything is claimed
_MOVING_KEPT = 40
_FLOOR = 0.1  # of the median: a spread below it is the stillness of a test picture, not of a camera
_TAIL = 0.98  # of the quiet windows lie below: by 2.05 deviations where noise is normal,
_TAIL_SIGMAS = 2.5  # and by so many at most: where nearly all is skipped, quiet packets now and then grow tenfold
_TO_SIGMA = 1.4826  # from the median absolute deviation to the standard deviation of a normal distribution
# Bytes per macroblock of a quiet picture: below, nearly all are skipped (measured: 0.01 to 0.3 at constant
# quality, 1 to 4 where a constant bit rate codes the noise), and whatever moves has to be coded on top of that.
SKIPPED_BYTES = 0.3
TELLS_FROM = 4.0  # surprise that three in four windows with movement must reach before sizes are believed


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of packets: mean bytes of its inter pictures, and how many standard deviations above quiet."""

    start_s: float
    end_s: float
    mean_bytes: float
    surprise: float


@dataclass(slots=True)
class PacketSizes:
    """The running baseline of one session's packets."""

    _quiet: deque[float] = field(default_factory=lambda: deque(maxlen=_KEPT))
    _moving: deque[float] = field(default_factory=lambda: deque(maxlen=_MOVING_KEPT))
    _level: tuple[float, float] = (0.0, 1.0)  # median and spread of the quiet windows
    _start_s: float | None = None
    _bytes: float = 0.0
    _count: int = 0

    def add(self, time_s: float, size_bytes: float, is_key: bool) -> Window | None:
        """Note a packet; return the window that it completes."""
        if self._start_s is None:
            self._start_s = time_s
        if not is_key:
            self._bytes += size_bytes
            self._count += 1
        if time_s - self._start_s < WINDOW_S or not self._count:
            return None
        mean = self._bytes / self._count
        window = Window(self._start_s, time_s, mean, self.surprise(mean))
        self._start_s, self._bytes, self._count = time_s, 0.0, 0
        return window

    def surprise(self, mean_bytes: float) -> float:
        """Return how far above the quiet level a window is, in standard deviations; 0 while there is no level."""
        if len(self._quiet) < _ENOUGH:
            return 0.0
        level, spread = self._level
        return (mean_bytes - level) / spread

    def learn(self, window: Window, *, moving: bool) -> None:
        """Say what the picture showed during a window."""
        if moving:
            self._moving.append(window.mean_bytes)
            return
        self._quiet.append(window.mean_bytes)
        level = median(self._quiet)
        spread = _TO_SIGMA * median(abs(size - level) for size in self._quiet)
        tail = (sorted(self._quiet)[int(_TAIL * len(self._quiet))] - level) / _TAIL_SIGMAS
        self._level = (level, max(spread, tail, _FLOOR * level, 1.0))

    @property
    def ready(self) -> bool:
        """True when it is known what quiet looks like."""
        return len(self._quiet) >= _ENOUGH

    def trust(self, pixels: int) -> Trust:
        """Return whether movement shows in the sizes: "yes" when it has been seen to, lately and on this camera.

        "probably": nothing has moved yet, but quiet pictures of `pixels` pixels are so small that it must show.
        """
        if not self.ready:
            return "no"
        if len(self._moving) >= _ENOUGH:
            return "yes" if self.surprise(sorted(self._moving)[len(self._moving) // 4]) >= TELLS_FROM else "no"
        return "probably" if 0 < self._level[0] <= SKIPPED_BYTES * pixels / 256 else "no"

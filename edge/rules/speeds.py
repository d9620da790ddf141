"""How fast each object goes over the calibrated ground, and how far that may be off.

A line is fitted to the places of its foot over the last seconds: its slope is the speed, the scatter around it the
noise of the boxes. The error of the calibration over the same stretch is added. A foot that is seen a little too high
or too low all the way does not change the speed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Final, TypeAlias

import numpy as np

from edge.geometry import Areas, Points, cut_by_border
from edge.ground import Ground
from edge.tracks import Tracks

Place: TypeAlias = tuple[float, float, float, float]  # time_s, foot x, foot y, height of the box

WINDOW_S: Final = 3.0
FEWEST: Final = 3  # places: through two a line always fits, and nothing tells of a box that changed hands
SHORTEST_S: Final = 0.55  # below, the jitter of the boxes is most of the way
BOX_ERROR: Final = 0.03  # of its height that the lower edge of a box jitters by, at least
MOST_PLACES: Final = 90


class Speeds:
    """Remembers where each track was lately."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._before_s = np.nan  # when the look before was
        self._places: dict[int, deque[Place]] = {}

    def update(self, tracks: Tracks, time_s: float) -> tuple[Areas, Areas]:
        """Return (N,) speeds in metres per second and (N,) their standard errors; NaN where too little is known."""
        speeds, errors = np.full(len(tracks), np.nan), np.full(len(tracks), np.nan)
        usable = tracks.seen_at(time_s) & ~cut_by_border(tracks.boxes)
        # A track is shown at its second look: where it was at the first one is as good a place.
        began = (tracks.started_s == self._before_s) & ~cut_by_border(tracks.previous)
        before = np.column_stack([tracks.previous_feet, tracks.previous[:, 3] - tracks.previous[:, 1]]).tolist()
        self._before_s = time_s
        feet, heights = tracks.feet, (tracks.boxes[:, 3] - tracks.boxes[:, 1]).astype(float)
        for row in np.flatnonzero(usable):  # each track has its own number of places; there are a few dozen at most
            places = self._places.setdefault(int(tracks.ids[row]), deque(maxlen=MOST_PLACES))
            if not places and began[row]:
                places.append((float(tracks.started_s[row]), *before[row]))
            places.append((time_s, float(feet[row, 0]), float(feet[row, 1]), float(heights[row])))
            while time_s - places[0][0] > WINDOW_S:
                places.popleft()
            if len(places) >= FEWEST and time_s - places[0][0] >= SHORTEST_S:
                speeds[row], errors[row] = self._fitted(np.array(places))
        return speeds, errors

    def forget(self, track_ids: Iterable[int]) -> None:
        for track in track_ids:
            self._places.pop(track, None)

    def __len__(self) -> int:
        return len(self._places)

    def _fitted(self, places: Points) -> tuple[float, float]:
        """Return speed and standard error from (M, 4) places."""
        times, feet, heights = places[:, 0] - places[:, 0].mean(), places[:, 1:3], places[:, 3]
        metres = self._ground.metres(feet)
        spread = float(times @ times)
        velocity = times @ (metres - metres.mean(axis=0)) / spread
        off = metres - metres.mean(axis=0) - times[:, None] * velocity
        scatter = float(np.sqrt(np.sum(off**2) / max(len(times) - 2, 1)))
        noise = max(scatter, self._jitter_m(feet, heights)) / np.sqrt(spread)
        speed = float(np.hypot(*velocity))
        return speed, float(np.hypot(noise, speed * self._share_off(feet)))

    def _jitter_m(self, feet: Points, heights: Areas) -> float:
        """Return the metres on the ground that the usual jitter of the boxes' lower edge makes."""
        lower = feet + np.column_stack([np.zeros(len(feet)), -BOX_ERROR * heights])
        return float(np.mean(self._ground.distance_m(feet, lower)))

    def _share_off(self, feet: Points) -> float:
        """Return the share by which the calibration may have this stretch too long or too short."""
        first, last = feet[:1], feet[-1:]
        way = float(self._ground.distance_m(first, last)[0])
        return float(self._ground.distance_error_m(first, last)[0]) / way if way > 0.1 else 0.0

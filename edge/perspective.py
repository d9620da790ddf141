"""How tall a person or a vehicle looks where its feet stand: from the calibrated ground, or learned from traffic.

On a flat ground the height of an upright thing in the picture is nearly linear in the place of its foot (Hoiem et al.,
Putting Objects in Perspective, 2008). The line is fitted to what has been seen moving: what moves and is followed is
real, what hangs on the lens or on a wall is not asked.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from edge.geometry import Areas, Points, cut_by_border
from edge.ground import Ground
from edge.tracks import Tracks

Sample: TypeAlias = tuple[float, float, float]  # foot x, foot y, picture heights per metre

HEIGHTS_M: Final = {"person": 1.7, "bicycle": 1.6, "motorcycle": 1.5, "car": 1.5, "bus": 3.1, "truck": 3.0}
MOVED_HEIGHTS: Final = 0.5  # of its own height lies between two samples of a track
MOST_SAMPLES: Final = 400
MOST_OF_ONE: Final = 3  # samples of one track
ENOUGH_SAMPLES, ENOUGH_TRACKS = 40, 20
REFIT_EVERY: Final = 20
LOOSEST: Final = 0.35  # median of |log ratio| of the samples: more, and no plane explains them
BEYOND: Final = 0.08  # of the picture's height past the samples that the line still holds
SMALLEST: Final = 0.004  # picture heights per metre: a person of three pixels in 480


class Perspective:
    """Knows, for one camera, how many picture heights a metre upright is at each place."""

    def __init__(self, ground: Ground | None = None, aspect: float = 16 / 9) -> None:
        self._uprights = None if ground is None else Uprights(ground, aspect)
        self._samples: deque[Sample] = deque(maxlen=MOST_SAMPLES)
        self._last: dict[int, tuple[float, float, int]] = {}  # track → where it was last sampled, and how often
        self._tracks_sampled = 0
        self._news = 0
        self._line: npt.NDArray[np.float64] | None = None  # constant, per x, per y
        self._reach = (0.0, 1.0)  # of foot y

    def learn(self, tracks: Tracks, time_s: float) -> None:
        """Take in what moves."""
        if self._uprights is not None:
            return
        fit = tracks.seen_at(time_s) & np.isin(tracks.labels, list(HEIGHTS_M)) & ~cut_by_border(tracks.boxes)
        for row in np.flatnonzero(fit):  # a handful of tracks, and most leave at the first test
            self._sample(tracks, int(row))
        if self._news >= REFIT_EVERY and self._tracks_sampled >= ENOUGH_TRACKS:
            self._fit()

    def ratios(self, tracks: Tracks) -> Areas | None:
        """Return (N,) height of each track over what is expected there, NaN where nobody knows; None: nowhere."""
        if self._uprights is None and self._line is None:
            return None
        metres = np.array([HEIGHTS_M.get(str(label), np.nan) for label in tracks.labels], np.float64)
        heights = (tracks.boxes[:, 3] - tracks.boxes[:, 1]).astype(np.float64)
        expected = metres * self._per_metre(tracks.feet)
        known = (expected > 0) & ~cut_by_border(tracks.boxes)
        return np.where(known, heights / np.where(known, expected, 1.0), np.nan)

    def forget(self, track_ids: Iterable[int]) -> None:
        for track in track_ids:
            self._last.pop(track, None)

    def _per_metre(self, feet: Points) -> Areas:
        if self._uprights is not None:
            return self._uprights.per_metre(feet)
        if self._line is None:
            return np.full(len(feet), np.nan)
        value = self._line[0] + feet @ self._line[1:]
        low, high = self._reach
        holds = (feet[:, 1] >= low - BEYOND) & (feet[:, 1] <= high + BEYOND) & (value >= SMALLEST)
        return np.where(holds, value, np.nan)

    def _sample(self, tracks: Tracks, row: int) -> None:
        track, box = int(tracks.ids[row]), tracks.boxes[row].astype(float)
        x, y, height = float((box[0] + box[2]) / 2), float(box[3]), float(box[3] - box[1])
        last_x, last_y, count = self._last.get(track, (x, y, 0))
        if track not in self._last:
            self._last[track] = (x, y, 0)
        if count >= MOST_OF_ONE or np.hypot(x - last_x, y - last_y) < MOVED_HEIGHTS * height:
            return
        self._last[track] = (x, y, count + 1)
        self._tracks_sampled += count == 0
        self._news += 1
        self._samples.append((x, y, height / HEIGHTS_M[str(tracks.labels[row])]))

    def _fit(self) -> None:
        """Fit the line to the samples, those far off left out once, and keep it if it explains them."""
        self._news = 0
        if len(self._samples) < ENOUGH_SAMPLES:
            return
        samples = np.array(self._samples)
        rows = np.column_stack([np.ones(len(samples)), samples[:, :2]])
        keep = np.ones(len(samples), np.bool_)
        for _ in range(3):
            weights = 1 / samples[keep, 2]  # errors are shares of the height
            line = np.linalg.lstsq(rows[keep] * weights[:, None], samples[keep, 2] * weights, rcond=None)[0]
            off = np.abs(np.log(np.maximum(rows @ line, SMALLEST) / samples[:, 2]))
            keep = off <= max(3 * float(np.median(off)), 0.1)
        self._reach = (float(samples[:, 1].min()), float(samples[:, 1].max()))
        self._line = line if float(np.median(off)) <= LOOSEST else None


class Uprights:
    """Heights from a calibrated ground: the camera that sees it so is found, with square pixels and no offset."""

    def __init__(self, ground: Ground, aspect: float) -> None:
        self._ground = ground
        to_picture = np.linalg.inv(ground.to_ground)
        self._centred = np.array([[aspect, 0, -aspect / 2], [0, 1, -0.5], [0, 0, 1]]) @ to_picture
        self._up = _up_of(self._centred)

    def per_metre(self, feet: Points) -> Areas:
        """Return (N,) picture heights that a metre upright spans at each foot (N, 2); NaN above the horizon."""
        metres = np.column_stack([self._ground.metres(feet), np.ones(len(feet))])
        foot = metres @ self._centred.T
        top = foot + self._up
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(np.hypot(*(foot[:, :2] / foot[:, 2:] - top[:, :2] / top[:, 2:]).T), np.float64)


def _up_of(h: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return (3,) what a metre upwards adds to a ground point's image under `h` (Zhang 2000, for one view)."""
    a = np.array([h[0, 0] * h[0, 1] + h[1, 0] * h[1, 1], h[0, 0] ** 2 + h[1, 0] ** 2 - h[0, 1] ** 2 - h[1, 1] ** 2])
    b = np.array([h[2, 0] * h[2, 1], h[2, 0] ** 2 - h[2, 1] ** 2])
    inverse_square = float(np.clip(-(a @ b) / max(float(a @ a), 1e-12), 1 / 64, 1 / 0.12))
    focal = 1 / np.sqrt(inverse_square)
    camera = np.diag([focal, focal, 1.0])
    x, y = (np.linalg.solve(camera, h[:, i]) for i in range(2))
    up = camera @ np.cross(x, y) / np.sqrt(np.linalg.norm(x) * np.linalg.norm(y))
    origin = h[:, 2]
    rises = (origin + up)[1] / (origin + up)[2] < origin[1] / origin[2]
    return np.asarray(up if rises else -up, np.float64)

"""Find what has been put into, or taken out of, a picture and now lies still: a background learned at two rates.

The fast background forgets what moves; the slow one remembers what was there before. Where the two disagree and the
picture agrees with the fast one, something has changed for good (Porikli et al. 2008). Light is taken out first: each
background is compared after its large-scale brightness has been matched.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from detectors.picture import Gray

Plane: TypeAlias = npt.NDArray[np.float32]  # (height, width) grey levels
Mask: TypeAlias = npt.NDArray[np.uint8]  # (height, width) 0 or 1
Box: TypeAlias = tuple[float, float, float, float]  # x0 y0 x1 y1, each 0..1

WIDTH: Final = 320
FAST_S: Final = 1.5
SLOW_S: Final = 240.0
FADES_S: Final = 20.0
LEARNS_S: Final = 3.0  # the first background is the plain mean of this
CHANGED: Final = 14.0  # grey levels between the two backgrounds
STILL: Final = 12.0  # grey levels between the picture and the fast background
MOVES: Final = 25.0  # grey levels between the picture and the fast background: somebody walks here
ARRIVAL_S: Final = 5.0  # so long before a spot has settled may its bringer have moved
UPHEAVAL: Final = 0.3  # of the picture changed at once: light or camera, not an object
EDGE: Final = 0.01
BROUGHT: Final = 0.3  # of its surroundings moved just before
STEADY, STEADY_S = 0.6, 5.0  # overlap with itself over so many seconds
MOSTLY: Final = 0.5  # of the time it must be in plain view
LONGEST: Final = 5.0  # longer for its width is a rim or a shadow
ONLY_LIGHT: Final = 0.85
KNOWN_S: Final = 3600.0  # what a place usually shows is remembered for about as long: habits change
ORDINARY: Final = 0.33  # of the time before, in which its place did not show what was usual there: that comes and goes
FILLED: Final = 0.3  # of its box
SMALLEST: Final = 40  # pixels at `WIDTH`
LARGEST: Final = 0.15  # of the picture
HIDDEN_S: Final = 15.0  # so long may people stand in front of it
VANISHES_S: Final = 2.0  # seen to be gone for longer, it is gone
SAME: Final = 0.4  # overlap (IoU) by which a spot is the one seen before


@dataclass(slots=True)
class Spot:
    """A place whose look has changed and stays changed."""

    number: int
    box: Box
    since_s: float
    seen_s: float
    area: int
    evidence: float = 0.0  # summed over the looks: > 0 something was put there, < 0 something was taken away
    learned_s: float = 0.0  # for how long the background had been learned when it came
    brought: float = 0.0  # share of its surroundings that moved just before: somebody was there
    usual_s: float = 0.0  # for how long its place had plainly shown what was there before
    unusual_s: float = 0.0  # and for how long something else, before it came
    settled_box: Box = (0.0, 0.0, 0.0, 0.0)  # the outline that it has kept
    settled_s: float = 0.0  # since then
    clear_s: float = 0.0  # how long it was seen without anybody in front of it
    texture_kept: float = 0.0  # correlation with what was there before: light and shadow change no texture
    is_mover: bool = False  # a person or vehicle was seen with just this outline, before or since
    mask: Mask = field(default_factory=lambda: np.zeros((0, 0), np.uint8), repr=False)

    def is_solid(self, time_s: float) -> bool:
        """Return whether it is a thing: brought by something that moved, keeping its place and outline, seen mostly.

        Clouds and shadows come by themselves and creep; people who stand still change their outline; what touches the
        border is cut by it; strips are the rims of something; people and vehicles that the detector loses are known;
        where the look of a place keeps changing (the shadows of those who wait there), one more change is no thing.
        """
        inner = self.box[0] > EDGE and self.box[1] > EDGE and self.box[2] < 1 - EDGE and self.box[3] < 1 - EDGE
        seen_enough = self.clear_s >= MOSTLY * (time_s - self.since_s)
        height, width = self.mask.shape
        sides = sorted(((self.box[2] - self.box[0]) * width, (self.box[3] - self.box[1]) * height))
        if sides[1] > LONGEST * sides[0] or self.area < FILLED * sides[0] * sides[1] or self.is_mover:
            return False
        if self.texture_kept >= ONLY_LIGHT or self.unusual_s > ORDINARY * (self.usual_s + self.unusual_s):
            return False
        return inner and self.brought >= BROUGHT and time_s - self.settled_s >= STEADY_S and seen_enough


class StillLife:
    """Watches one camera's picture for lasting changes inside a region."""

    def __init__(self) -> None:
        self._fast: Plane = np.zeros((0, 0), np.float32)
        self._slow: Plane = np.zeros((0, 0), np.float32)
        self._moved_s: npt.NDArray[np.float64] = np.zeros((0, 0))  # when each pixel last moved
        self._usual_s: Plane = np.zeros((0, 0), np.float32)  # for how long each pixel showed the slow background
        self._unusual_s: Plane = np.zeros((0, 0), np.float32)  # and for how long something else that stood still
        # Where the slow background has been seen free of people and vehicles.
        self._known: npt.NDArray[np.bool_] = np.zeros((0, 0), np.bool_)
        self._last_s: float | None = None
        self._age_s = 0.0
        self._next = 1
        self.spots: list[Spot] = []

    def update(self, gray: Gray, busy: Mask, time_s: float) -> list[Spot]:
        """Take in one picture. `busy` marks what is known to be people and vehicles: nothing is judged there."""
        plane = np.asarray(cv2.GaussianBlur(gray.astype(np.float32), (0, 0), 1.0), np.float32)
        if self._last_s is None or plane.shape != self._fast.shape:
            self._fast, self._slow = plane.copy(), plane.copy()
            self._known = busy == 0
            self._moved_s = np.full(plane.shape, -np.inf)
            self._usual_s, self._unusual_s = np.zeros_like(plane), np.zeros_like(plane)
            self._last_s, self._age_s, self.spots = time_s, 0.0, []
            return []
        step_s = min(max(time_s - self._last_s, 1e-3), 2.0)
        self._last_s, self._age_s = time_s, self._age_s + step_s
        self._fast += min(1.0, step_s / FAST_S) * (plane - self._fast)
        self._moved_s[(np.abs(plane - self._fast) > MOVES) | (busy > 0)] = time_s
        self._uncover(plane, busy)
        if self._age_s <= LEARNS_S:
            self._slow += (step_s / self._age_s) * (plane - self._slow)
            return []
        lit = self._slow * _light(self._fast, self._slow)
        changed = (np.abs(self._fast - lit) > CHANGED).astype(np.uint8)
        if changed.mean() > UPHEAVAL:
            self._slow, self.spots = self._fast.copy(), []
            self._usual_s[:], self._unusual_s[:] = 0.0, 0.0
            return []
        still = (np.abs(plane - self._fast) < STILL).astype(np.uint8)
        plain = (still > 0) & (busy == 0)
        self._usual_s += step_s * (plain & (changed == 0))
        self._unusual_s += step_s * (plain & (changed > 0))
        fading = self._usual_s + self._unusual_s > KNOWN_S
        self._usual_s[fading] /= 2
        self._unusual_s[fading] /= 2
        self._follow(_blobs(changed & still & (1 - busy)), lit, busy, still, time_s, step_s)
        self._remember(step_s, busy)
        return self.spots

    def accept(self, spot: Spot) -> None:
        """Take what the spot shows now as the usual look."""
        keep = spot.mask.astype(bool)
        self._slow[keep] = self._fast[keep]
        self._usual_s[keep], self._unusual_s[keep] = 0.0, 0.0
        self.spots = [s for s in self.spots if s is not spot]

    def _follow(self, masks: list[Mask], lit: Plane, busy: Mask, still: Mask, time_s: float, step_s: float) -> None:
        left = list(self.spots)
        for mask in masks:
            box = _box(mask)
            same = max(left, key=lambda s: _iou(s.box, box), default=None)
            if same is None or _iou(same.box, box) < SAME:
                same = Spot(
                    self._next,
                    box,
                    time_s,
                    time_s,
                    0,
                    learned_s=self._age_s,
                    brought=self._brought(box, time_s),
                    settled_box=box,
                    settled_s=time_s,
                    usual_s=float(np.median(self._usual_s[mask > 0])),
                    unusual_s=float(np.median(self._unusual_s[mask > 0])),
                )
                self._next += 1
                self.spots.append(same)
            else:
                left.remove(same)
            if _iou(same.settled_box, box) < STEADY:
                same.settled_box, same.settled_s = box, time_s
            same.box, same.mask, same.area, same.seen_s = box, mask, int(mask.sum()), time_s
            same.evidence += _evidence(mask, self._fast, lit)
            same.texture_kept = _texture_kept(mask, self._fast, lit)
            same.clear_s += step_s
        self.spots = [s for s in self.spots if self._stays(s, busy, still, time_s)]

    def _uncover(self, plane: Plane, busy: Mask) -> None:
        """Begin the slow background afresh where whoever stood there from the start has left: they are no ghosts."""
        seen_now = ~self._known & (busy == 0)
        self._slow[seen_now], self._fast[seen_now] = plane[seen_now], plane[seen_now]
        self._usual_s[seen_now], self._unusual_s[seen_now] = 0.0, 0.0
        self._known |= seen_now

    def _stays(self, spot: Spot, busy: Mask, still: Mask, time_s: float) -> bool:
        """Keep a spot that is hidden by somebody for a while; drop one that is plainly no longer there."""
        there = spot.mask.astype(bool)
        hidden = bool(busy[there].mean() > 0.3 or still[there].mean() < 0.6) if there.any() else False
        return time_s - spot.seen_s <= (HIDDEN_S if hidden else VANISHES_S)

    def _brought(self, box: Box, time_s: float) -> float:
        """Return the share of a spot and its surroundings where something moved in the last seconds."""
        x0, y0, x1, y1 = _pixels(box, self._moved_s.shape)
        x0, y0, x1, y1 = _pixels(box, self._moved_s.shape, margin=max(4, (x1 - x0 + y1 - y0) // 4))
        return float(np.mean(time_s - self._moved_s[y0:y1, x0:x1] <= ARRIVAL_S))

    def _remember(self, step_s: float, busy: Mask) -> None:
        """Let the slow background follow, but not under spots nor where somebody stands."""
        held = busy.astype(bool)
        for spot in self.spots:
            x0, y0, x1, y1 = _pixels(spot.box, busy.shape, margin=3)
            held[y0:y1, x0:x1] = True
        # It begins by following fast, so that what drove through its first pictures fades; later on it is slow where
        # something differs: somebody who stands for a while is no background.
        young, slow = (np.float32(min(1.0, step_s / s)) for s in (min(SLOW_S, max(self._age_s, LEARNS_S)), SLOW_S))
        apart = self._fast - self._slow
        rate = np.where((np.abs(apart) > CHANGED) & (self._age_s >= FADES_S), slow, young)
        self._slow = np.where(held, self._slow, self._slow + rate * apart)


def _light(now: Plane, before: Plane) -> Plane:
    """Return by what each part of `before` must be multiplied to be lit like `now`."""
    size = (WIDTH // 8, max(1, now.shape[0] // 8))
    small = [cv2.resize(p, size, interpolation=cv2.INTER_AREA) for p in (now, before)]
    soft = [cv2.GaussianBlur(cv2.medianBlur(p, 5), (0, 0), 2.0) for p in small]
    ratio = np.clip((soft[0] + 8) / (soft[1] + 8), 0.3, 3.0)
    return np.asarray(cv2.resize(ratio, now.shape[::-1], interpolation=cv2.INTER_LINEAR), np.float32)


def _blobs(mask: Mask) -> list[Mask]:
    kernel = np.ones((3, 3), np.uint8)
    solid = cv2.morphologyEx(cv2.morphologyEx(mask, cv2.MORPH_OPEN, kernel), cv2.MORPH_CLOSE, np.ones((7, 7), np.uint8))
    count, names, stats, _ = cv2.connectedComponentsWithStats(solid, connectivity=8)
    largest = LARGEST * mask.size
    wanted = [i for i in range(1, count) if SMALLEST <= stats[i, cv2.CC_STAT_AREA] <= largest]
    return [(names == i).astype(np.uint8) for i in wanted]


def _evidence(mask: Mask, now: Plane, before: Plane) -> float:
    """Return > 0 where the blob looks put down, < 0 where it looks uncovered; about -1..1.

    What was put down differs from its surroundings in brightness and has an outline; what a thing leaves behind when it
    is taken away looks like the surroundings.
    """
    ring = (cv2.dilate(mask, np.ones((9, 9), np.uint8)) - cv2.dilate(mask, np.ones((3, 3), np.uint8))).astype(bool)
    rim = (cv2.dilate(mask, np.ones((5, 5), np.uint8)) - cv2.erode(mask, np.ones((3, 3), np.uint8))).astype(bool)
    inside = mask.astype(bool)
    likeness = [_likeness(plane[inside], plane[ring]) for plane in (now, before)]
    outline = [float(_gradient(plane)[rim].mean()) + 4 for plane in (now, before)]
    return (likeness[1] - likeness[0]) + float(np.clip(np.log(outline[0] / outline[1]), -1, 1))


def _texture_kept(mask: Mask, now: Plane, before: Plane) -> float:
    """Return the correlation, -1..1, of what is seen inside the blob with what was there before; 0 where it is flat."""
    inside = cv2.erode(mask, np.ones((3, 3), np.uint8)).astype(bool)
    inside = inside if np.count_nonzero(inside) >= SMALLEST // 2 else mask.astype(bool)
    a, b = now[inside], before[inside]
    spread = float(a.std() * b.std())
    return float(np.mean((a - a.mean()) * (b - b.mean())) / spread) if spread > 1.0 else 0.0


def _likeness(a: npt.NDArray[np.float32], b: npt.NDArray[np.float32]) -> float:
    """Return 0..1: how far two sets of grey levels have the same distribution."""
    bins = np.arange(0, 257, 16)
    counts = [np.histogram(v, bins)[0] / max(len(v), 1) for v in (a, b)]
    return float(np.sum(np.sqrt(counts[0] * counts[1])))


def _gradient(plane: Plane) -> Plane:
    return np.asarray(np.hypot(cv2.Sobel(plane, cv2.CV_32F, 1, 0), cv2.Sobel(plane, cv2.CV_32F, 0, 1)), np.float32)


def _box(mask: Mask) -> Box:
    x, y, w, h = cv2.boundingRect(mask)
    height, width = mask.shape
    return (x / width, y / height, (x + w) / width, (y + h) / height)


def _pixels(box: Box, shape: tuple[int, ...], margin: int = 0) -> tuple[int, int, int, int]:
    height, width = shape[:2]
    x0, y0 = int(box[0] * width) - margin, int(box[1] * height) - margin
    x1, y1 = int(np.ceil(box[2] * width)) + margin, int(np.ceil(box[3] * height)) + margin
    return max(x0, 0), max(y0, 0), min(x1, width), min(y1, height)


def _iou(a: Box, b: Box) -> float:
    both = max(0.0, min(a[2], b[2]) - max(a[0], b[0])) * max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    areas = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1])
    return both / max(areas - both, 1e-9)

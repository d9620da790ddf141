"""Look again only where the picture has changed: what stands still is as it was at the last look.

A look costs what its area costs, so the window is as small as what changed allows. It is seen at the same scale as the
whole picture, and the whole picture is looked at once a second while anything changes in it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from detectors.crop import outside
from detectors.detections import Boxes, Detections
from detectors.detector import Detector
from detectors.load import load_any_size, load_detector
from detectors.picture import Picture, Region
from detectors.sizes import STEP_PX, Size
from models.card import ModelCard
from models.session import Provider

WHOLE_EVERY_S: Final = 1.0  # while something changes; then twice as long each time that nothing has,
WHOLE_AT_LEAST_EVERY_S: Final = 30.0  # up to this: what is too faint for the thumbnail is still seen
EARLY_S: Final = 0.1  # cameras are not metronomes
LEAST_PX: Final = 192  # of the model's input: a window's least side, so that things are seen in their surroundings
WORTH: Final = 0.7  # of the whole area: what a larger window saves is lost again where its edge cuts something
COLUMNS, ROWS = 160, 90  # of the thumbnail: a cell is 12 px of a 1080p picture
LEAST_CHANGE: Final = 5.0  # grey levels of a cell: a person three cells high in weak contrast
TIMES_NOISE: Final = 6.0
MARGIN: Final = 0.03  # of the picture, around what changed: shadows, and the edge of what moves slowly
EDGE: Final = 0.004  # a box that ends so near to the window's edge is cut by it

Grid = npt.NDArray[np.float32]


class Moment(Protocol):
    """What is needed of a frame; `rtsp.frame.Frame` has it."""

    @property
    def session(self) -> int: ...
    @property
    def time_s(self) -> float: ...
    @property
    def picture(self) -> Picture: ...


@runtime_checkable
class Eyes(Detector, Protocol):
    """A detector of whole pictures that can also look at a part; `detectors.any_size.AnySizeDetector` is one."""

    def scaled(self, picture: Picture) -> Size:
        """Return width and height of the whole picture in pixels of the model's input."""

    def window(self, picture: Picture, region: Region) -> Detections:
        """Return what stands in `region`, in shares of the region. Raises `ModelError`."""


def load_eyes(card: ModelCard, path: Path, *, providers: Sequence[Provider] = ("cpu",), threads: int = 0) -> Detector:
    """Return a detector that can look at windows, where its graph may be rewritten. Raises `ModelError`."""
    eyes = load_any_size(card, path, threads=threads) if providers[0] == "cpu" else None
    return eyes or load_detector(card, path, providers=providers, threads=threads)


@dataclass(slots=True)
class _Memory:
    """What was seen last. then: the thumbnail, each cell as it was when it was last looked at.

    whole_s: when the whole was looked at. wait_s: for how long that holds. stirred: something has changed since.
    """

    session: int
    whole_s: float
    then: Grid
    objects: Detections
    wait_s: float = WHOLE_EVERY_S
    stirred: bool = False

    def holds(self, now_s: float) -> bool:
        """Return whether the last look at everything is recent enough."""
        return 0 <= now_s - self.whole_s < (WHOLE_EVERY_S if self.stirred else self.wait_s) - EARLY_S

    @property
    def next_wait_s(self) -> float:
        """For how long a look at everything will hold now."""
        return WHOLE_EVERY_S if self.stirred else min(2 * self.wait_s, WHOLE_AT_LEAST_EVERY_S)


class Attention:
    """One camera's memory of what stands where. Not thread-safe: one thread at a time."""

    def __init__(self) -> None:
        self._memory: _Memory | None = None
        self.looks = {"whole": 0, "window": 0, "unchanged": 0}

    def look(self, eyes: Eyes, moment: Moment) -> Detections:
        """Return what stands in the whole picture now, having looked at as little as possible. Raises `ModelError`."""
        now = moment.picture.gray(COLUMNS, ROWS).astype(np.float32)
        memory = self._memory
        if memory is None or memory.session != moment.session:
            return self._whole(eyes, moment, now, WHOLE_EVERY_S)
        changed = changed_cells(now, memory.then)
        memory.stirred |= bool(changed.any())
        if not memory.holds(moment.time_s):
            return self._whole(eyes, moment, now, memory.next_wait_s)
        if not changed.any():
            self.looks["unchanged"] += 1
            return memory.objects
        core = grown(bounds(changed), memory.objects.boxes)
        window = window_around(core, eyes.scaled(moment.picture))
        if window is None:
            return self._whole(eyes, moment, now, WHOLE_EVERY_S)
        return self._part(eyes, moment, now, core, window)

    def _whole(self, eyes: Eyes, moment: Moment, now: Grid, wait_s: float) -> Detections:
        objects = eyes.detect([moment.picture])[0]
        self._memory = _Memory(moment.session, moment.time_s, now, objects, wait_s)
        self.looks["whole"] += 1
        return objects

    def _part(self, eyes: Eyes, moment: Moment, now: Grid, core: Region, window: Region) -> Detections:
        memory = self._memory
        assert memory is not None
        seen = eyes.window(moment.picture, window)
        found = Detections(outside(window, seen.boxes), seen.scores, seen.labels)
        found = found[centred_in(found.boxes, core)]
        if cut_off(found.boxes, window).any():
            return self._whole(eyes, moment, now, WHOLE_EVERY_S)
        kept = memory.objects[~centred_in(memory.objects.boxes, core)]
        memory.objects = Detections.joined([found, kept])
        cells = _cells(window)
        memory.then[cells] = now[cells]
        self.looks["window"] += 1
        return memory.objects


def changed_cells(now: Grid, then: Grid) -> npt.NDArray[np.bool_]:
    """Return (rows, columns) which cells changed more than the light as a whole and the sensor's noise."""
    change = now - then
    change = np.abs(change - np.median(change))
    noise = 1.4826 * float(np.median(change))
    changed: npt.NDArray[np.bool_] = change >= max(LEAST_CHANGE, TIMES_NOISE * noise)
    return changed


def bounds(cells: npt.NDArray[np.bool_]) -> Region:
    """Return the region around all that is set, with a margin."""
    rows, columns = np.flatnonzero(cells.any(axis=1)), np.flatnonzero(cells.any(axis=0))
    high, wide = cells.shape
    return (
        max(0.0, columns[0] / wide - MARGIN),
        max(0.0, rows[0] / high - MARGIN),
        min(1.0, (columns[-1] + 1) / wide + MARGIN),
        min(1.0, (rows[-1] + 1) / high + MARGIN),
    )


def grown(region: Region, boxes: Boxes) -> Region:
    """Return `region` made large enough to hold every one of (N, 4) `boxes` that it touches, whole."""
    left = boxes
    while len(left):
        x0, y0, x1, y1 = region
        touches = (left[:, 0] < x1) & (left[:, 2] > x0) & (left[:, 1] < y1) & (left[:, 3] > y0)
        if not touches.any():
            break
        least, most = left[touches, :2].min(axis=0), left[touches, 2:].max(axis=0)
        region = (min(x0, least[0]), min(y0, least[1]), max(x1, most[0]), max(y1, most[1]))
        left = left[~touches]
    return region


def window_around(core: Region, size: Size) -> Region | None:
    """Return the least window with `core` and air around it, in shares; None where it saves too little.

    `size`: width and height of the whole picture in pixels of the model's input, in whose steps the window comes.
    """
    x0, x1 = _span(core[0], core[2], size[0])
    y0, y1 = _span(core[1], core[3], size[1])
    return (x0, y0, x1, y1) if (x1 - x0) * (y1 - y0) <= WORTH else None


def _span(low: float, high: float, side_px: int) -> tuple[float, float]:
    """Return start and end of a window on one axis, inside the picture, with what it must hold in its middle."""
    wanted_px = max(LEAST_PX, (high - low + MARGIN) * side_px)
    length = min(1.0, STEP_PX * math.ceil(wanted_px / STEP_PX) / side_px)
    start = min(max(0.0, (low + high - length) / 2), 1 - length)
    return start, start + length


def centred_in(boxes: Boxes, region: Region) -> npt.NDArray[np.bool_]:
    """Return (N,) which of (N, 4) `boxes` have their middle in `region`."""
    x, y = (boxes[:, 0] + boxes[:, 2]) / 2, (boxes[:, 1] + boxes[:, 3]) / 2
    inside: npt.NDArray[np.bool_] = (x >= region[0]) & (x < region[2]) & (y >= region[1]) & (y < region[3])
    return inside


def cut_off(boxes: Boxes, window: Region) -> npt.NDArray[np.bool_]:
    """Return (N,) which of (N, 4) `boxes` end at an edge of `window` that is no edge of the picture."""
    x0, y0, x1, y1 = window
    cut: npt.NDArray[np.bool_] = (
        ((boxes[:, 0] < x0 + EDGE) & (x0 > 0))
        | ((boxes[:, 1] < y0 + EDGE) & (y0 > 0))
        | ((boxes[:, 2] > x1 - EDGE) & (x1 < 1 - 1e-6))
        | ((boxes[:, 3] > y1 - EDGE) & (y1 < 1 - 1e-6))
    )
    return cut


def _cells(window: Region) -> tuple[slice, slice]:
    """Return rows and columns of the thumbnail that lie in `window` as a whole."""
    x0, y0, x1, y1 = window
    rows = slice(int(np.ceil(y0 * ROWS - 1e-6)), int(y1 * ROWS + 1e-6))
    return rows, slice(int(np.ceil(x0 * COLUMNS - 1e-6)), int(x1 * COLUMNS + 1e-6))

"""Looks at a picture through overlapping tiles, so that small objects are seen large, and joins what tiles cut."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from detectors.crop import Crop, outside
from detectors.detections import Boxes, Detections
from detectors.detector import Detector
from detectors.picture import WHOLE, Picture, Region
from detectors.suppress import pairs, survivors

EDGE = 0.004  # of the picture: a box that ends this near to a tile's inner edge is taken as cut by it
SAME_IOU = 0.5  # two tiles' boxes that overlap more are one object
WITHIN = 0.6  # a cut box that lies in another by this share is a piece of it
NO_ALIKE: Mapping[str, str] = MappingProxyType({})
ALIGNED = 0.6  # two halves of one object agree on their other axis by this IoU


def grid(columns: int, rows: int, overlap: float = 0.15) -> tuple[Region, ...]:
    """Return `columns` x `rows` tiles over the whole picture; neighbours share `overlap` of a tile."""
    return band(0.0, 1.0, columns, rows, overlap)


def band(top: float, bottom: float, columns: int, rows: int = 1, overlap: float = 0.15) -> tuple[Region, ...]:
    """Return tiles over the strip between `top` and `bottom` (0..1), such as the far end of a road."""
    xs = _spans(0.0, 1.0, columns, overlap)
    ys = _spans(top, bottom, rows, overlap)
    return tuple((x0, y0, x1, y1) for y0, y1 in ys for x0, x1 in xs)


class TiledDetector:
    """A detector over another: looks at the whole picture and at each tile, and reports each object once."""

    def __init__(
        self,
        detector: Detector,
        tiles: Sequence[Region],
        *,
        whole: bool = True,
        alike: Sequence[Sequence[str]] = (),
    ) -> None:
        """`tiles` as from `grid` or `band`; `whole` also looks at the whole picture, for what is larger than a tile.

        `alike`: groups of labels that one object may be given by different tiles, as in the model's card.
        """
        self._detector = detector
        self._alike = {label: group[0] for group in alike for label in group}
        self._regions: tuple[Region, ...] = ((WHOLE,) if whole else ()) + tuple(tiles)
        if not self._regions:
            raise ValueError("a tiled detector needs at least one tile")

    @property
    def labels(self) -> tuple[str, ...]:
        return self._detector.labels

    def detect(self, pictures: Sequence[Picture]) -> list[Detections]:
        """Return one `Detections` for each picture. All tiles of all pictures go to the detector in one call."""
        looks = [Crop(picture, region) for picture in pictures for region in self._regions]
        found = self._detector.detect(looks)
        n = len(self._regions)
        return [joined(found[i * n : (i + 1) * n], self._regions, self._alike) for i in range(len(pictures))]


@dataclass(frozen=True, slots=True, eq=False)
class _Pieces:
    """What the tiles of one picture show. tiles: (N,) which tile.  cuts: (N, 4) bool, cut at x0 y0 x1 y1."""

    found: Detections
    tiles: npt.NDArray[np.int64]
    cuts: npt.NDArray[np.bool_]

    def __getitem__(self, keep: npt.NDArray[np.bool_] | npt.NDArray[np.int64]) -> _Pieces:
        return _Pieces(self.found[keep], self.tiles[keep], self.cuts[keep])


def joined(found: Sequence[Detections], regions: Sequence[Region], alike: Mapping[str, str] = NO_ALIKE) -> Detections:
    """Return what `regions` of one picture show, in shares of the picture: halves joined, repeats dropped.

    `alike` gives each easily confused label the name of its group.
    """
    moved = [
        Detections(outside(region, one.boxes), one.scores, one.labels)
        for one, region in zip(found, regions, strict=True)
    ]
    cuts = [_cuts(one.boxes, region) for one, region in zip(moved, regions, strict=True)]
    tiles = np.repeat(np.arange(len(moved)), [len(one) for one in moved])
    pieces = _Pieces(Detections.joined(moved), tiles, np.concatenate(cuts))
    return _without_repeats(_with_halves_joined(pieces), alike).found


def _spans(start: float, end: float, count: int, overlap: float) -> list[tuple[float, float]]:
    length = (end - start) / (count - (count - 1) * overlap)
    step = length * (1 - overlap)
    return [(start + i * step, min(end, start + i * step + length)) for i in range(count)]


def _cuts(boxes: Boxes, region: Region) -> npt.NDArray[np.bool_]:
    """Return (N, 4) bool: the box ends at this edge of its tile, and the picture goes on behind it."""
    edges = np.array(region, np.float32)
    inner = np.array([region[0] > EDGE, region[1] > EDGE, region[2] < 1 - EDGE, region[3] < 1 - EDGE])
    cuts: npt.NDArray[np.bool_] = (np.abs(boxes - edges) < EDGE) & inner
    return cuts


def _with_halves_joined(pieces: _Pieces) -> _Pieces:
    """Let the two halves of an object that a seam cuts become one box, with the surer half's score."""
    boxes, cuts = pieces.found.boxes.copy(), pieces.cuts.copy()
    one_kind = (pieces.found.labels[:, None] == pieces.found.labels) & (pieces.tiles[:, None] != pieces.tiles)
    overlap = pairs(boxes).shared > 0
    for axis in (0, 1):
        facing = np.logical_and.outer(cuts[:, axis + 2], cuts[:, axis])  # the left piece is cut on its right, and so on
        halves = one_kind & overlap & facing & (_aligned(boxes, 1 - axis) > ALIGNED)
        for left, right in np.argwhere(halves):
            both = np.stack([boxes[left], boxes[right]])
            boxes[left] = boxes[right] = np.concatenate([both[:, :2].min(axis=0), both[:, 2:].max(axis=0)])
            cuts[left, axis + 2] = cuts[right, axis] = False
    return _Pieces(Detections(boxes, pieces.found.scores, pieces.found.labels), pieces.tiles, cuts)


def _aligned(boxes: Boxes, axis: int) -> npt.NDArray[np.float32]:
    """Return (N, N) IoU of the boxes' extents along one axis."""
    low, high = boxes[:, axis], boxes[:, axis + 2]
    shared = np.maximum(np.minimum(high[:, None], high) - np.maximum(low[:, None], low), 0)
    together = np.maximum(high[:, None], high) - np.minimum(low[:, None], low)
    aligned: npt.NDArray[np.float32] = shared / np.maximum(together, np.finfo(np.float32).tiny)
    return aligned


def _without_repeats(pieces: _Pieces, alike: Mapping[str, str]) -> _Pieces:
    """Drop what another tile shows better: uncut boxes win over cut ones, then sure ones over doubtful ones."""
    order = np.lexsort((-pieces.found.scores, pieces.cuts.any(axis=1)))
    ordered = pieces[order]
    overlap = pairs(ordered.found.boxes)
    other_tile = ordered.tiles[:, None] != ordered.tiles
    groups = np.array([alike.get(label, label) for label in ordered.found.labels.tolist()], np.str_)
    one_label = groups[:, None] == groups
    a_piece = (overlap.within > WITHIN) & ordered.cuts.any(axis=1)
    beats = np.triu(other_tile & one_label & ((overlap.iou > SAME_IOU) | a_piece), k=1)
    kept = ordered[survivors(beats)]
    return kept[np.argsort(-kept.found.scores, kind="stable")]

"""Cut and disturb training crops: around a plume, anywhere, with a drawn plume, near range, or empty."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from models.training.disturb import disturbed
from models.training.hard import HardViews, Look
from models.training.night import FLAME, dusky, flames_of, night
from models.training.pictures import Labelled
from models.training.plumes import Plume, blend
from models.training.recipe import Recipe

Image = npt.NDArray[np.uint8]
Size: TypeAlias = tuple[int, int]  # width, height in pixels
KEPT_SHARE = 0.35  # a box of which less lies inside the crop is no longer recognisable as smoke
THICK_FROM = 0.2  # of a picture's width: a plume as large as this is near, and no thin veil
DUSK_SHARE = 0.25  # near pictures shown as at night: flames glow, what is around them goes dark
WIDE_LEAST = 0.85  # zoom of a wide crop: below it, it would be padding more than picture
BEYOND = 0.12  # of the crop: how far it may reach over the picture's edge
LARGEST_ZOOM = 5.0  # a plume of 1/10 of a picture then fills half of a wide crop; beyond, it is only blur
FILLING = 1.5  # times the crop: how far a large plume reaches out of it
SLACK = 0.25  # of a plume: how far its middle may lie from the crop's when it fills it
GREY_SHARE = 0.15  # cameras that switch to infrared show grey by day as well


@dataclass(frozen=True, slots=True, eq=False)
class Crop:
    """pixels: (H, W, 3) uint8 BGR.   boxes: (N, 4) float32 x0 y0 x1 y1, 0..1 of the crop.   classes: (N,) int64."""

    pixels: Image
    boxes: npt.NDArray[np.float32]
    classes: npt.NDArray[np.int64]


class CropMaker:
    """Draws crops without end from the pictures of one recipe."""

    def __init__(
        self, recipe: Recipe, far: Sequence[Labelled], near: Sequence[Labelled], empty: Sequence[Labelled]
    ) -> None:
        self._recipe = recipe
        self._rng = np.random.default_rng(recipe.seed)
        clear = [item for item in [*far, *near] if not len(item.boxes)]
        clear_far = [item for item in far if not len(item.boxes)]
        self.hard = HardViews([*clear, *empty])
        self._flames = flames_of(list(near))
        self._pools: Mapping[str, Sequence[Labelled]] = {
            "far": [item for item in far if len(item.boxes)],
            "far_anywhere": [*clear_far, *clear_far, *far],
            "synthetic": [*clear_far, *empty],
            "near": near,
            "empty": empty,
            "hard": [*clear, *empty],
            "night": [*clear, *empty],
        }
        shares = recipe.mix.model_dump()
        self._kinds = [kind for kind, pool in self._pools.items() if pool and shares[kind] > 0]
        weights = np.array([shares[kind] for kind in self._kinds])
        self._odds = weights / weights.sum()
        self._by_camera = {kind: _by_camera(pool) for kind, pool in self._pools.items()}

    def batch(self) -> list[Crop]:
        """Return the crops of one step: all of the recipe's size, or a quarter as many of twice the sides."""
        if self._rng.random() < self._recipe.wide_share:
            return [self.draw(wide=True) for _ in range(max(1, self._recipe.batch // 4))]
        return [self.draw() for _ in range(self._recipe.batch)]

    def draw(self, *, wide: bool = False) -> Crop:
        """Return the next crop, `wide` ones with twice the sides."""
        kind = str(self._rng.choice(self._kinds, p=self._odds))
        width, height = self._recipe.crop
        crop = self._of_kind(kind, (2 * width, 2 * height) if wide else (width, height))
        is_flame = bool(np.any(crop.classes == FLAME))  # grey flame is white smoke
        return Crop(disturbed(crop.pixels, self._rng, 0.0 if is_flame else GREY_SHARE), crop.boxes, crop.classes)

    def search_hard(self, look: Look) -> int:
        """Let `look` find false alarms to draw crops around; return how many it found."""
        return self.hard.search(look, self._recipe.mine, self._rng)

    def _of_kind(self, kind: str, size: Size) -> Crop:
        if kind == "hard" and len(self.hard):
            alarm = self.hard.pick(self._rng)
            return self._around(alarm.item, alarm.box, size)
        item = self._pick(kind)
        if kind == "synthetic":
            item = self._with_plume(item, wide=size != self._recipe.crop)
        if kind == "night":
            item = night(item, self._flames, self._rng)
        if kind in {"far", "synthetic", "night"} and len(item.boxes):
            return self._around(item, item.boxes[int(self._rng.integers(len(item.boxes)))], size)
        if kind == "near":
            return self._whole(dusky(item, self._rng) if self._rng.random() < DUSK_SHARE else item, size)
        return self._anywhere(item, size)

    def _pick(self, kind: str) -> Labelled:
        # Half by camera, half by picture: one camera with many pictures must not stand for all of them.
        pool = self._pools[kind]
        if self._rng.random() < 0.5:
            cameras = self._by_camera[kind]
            pool = cameras[int(self._rng.integers(len(cameras)))]
        return pool[int(self._rng.integers(len(pool)))]

    def _with_plume(self, item: Labelled, *, wide: bool) -> Labelled:
        height, width = item.pixels.shape[:2]
        least, most = (0.06, 0.7) if wide else (0.02, 0.25)  # of the width: no more fits into a narrow crop
        tall = width * float(np.exp(self._rng.uniform(np.log(least), np.log(most))))
        at = (int(self._rng.uniform(0.03, 0.97) * width), int(self._rng.uniform(0.4, 0.8) * height))
        thick = tall > THICK_FROM * width
        pixels, box = blend(item.pixels, Plume.drawn(self._rng, tall, thick=thick), at)
        if box is None:
            return item
        boxes = np.vstack([item.boxes, np.array([box], np.float32)])
        return Labelled(item.name, item.camera, pixels, boxes, np.append(item.classes, 0))

    def _around(self, item: Labelled, box: npt.NDArray[np.float32], size: Size) -> Crop:
        fits = float(np.min(np.array(size) / np.maximum(1, box[2:] - box[:2])) / _native(item))
        least, most = self._scale(size)
        if size != self._recipe.crop and self._rng.random() < 0.5:  # near hills: smoke fills the view and leaves it
            zoom = self._zoom(min(least, fits), min(LARGEST_ZOOM, FILLING * fits), item)
        else:
            zoom = self._zoom(min(least, 1.1 * fits), min(most, 1.1 * fits), item)
        middle = (box[:2] + box[2:]) / 2
        slack = np.maximum(SLACK * (box[2:] - box[:2]), np.array(size) / zoom - (box[2:] - box[:2])) / 2
        return self._cut(item, _within(item, middle + self._rng.uniform(-1, 1, 2) * slack, zoom, size), zoom, size)

    def _anywhere(self, item: Labelled, size: Size) -> Crop:
        height, width = item.pixels.shape[:2]
        zoom = self._zoom(*self._scale(size), item)
        middle = self._rng.uniform(0.1, 0.9, 2) * (width, height)
        return self._cut(item, _within(item, middle, zoom, size), zoom, size)

    def _whole(self, item: Labelled, size: Size) -> Crop:
        height, width = item.pixels.shape[:2]
        fit = min(size[0] / width, size[1] / height)
        zoom = fit * float(np.exp(self._rng.uniform(np.log(0.5), np.log(2.0))))
        return self._cut(item, np.array([width, height]) * self._rng.uniform(0.35, 0.65, 2), zoom, size)

    def _scale(self, size: Size) -> tuple[float, float]:
        least, most = self._recipe.scale
        return (max(least, WIDE_LEAST), most) if size != self._recipe.crop else (least, most)

    def _zoom(self, least: float, most: float, item: Labelled) -> float:
        return _native(item) * float(np.exp(self._rng.uniform(np.log(least), np.log(max(least, most)))))

    def _cut(self, item: Labelled, middle: npt.NDArray[np.float64], zoom: float, size: Size) -> Crop:
        width, height = size
        stretch = float(np.exp(self._rng.normal(0, 0.12)))  # cameras' pictures come squeezed to other shapes
        sx = zoom * stretch * (-1 if self._rng.random() < 0.5 else 1)
        sy = zoom / stretch
        shift = (width / 2 - sx * middle[0], height / 2 - sy * middle[1])
        matrix = np.array([[sx, 0, shift[0]], [0, sy, shift[1]]])
        how = cv2.INTER_AREA if zoom < 0.6 else cv2.INTER_LINEAR
        pixels = cv2.warpAffine(item.pixels, matrix, (width, height), flags=how, borderValue=(114, 114, 114))
        boxes = item.boxes.astype(np.float64) * [sx, sy, sx, sy] + [*shift, *shift]
        boxes = np.hstack([np.minimum(boxes[:, :2], boxes[:, 2:]), np.maximum(boxes[:, :2], boxes[:, 2:])])
        inside = boxes.clip(0, [width, height, width, height])
        kept = _area(inside) >= KEPT_SHARE * _area(boxes)
        share = (inside[kept] / [width, height, width, height]).astype(np.float32)
        return Crop(np.asarray(pixels, np.uint8), share, item.classes[kept])


def _within(item: Labelled, middle: npt.NDArray[np.float64], zoom: float, size: Size) -> npt.NDArray[np.float64]:
    """Return `middle` moved so that the crop around it is filled by the picture, as far as that goes."""
    half = (0.5 - BEYOND) * np.array(size) / zoom
    far = np.array(item.pixels.shape[1::-1]) - half
    return np.asarray(middle.clip(np.minimum(half, far), np.maximum(half, far)))


def _native(item: Labelled) -> float:
    return 640.0 / float(max(item.pixels.shape))  # zooms are stated for views 640 pixels wide


def _by_camera(pool: Sequence[Labelled]) -> Sequence[Sequence[Labelled]]:
    groups: dict[str, list[Labelled]] = {}
    for item in pool:
        groups.setdefault(item.camera, []).append(item)
    return list(groups.values())


def _area(boxes: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.asarray((boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1]), np.float64)

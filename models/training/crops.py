"""Cut and disturb training crops: around a plume, anywhere, with a drawn plume, near range, or empty."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from models.training.pictures import Labelled
from models.training.plumes import Plume, blend
from models.training.recipe import LABELS, Recipe

Image = npt.NDArray[np.uint8]
KEPT_SHARE = 0.35  # a box of which less lies inside the crop is no longer recognisable as smoke
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
        clear = [item for item in far if not len(item.boxes)]
        self._pools: Mapping[str, Sequence[Labelled]] = {
            "far": [item for item in far if len(item.boxes)],
            "far_anywhere": [*clear, *clear, *far],
            "synthetic": [*clear, *empty],
            "near": near,
            "empty": empty,
        }
        shares = recipe.mix.model_dump()
        self._kinds = [kind for kind, pool in self._pools.items() if pool and shares[kind] > 0]
        weights = np.array([shares[kind] for kind in self._kinds])
        self._odds = weights / weights.sum()
        self._by_camera = {kind: _by_camera(pool) for kind, pool in self._pools.items()}

    def draw(self) -> Crop:
        """Return the next crop."""
        kind = str(self._rng.choice(self._kinds, p=self._odds))
        item = self._pick(kind)
        if kind == "synthetic":
            item = self._with_plume(item)
        if kind in {"far", "synthetic"} and len(item.boxes):
            crop = self._around_a_box(item)
        elif kind == "near":
            crop = self._whole(item)
        else:
            crop = self._anywhere(item)
        grey = 0.0 if np.any(crop.classes == LABELS.index("flame")) else GREY_SHARE  # grey flame is white smoke
        return Crop(disturbed(crop.pixels, self._rng, grey), crop.boxes, crop.classes)

    def _pick(self, kind: str) -> Labelled:
        # Half by camera, half by picture: one camera with many pictures must not stand for all of them.
        pool = self._pools[kind]
        if self._rng.random() < 0.5:
            cameras = self._by_camera[kind]
            pool = cameras[int(self._rng.integers(len(cameras)))]
        return pool[int(self._rng.integers(len(pool)))]

    def _with_plume(self, item: Labelled) -> Labelled:
        height, width = item.pixels.shape[:2]
        tall = width * float(np.exp(self._rng.uniform(np.log(0.02), np.log(0.25))))
        at = (int(self._rng.uniform(0.03, 0.97) * width), int(self._rng.uniform(0.4, 0.8) * height))
        pixels, box = blend(item.pixels, Plume.drawn(self._rng, tall), at)
        if box is None:
            return item
        boxes = np.vstack([item.boxes, np.array([box], np.float32)])
        return Labelled(item.name, item.camera, pixels, boxes, np.append(item.classes, 0))

    def _around_a_box(self, item: Labelled) -> Crop:
        box = item.boxes[int(self._rng.integers(len(item.boxes)))]
        width, height = self._recipe.crop
        fits = 1.1 * min(width / (box[2] - box[0]), height / (box[3] - box[1]))
        least, most = self._recipe.scale
        zoom = self._zoom(min(least, fits), min(most, fits), item)
        middle = (box[:2] + box[2:]) / 2
        slack = np.maximum(0, np.array([width, height]) / zoom - (box[2:] - box[:2])) / 2
        return self._cut(item, middle + self._rng.uniform(-1, 1, 2) * slack, zoom)

    def _anywhere(self, item: Labelled) -> Crop:
        height, width = item.pixels.shape[:2]
        middle = self._rng.uniform(0.1, 0.9, 2) * (width, height)
        return self._cut(item, middle, self._zoom(*self._recipe.scale, item))

    def _whole(self, item: Labelled) -> Crop:
        height, width = item.pixels.shape[:2]
        fit = min(self._recipe.crop[0] / width, self._recipe.crop[1] / height)
        zoom = fit * float(np.exp(self._rng.uniform(np.log(0.5), np.log(2.0))))
        return self._cut(item, np.array([width, height]) * self._rng.uniform(0.35, 0.65, 2), zoom)

    def _zoom(self, least: float, most: float, item: Labelled) -> float:
        native = 640 / max(item.pixels.shape)  # zoom is stated for views 640 pixels wide
        return float(native * np.exp(self._rng.uniform(np.log(least), np.log(max(least, most)))))

    def _cut(self, item: Labelled, middle: npt.NDArray[np.float64], zoom: float) -> Crop:
        width, height = self._recipe.crop
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


def disturbed(pixels: Image, rng: np.random.Generator, grey: float = 0.0) -> Image:
    """Return `pixels` with another exposure, tint and sharpness, sometimes grey (infrared), sometimes compressed."""
    gain, bias = rng.uniform(0.65, 1.4), rng.uniform(-25, 25)
    tint = rng.normal(1, 0.06, 3)
    out: Any = (pixels.astype(np.float32) * (gain * tint) + bias).clip(0, 255).astype(np.uint8)
    if rng.random() < grey:
        out = cv2.cvtColor(cv2.cvtColor(out, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    if rng.random() < 0.15:
        out = cv2.GaussianBlur(out, (0, 0), float(rng.uniform(0.4, 1.5)))
    if rng.random() < 0.3:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 80))]
        out = cv2.imdecode(cv2.imencode(".jpg", out, quality)[1], cv2.IMREAD_COLOR)
    if rng.random() < 0.15:
        out = (out + rng.normal(0, rng.uniform(2, 10), out.shape)).clip(0, 255).astype(np.uint8)
    return np.asarray(out, np.uint8)


def _by_camera(pool: Sequence[Labelled]) -> Sequence[Sequence[Labelled]]:
    groups: dict[str, list[Labelled]] = {}
    for item in pool:
        groups.setdefault(item.camera, []).append(item)
    return list(groups.values())


def _area(boxes: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.asarray((boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1]), np.float64)

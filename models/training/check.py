"""Look at whole pictures with a network under training: held-out ones for figures, clear ones for false alarms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from models.training.hard import LEAST_SCORE, Look
from models.training.pictures import Labelled
from models.training.recipe import LABELS
from models.training.score import Boxed, Figures, figures, read_yolo

CHECK_SIZE = (640, 480)  # width, height: the product's coarse look at a whole 4:3 picture
FINE_SIZE = (1280, 960)  # and about the scale of its fine look along the horizon


def check(model: Any, held: Sequence[Labelled], device: Any) -> dict[str, Figures]:
    """Return the figures of `model` on whole held-out pictures, for each label that is in any of them."""
    found = [look(model, item.pixels, CHECK_SIZE, device) for item in held]
    result = {}
    for number, label in enumerate(LABELS):
        truth = [item.boxes[item.classes == number] for item in held]
        if sum(map(len, truth)):
            result[label] = figures([one[number] for one in found], truth)
    return result


def balance(found: dict[str, Figures]) -> float:
    """Return the one number by which checkpoints are compared: smoke counts twice, flame once."""
    weights = {"smoke": 2.0, "flame": 1.0}
    return sum(weights[label] * (one.ap50 + one.f1) for label, one in found.items())


def row(found: dict[str, Figures]) -> dict[str, float]:
    """Return the figures for a report: smoke's by their names, flame's with its name before."""
    names = ("ap50", "ap20", "precision", "recall", "f1", "confidence")
    smoke = {name: getattr(found["smoke"], name) for name in names} if "smoke" in found else {}
    flame = {f"flame_{name}": getattr(found["flame"], name) for name in names} if "flame" in found else {}
    return {**smoke, **flame}


def false_alarms(model: Any, device: Any, rng: np.random.Generator) -> Look:
    """Return what finds the boxes of any label in a clear picture, coarsely or finely by turns of luck."""

    def seen(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        size = FINE_SIZE if rng.random() < 0.5 else CHECK_SIZE
        found = look(model, pixels, size, device, least=LEAST_SCORE)
        return np.concatenate([one.boxes for one in found])

    return seen


def look(
    model: Any, pixels: npt.NDArray[np.uint8], size: tuple[int, int], device: Any, least: float = 0.01
) -> list[Boxed]:
    """Return for each label what `model` sees in a whole (H, W, 3) picture, fitted into `size`; boxes in its pixels."""
    import torch

    canvas, zoom = fitted(pixels, size)
    batch = torch.from_numpy(to_planes(canvas)[None]).to(device, memory_format=torch.channels_last)
    with torch.no_grad(), torch.autocast(device.type, torch.bfloat16):
        output = model(batch)[0][0].float().cpu().numpy()
    found = [read_yolo(output, label, least) for label in range(len(LABELS))]
    return [Boxed(one.boxes / np.float32(zoom), one.scores) for one in found]


def fitted(pixels: npt.NDArray[np.uint8], size: tuple[int, int]) -> tuple[npt.NDArray[np.uint8], float]:
    """Return the picture scaled to fit `size` (width, height), grey at right and below, and the zoom."""
    zoom = min(size[0] / pixels.shape[1], size[1] / pixels.shape[0])
    small = cv2.resize(pixels, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_AREA if zoom < 1 else cv2.INTER_LINEAR)
    canvas = np.full((size[1], size[0], 3), 114, np.uint8)
    canvas[: small.shape[0], : small.shape[1]] = small[: size[1], : size[0]]
    return canvas, zoom


def to_planes(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Return (3, H, W) float32 RGB 0..1 of a (H, W, 3) BGR picture."""
    return np.ascontiguousarray(pixels[..., ::-1].transpose(2, 0, 1), np.float32) / np.float32(255)

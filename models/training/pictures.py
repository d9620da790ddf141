"""Labelled pictures in memory: read once, kept small, split by camera and never at random."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from models.errors import ModelError
from models.training.recipe import LABELS, Part

SUFFIXES = {".jpg", ".jpeg", ".png"}
LONGEST_PX = 1024  # larger pictures are scaled down on reading: a crop never needs more, and memory is finite


@dataclass(frozen=True, slots=True, eq=False)
class Labelled:
    """One picture. pixels: (H, W, 3) uint8 BGR.   boxes: (N, 4) float32 x0 y0 x1 y1, pixels.   classes: (N,) int64."""

    name: str
    camera: str
    pixels: npt.NDArray[np.uint8]
    boxes: npt.NDArray[np.float32]
    classes: npt.NDArray[np.int64]


def read_part(part: Part) -> tuple[list[Labelled], list[Labelled]]:
    """Return (to train on, held out) of one folder; raises `ModelError` naming the first file that cannot be read."""
    cameras = _cameras(part.folder / "index.csv")
    train: list[Labelled] = []
    held: list[Labelled] = []
    for file in _files(part.folder):
        item = _read(file, cameras.get(file.name, ""))
        is_held = item.camera in part.hold_out or any(fnmatch(item.name, each) for each in part.hold_out_files)
        (held if is_held else train).append(item)
    if not train:
        raise ModelError(f"{part.folder}: there are no pictures to train on")
    return train, held


def _files(folder: Path) -> Iterable[Path]:
    images = folder / "images" if (folder / "images").is_dir() else folder
    if not images.is_dir():
        raise ModelError(f"{folder}: there is no such folder")
    return sorted(file for file in images.iterdir() if file.suffix.lower() in SUFFIXES)


def _cameras(index: Path) -> dict[str, str]:
    if not index.exists():
        return {}
    with index.open(newline="", encoding="utf-8") as rows:
        return {row["image"]: row["camera"] for row in csv.DictReader(rows)}


def _read(file: Path, camera: str) -> Labelled:
    pixels = cv2.imread(str(file), cv2.IMREAD_COLOR)
    if pixels is None:
        raise ModelError(f"{file}: not a picture")
    shrink = LONGEST_PX / max(pixels.shape)
    if shrink < 1:
        pixels = cv2.resize(pixels, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
    labels = file.parent.parent / "labels" / f"{file.stem}.txt"
    rows = list(_rows(labels)) if file.parent.name == "images" and labels.exists() else []
    height, width = pixels.shape[:2]
    table = np.array(rows, np.float32).reshape(-1, 5)
    middle, half = table[:, 1:3], table[:, 3:5] / 2
    boxes = np.hstack([middle - half, middle + half]).clip(0, 1) * np.array([width, height] * 2, np.float32)
    return Labelled(
        file.name, camera, np.asarray(pixels, np.uint8), boxes.astype(np.float32), table[:, 0].astype(np.int64)
    )


def _rows(labels: Path) -> Iterator[list[float]]:
    for number, line in enumerate(labels.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip():
            continue
        try:
            row = [float(value) for value in line.split()]
        except ValueError as error:
            raise ModelError(f"{labels}:{number}: not numbers") from error
        if len(row) != 5 or row[0] not in range(len(LABELS)):
            raise ModelError(
                f"{labels}:{number}: must be 'class x y w h' with class 0 ({LABELS[0]}) or 1 ({LABELS[1]})"
            )
        yield row

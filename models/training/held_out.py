"""Lay held-out pictures down as a data set that `ioc eval detect` reads, so that their figures can be had again."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import yaml

from models.training.pictures import Labelled
from models.training.recipe import LABELS


def write_held_out(held: Sequence[Labelled], folder: Path) -> Path:
    """Write images/, labels/, index.csv and data.yaml into `folder`, which is returned; what lay there stays."""
    for part in ("images", "labels"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    rows = [{"image": _write(item, index, folder), "camera": _camera(item)} for index, item in enumerate(held)]
    with (folder / "index.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, ("image", "camera"))
        table.writeheader()
        table.writerows(rows)
    described = {"path": ".", "val": "images", "names": dict(enumerate(LABELS))}
    (folder / "data.yaml").write_text(yaml.safe_dump(described, sort_keys=False), encoding="utf-8")
    return folder


def _write(item: Labelled, index: int, folder: Path) -> str:
    name = f"{index:04d}_{Path(item.name).stem}"  # two parts may hold pictures of one name
    cv2.imwrite(str(folder / "images" / f"{name}.jpg"), item.pixels, [cv2.IMWRITE_JPEG_QUALITY, 95])
    size = np.array(item.pixels.shape[1::-1] * 2, np.float32)
    middles = np.hstack([item.boxes[:, :2] + item.boxes[:, 2:], 2 * (item.boxes[:, 2:] - item.boxes[:, :2])]) / 2 / size
    lines = (
        f"{label} {' '.join(f'{value:.6f}' for value in row)}\n"
        for label, row in zip(item.classes, middles, strict=True)
    )
    (folder / "labels" / f"{name}.txt").write_text("".join(lines), encoding="utf-8")
    return f"{name}.jpg"


def _camera(item: Labelled) -> str:
    return item.camera or Path(item.name).stem.partition("_")[0]

"""Reads a data set in YOLO layout: images/, labels/ and data.yaml."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import yaml

from benchmarks.eval.average_precision import Truth
from common.config import ConfigError

PICTURES = {".jpg", ".jpeg", ".png", ".bmp", ".webp"}
SPLITS = ("val", "test", "train")


@dataclass(frozen=True, slots=True)
class YoloSet:
    """pictures: files in order.   names: labels by number."""

    pictures: tuple[Path, ...]
    names: tuple[str, ...]

    def cameras(self) -> tuple[str, ...]:
        """Return the camera of each picture.

        As the set's index.csv names it; else the name's part before the first underscore; else nothing.
        """
        indices = (folder / "index.csv" for folder in list(self.pictures[0].parents)[1:3])
        named = next((_named_cameras(file) for file in indices if file.is_file()), {})
        return tuple(named.get(each.name) or each.stem.rpartition("_")[0].partition("_")[0] for each in self.pictures)

    def truths(self) -> Iterator[Truth]:
        """Yield what is in each picture; a picture without a label file shows nothing."""
        for picture in self.pictures:
            yield read_truth(label_file(picture), self.names)


def read_set(folder: Path, split: str | None = None) -> YoloSet:
    """Return the data set in `folder`; `split` is val, test or train, the first there is when None."""
    described = folder / "data.yaml" if folder.is_dir() else folder
    try:
        data = yaml.safe_load(described.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise ConfigError(f"{described}: cannot be read: {error}") from error
    if not isinstance(data, dict) or not data.get("names"):
        raise ConfigError(f"{described}: 'names' is missing: the labels by number")
    pictures = _pictures(described.parent, data, split)
    if not pictures:
        raise ConfigError(f"{described}: there are no pictures in {split or 'images/'}")
    return YoloSet(tuple(pictures), _names(described, data["names"]))


def _named_cameras(index: Path) -> dict[str, str]:
    with index.open(newline="", encoding="utf-8") as rows:
        return {row["image"]: row["camera"] for row in csv.DictReader(rows) if row.get("image") and row.get("camera")}


def label_file(picture: Path) -> Path:
    """Return where the labels of `picture` stand: in labels/ instead of the last images/."""
    parts = list(picture.parts)
    places = [i for i, part in enumerate(parts) if part == "images"]
    if places:
        parts[places[-1]] = "labels"
    return Path(*parts).with_suffix(".txt")


def read_truth(file: Path, names: tuple[str, ...]) -> Truth:
    """Return the boxes of one label file: class cx cy w h, or class and the points of an outline, all 0..1."""
    boxes: list[tuple[float, float, float, float]] = []
    labels: list[str] = []
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            values = [float(word) for word in line.split()]
            labels.append(_label(values[0], names))
            boxes.append(_box(values[1:]))
        except (ValueError, IndexError) as error:
            raise ConfigError(f"{file}:{number}: must be 'class cx cy w h', each 0..1: {error}") from error
    return Truth.of(np.array(boxes, np.float32).reshape(-1, 4), np.array(labels, np.str_))


def _label(number: float, names: tuple[str, ...]) -> str:
    if not 0 <= number < len(names):  # a negative one would count from the end
        raise ValueError(f"there is no class {number:g}")
    return names[int(number)]


def _box(values: list[float]) -> tuple[float, float, float, float]:
    if not all(-0.001 <= value <= 1.001 for value in values):
        raise ValueError("a value lies outside 0..1")
    if len(values) == 4:
        cx, cy, w, h = values
        return (cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2)
    if len(values) >= 6 and len(values) % 2 == 0:
        xs, ys = values[0::2], values[1::2]
        return (min(xs), min(ys), max(xs), max(ys))
    raise ValueError(f"{len(values)} numbers after the class")


def _names(file: Path, names: object) -> tuple[str, ...]:
    if isinstance(names, dict):
        if sorted(names) != list(range(len(names))):
            raise ConfigError(f"{file}: 'names' must be numbered 0 to {len(names) - 1}")
        return tuple(str(names[i]) for i in range(len(names)))
    if isinstance(names, list):
        return tuple(str(name) for name in names)
    raise ConfigError(f"{file}: 'names' must be a list, or numbers with names")


def _pictures(base: Path, data: dict[str, object], split: str | None) -> list[Path]:
    root = base / str(data.get("path") or ".")
    if not root.is_dir():  # written on another machine
        root = base
    for name in (split,) if split else SPLITS:
        listed = data.get(name)
        places = listed if isinstance(listed, list) else [listed] if listed else []
        found = [picture for place in places for picture in _in(root, base, str(place))]
        if found:
            return found
    return [] if split else _in(base, base, "images")


def _in(root: Path, base: Path, place: str) -> list[Path]:
    place = place.removeprefix("../")  # what Roboflow writes and does not mean
    target = next((folder / place for folder in (root, base) if (folder / place).exists()), root / place)
    if target.is_file():
        lines = target.read_text(encoding="utf-8").split()
        return [base / line for line in lines]
    return sorted(file for file in target.rglob("*") if file.suffix.lower() in PICTURES)

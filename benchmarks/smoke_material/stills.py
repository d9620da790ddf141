"""Stills of fixed cameras, grouped by the sequence they came from: which are clear, which show smoke and how much."""

from __future__ import annotations

import csv
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, ValidationError

from common.config import ConfigError
from detectors.picture import Region

Image = npt.NDArray[np.uint8]  # (height, width, 3) BGR


class _Row(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)
    image: str
    camera: str
    sequence: str
    status: str


@dataclass(frozen=True, slots=True)
class Still:
    """One picture, and the boxes around the smoke in it."""

    file: Path
    boxes: tuple[Region, ...]

    @property
    def smoke(self) -> float:
        """The share of the picture that its boxes cover, 0 where it is clear."""
        return sum((x1 - x0) * (y1 - y0) for x0, y0, x1, y1 in self.boxes)


@dataclass(frozen=True, slots=True)
class Group:
    """Stills that one camera took in one stretch, in no order."""

    source: str  # the name of the folder it came from
    camera: str
    sequence: str
    stills: tuple[Still, ...]

    @property
    def name(self) -> str:
        return f"{self.camera}_{self.sequence}"

    @property
    def clear(self) -> tuple[Still, ...]:
        return tuple(still for still in self.stills if not still.smoke)

    @property
    def smoky(self) -> tuple[Still, ...]:
        return tuple(still for still in self.stills if still.smoke)


def read_groups(folder: Path) -> list[Group]:
    """Return the groups that `folder/index.csv` (image, camera, sequence, status) names. Raises `ConfigError`."""
    index = folder / "index.csv"
    if not index.is_file():
        raise ConfigError(f"{index}: missing; it names the camera and the sequence of each picture in images/")
    stills: dict[tuple[str, str], list[Still]] = defaultdict(list)
    with index.open(newline="", encoding="utf-8") as lines:
        for number, said in enumerate(csv.DictReader(lines), start=2):
            try:
                row = _Row.model_validate(said)
            except ValidationError as error:
                raise ConfigError(f"{index}:{number}: expected image, camera, sequence, status; got {said}") from error
            label = folder / "labels" / f"{Path(row.image).stem}.txt"
            stills[row.camera, row.sequence].append(Still(folder / "images" / row.image, _smoke_in(label)))
    return [Group(folder.name, camera, sequence, tuple(found)) for (camera, sequence), found in sorted(stills.items())]


def read_image(file: Path) -> Image:
    """Return the picture; raises `ConfigError` when it is none."""
    pixels = cv2.imread(str(file), cv2.IMREAD_COLOR)
    if pixels is None:
        raise ConfigError(f"{file}: not a picture")
    return np.asarray(pixels, np.uint8)


def _smoke_in(label: Path) -> tuple[Region, ...]:
    """Return the smoke boxes of one YOLO label file."""
    if not label.is_file():
        return ()
    rows = [line.split() for line in label.read_text(encoding="utf-8").splitlines() if line.strip()]
    return tuple(_corners(*map(float, row[1:5])) for row in rows if row[0] == "0")


def _corners(x: float, y: float, width: float, height: float) -> Region:
    return (x - width / 2, y - height / 2, x + width / 2, y + height / 2)

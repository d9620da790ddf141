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

Image = npt.NDArray[np.uint8]  # (height, width, 3) BGR


class _Row(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)
    image: str
    camera: str
    sequence: str
    status: str


@dataclass(frozen=True, slots=True)
class Still:
    """One picture. `smoke` is the share of the picture that its smoke boxes cover, 0 where it is clear."""

    file: Path
    smoke: float


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


def _smoke_in(label: Path) -> float:
    """Return the summed area of the smoke boxes of one YOLO label file."""
    if not label.is_file():
        return 0.0
    rows = [line.split() for line in label.read_text(encoding="utf-8").splitlines() if line.strip()]
    return sum(float(row[3]) * float(row[4]) for row in rows if row[0] == "0")

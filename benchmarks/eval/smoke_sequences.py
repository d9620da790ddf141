"""Sequences of still pictures of one camera with the moment of ignition: read strictly, named where they are wrong."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from common.config import ConfigError, read_config
from rtsp.frame import Frame
from rtsp.picture import VideoPicture

NAME = re.compile(r"^(?P<unix>\d{6,12})_(?P<offset>[+-]\d{1,6})$")
Box = tuple[float, float, float, float]  # x0 y0 x1 y1, each 0..1
SUFFIXES = {".jpg", ".jpeg", ".png"}
FILE = "sequence.yaml"
WRONG_NAMED = 12  # how many wrong files one message names


class PictureTime(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    file: str = Field(description="name of the picture, in the folder of the sequence")
    time_s: float = Field(description="seconds, on one clock for the whole sequence")
    smoke: tuple[tuple[float, float, float, float], ...] = Field(
        default=(), description="boxes x0 y0 x1 y1 around the smoke, each 0..1; to learn from, not to score by"
    )


class SequenceFile(BaseModel):
    """What `sequence.yaml` holds."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    pictures: tuple[PictureTime, ...] = Field(min_length=1, description="the pictures and when each was taken")
    ignition_s: float | None = Field(default=None, description="when the fire began, same clock; absent means no fire")
    camera: str = Field(default="", description="which camera it is, for people")
    tags: tuple[str, ...] = Field(default=(), description="what it shows: scores are also given for each")
    notes: str = Field(default="", description="for people")


TOUCHES: Final = 0.25  # of the smaller box inside the true one (a little widened) makes a sighting true
SLACK: Final = 0.01  # of the picture: people who label smoke agree no better


@dataclass(frozen=True, slots=True)
class Sequence:
    """Pictures of one camera in the order of time. `ignition_s` is None where nothing burns."""

    name: str
    files: tuple[Path, ...]
    times_s: tuple[float, ...]
    ignition_s: float | None
    camera: str = ""
    tags: tuple[str, ...] = ()
    smoke: tuple[tuple[Box, ...], ...] = ()  # for each picture the boxes around its smoke, where they are known

    @property
    def duration_s(self) -> float:
        """Seconds watched, the last picture counted as long as the others on average."""
        span_s = self.times_s[-1] - self.times_s[0]
        return span_s * len(self.times_s) / max(1, len(self.times_s) - 1)

    def moments(self) -> Iterator[Frame]:
        """Yield each picture as a camera's frame. Raises `ConfigError` for a file that is no picture."""
        for index, (file, time_s) in enumerate(zip(self.files, self.times_s, strict=True)):
            pixels = cv2.imread(str(file), cv2.IMREAD_COLOR)
            if pixels is None:
                raise ConfigError(f"{file}: not a picture")
            yield Frame(
                camera_id=self.name,
                session=0,
                index=index,
                time_s=time_s - self.times_s[0],
                captured_at=datetime.fromtimestamp(time_s, UTC),
                clock="file",
                key=True,
                picture=VideoPicture.of(_even(np.asarray(pixels, np.uint8))),
            )


def read_sequences(dataset: Path) -> list[Sequence]:
    """Return every sequence below `dataset`, or `dataset` itself as one. Raises `ConfigError` naming wrong files."""
    if not dataset.is_dir():
        raise ConfigError(f"{dataset}: there is no such folder")
    folders = sorted(path for path in dataset.iterdir() if path.is_dir()) or [dataset]
    problems: list[str] = []
    sequences: list[Sequence] = []
    for folder in folders:
        try:
            sequences.append(_from_file(folder) if (folder / FILE).exists() else _from_names(folder))
        except ConfigError as error:
            problems.append(str(error))
    if problems:
        raise ConfigError("\n".join(problems))
    return sequences


def touches(seen: Box, truth: Box) -> bool:
    """Return whether `seen` is a sighting of the smoke that people drew `truth` around."""
    low = np.maximum(seen[:2], np.array(truth[:2]) - SLACK)
    high = np.minimum(seen[2:], np.array(truth[2:]) + SLACK)
    sizes = (np.subtract(seen[2:], seen[:2]), np.subtract(truth[2:], truth[:2]) + 2 * SLACK)
    shared = float(np.prod((high - low).clip(0)) / max(1e-9, min(float(np.prod(size)) for size in sizes)))
    return shared > TOUCHES


def _from_names(folder: Path) -> Sequence:
    files = [path for path in sorted(folder.iterdir()) if path.suffix.lower() in SUFFIXES]
    if not files:
        raise ConfigError(f"{folder}: holds no pictures, and no {FILE}")
    wrong = [path.name for path in files if not NAME.match(path.stem)]
    if wrong:
        more = f" and {len(wrong) - WRONG_NAMED} more" if len(wrong) > WRONG_NAMED else ""
        named = f"{', '.join(wrong[:WRONG_NAMED])}{more}"
        raise ConfigError(f"{folder}: not named {{unix seconds}}_{{±seconds from ignition}}.jpg: {named}")
    parts = sorted((int(m["unix"]), int(m["offset"]), path) for path in files if (m := NAME.match(path.stem)))
    ignitions = {unix - offset for unix, offset, _ in parts}
    middle = float(np.median(sorted(ignitions)))
    # Cameras are asked for a picture a minute and answer a few seconds early or late.
    strange = [path.name for unix, offset, path in parts if abs(unix - offset - middle) > 30]
    if strange:
        raise ConfigError(f"{folder}: the time and the offset do not agree with the others: {', '.join(strange)}")
    return _checked(folder, [(float(unix), path) for unix, _, path in parts], middle)


def _from_file(folder: Path) -> Sequence:
    said = read_config(folder / FILE, SequenceFile)
    missing = [item.file for item in said.pictures if not (folder / item.file).is_file()]
    if missing:
        raise ConfigError(f"{folder / FILE}: there is no picture {', '.join(missing[:WRONG_NAMED])}")
    ordered = sorted(said.pictures, key=lambda item: item.time_s)
    read = _checked(folder, [(item.time_s, folder / item.file) for item in ordered], said.ignition_s)
    return replace(read, camera=said.camera, tags=said.tags, smoke=tuple(item.smoke for item in ordered))


def _checked(folder: Path, pictures: list[tuple[float, Path]], ignition_s: float | None) -> Sequence:
    times_s = tuple(time_s for time_s, _ in pictures)
    twice = [path.name for (a, _), (b, path) in itertools.pairwise(pictures) if b <= a]
    if twice:
        raise ConfigError(f"{folder}: two pictures have the same time: {', '.join(twice[:WRONG_NAMED])}")
    return Sequence(folder.resolve().name, tuple(path for _, path in pictures), times_s, ignition_s)


def _even(pixels: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """Return `pixels` without an odd last row and column, which video pictures cannot have."""
    return np.ascontiguousarray(pixels[: pixels.shape[0] // 2 * 2, : pixels.shape[1] // 2 * 2])

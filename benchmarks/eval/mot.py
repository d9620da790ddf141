"""Reads labelled tracks in the layout of the MOTChallenge: SEQ/seqinfo.ini, det/det.txt, gt/gt.txt, gt/ignore.txt."""

from __future__ import annotations

import configparser
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from common.config import ConfigError

Numbers: TypeAlias = npt.NDArray[np.float64]
LARGEST_FILE_BYTES = 256 * 2**20
LONGEST_SEQUENCE = 10_000_000  # frames


@dataclass(frozen=True)
class Boxes:
    """Rows of one file, by frame.

    frames: (N,) int64 from 1, ascending.   boxes: (N, 4) x y width height in pixels.
    ids: (N,) int64.   values: (N,) the seventh column: a detection's score, or 1 where truth counts and 0 where not.
    """

    frames: npt.NDArray[np.int64]
    ids: npt.NDArray[np.int64]
    boxes: Numbers
    values: Numbers

    def at(self, frame: int) -> slice:
        """Return where the rows of `frame` stand."""
        return slice(*np.searchsorted(self.frames, [frame, frame + 1]).tolist())

    @classmethod
    def of(cls, rows: Numbers, *, first: int = 2) -> Boxes:
        """Return rows of (frame, id, x, y, w, h, value, …), or from column `first` = 1 where there is no id."""
        rows = rows[np.argsort(rows[:, 0], kind="stable")]
        n = len(rows)
        ids = rows[:, 1].astype(np.int64) if first == 2 else np.full(n, -1)
        values = rows[:, first + 4] if rows.shape[1] > first + 4 else np.ones(n)
        return cls(rows[:, 0].astype(np.int64), ids, rows[:, first : first + 4], values)


@dataclass(frozen=True)
class Sequence:
    """One labelled clip. `width`, `height` in pixels; `fps` may be fractional."""

    folder: Path
    name: str
    fps: float
    frames: int
    width: int
    height: int
    image_folder: str
    image_ending: str

    @cached_property
    def detections(self) -> Boxes:
        """The public detections, with scores of 0..1."""
        boxes = self._read(self.folder / "det" / "det.txt", least=7)
        return Boxes(boxes.frames, boxes.ids, boxes.boxes, as_probability(boxes.values))

    @cached_property
    def truth(self) -> Boxes:
        """Where the objects really are."""
        path = self.folder / "gt" / "gt.txt"
        boxes = self._read(path, least=6)
        pairs = np.stack([boxes.frames, boxes.ids], axis=1)
        _, first, counts = np.unique(pairs, axis=0, return_index=True, return_counts=True)
        if (counts > 1).any():
            frame, twice = pairs[first[counts > 1][0]].tolist()
            raise ConfigError(f"{path}: the object {twice} stands twice in frame {frame}")
        return boxes

    @cached_property
    def ignored(self) -> Boxes:
        """Regions in which a detection is neither right nor wrong."""
        path = self.folder / "gt" / "ignore.txt"
        if not path.exists():
            return Boxes.of(np.zeros((0, 7)))
        return self._read(path, least=5, first=1)

    def check_truth(self) -> None:
        """Read the truth now: its mistakes shall be said before anything is computed. Raises `ConfigError`."""
        _ = self.truth, self.ignored

    def _read(self, path: Path, *, least: int, first: int = 2) -> Boxes:
        rows = read_rows(path, least)
        _check(path, rows, first, self.frames)
        return Boxes.of(rows[:, 1:], first=first)


def as_probability(scores: Numbers) -> Numbers:
    """Return scores as 0..1: unchanged where they are already, else through the logistic function."""
    if len(scores) == 0 or (scores.min() >= 0 and scores.max() <= 1):
        return scores
    return np.asarray(1 / (1 + np.exp(-scores.clip(-50, 50))), np.float64)


def read_rows(path: Path, least: int) -> Numbers:
    """Return (N, 1 + columns): line number, then the numbers of each line. Raises `ConfigError` with file and line."""
    lines = [(i, line) for i, line in enumerate(_text(path).splitlines(), 1) if line.strip()]
    width = len(lines[0][1].split(",")) if lines else least
    rows = np.zeros((len(lines), width + 1))
    for row, (number, line) in zip(rows, lines, strict=True):
        parts = line.split(",")
        if len(parts) < least or len(parts) != width:
            wanted = width if width >= least else f"at least {least}"
            raise ConfigError(f"{path}:{number}: {len(parts)} columns, but {wanted} belong here")
        try:
            row[:] = [number, *map(float, parts)]
        except ValueError as error:
            raise ConfigError(f"{path}:{number}: {error}") from error
    return rows


def _check(path: Path, rows: Numbers, first: int, frames: int) -> None:
    numbers = rows[:, 1:]
    finite = np.isfinite(numbers[:, : first + 5]).all(axis=1) & (np.abs(numbers[:, : first + 5]) < 1e9).all(axis=1)
    for wrong, why in (
        (~finite, "not a usable number"),
        (finite & ((numbers[:, 0] < 1) | (numbers[:, 0] % 1 != 0)), "frames are whole numbers from 1"),
        (finite & (numbers[:, 0] > frames), f"the frame lies behind seqLength = {frames} of seqinfo.ini"),
        (finite & (numbers[:, first + 2 : first + 4] < 0).any(axis=1), "width or height is negative"),
    ):
        if wrong.any():
            raise ConfigError(f"{path}:{int(rows[wrong.argmax(), 0])}: {why}")


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > LARGEST_FILE_BYTES:
            raise ConfigError(f"{path}: larger than {LARGEST_FILE_BYTES // 2**20} MB: is this the right file?")
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not a text file") from error


def read_sequence(folder: Path) -> Sequence:
    """Return the sequence in `folder`; its boxes are read when asked for. Raises `ConfigError`."""
    path = folder / "seqinfo.ini"
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(_text(path), str(path))
        info = parser["Sequence"]
        return Sequence(
            folder=folder,
            name=folder.name,
            fps=_number(path, info, "frameRate", 1000),
            frames=int(_number(path, info, "seqLength", LONGEST_SEQUENCE)),
            width=int(_number(path, info, "imWidth", 100_000)),
            height=int(_number(path, info, "imHeight", 100_000)),
            image_folder=info.get("imDir", "img1"),
            image_ending=info.get("imExt", ".jpg"),
        )
    except configparser.Error as error:
        raise ConfigError(f"{path}: {' '.join(str(error).split())}") from error
    except KeyError as error:
        raise ConfigError(f"{path}: there is no [Sequence] in it") from error


def _number(path: Path, info: configparser.SectionProxy, key: str, largest: float) -> float:
    text = info.get(key)
    if text is None:
        raise ConfigError(f"{path}: {key} is missing")
    try:
        number = float(text)
    except ValueError:
        number = np.nan
    if not 0 < number <= largest:
        raise ConfigError(f"{path}: {key} = {text!r} is not a number above 0 and up to {largest:g}")
    return number


def read_dataset(place: Path, only: str = "*") -> list[Sequence]:
    """Return the one sequence at `place`, or all those in it named like `only`. Raises `ConfigError`."""
    if (place / "seqinfo.ini").exists():
        return [read_sequence(place)]
    if not place.is_dir():
        raise ConfigError(f"{place}: there is no such folder")
    found = [path.parent for path in sorted(place.glob("*/seqinfo.ini"))]
    if not found:
        raise ConfigError(f"{place}: neither a sequence (seqinfo.ini) nor a folder of sequences")
    named = [folder for folder in found if fnmatchcase(folder.name, only)]
    if not named:
        raise ConfigError(f"{place}: no sequence is called like {only!r}; there are: {_list(found)}")
    return [read_sequence(folder) for folder in named]


def _list(folders: list[Path]) -> str:
    names = [folder.name for folder in folders]
    return ", ".join(names[:8]) + (", …" if len(names) > 8 else "")

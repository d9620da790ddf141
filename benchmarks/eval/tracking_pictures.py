"""Detector and tracker together: looks at the pictures of a sequence, or at the video beside its folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from benchmarks.eval.mot import Sequence
from benchmarks.eval.tracking import Look
from common.config import ConfigError
from detectors.detector import Detector
from rtsp.errors import SourceError
from rtsp.file_source import frames
from rtsp.frame import Frame

VIDEO_ENDINGS = (".mp4", ".avi", ".mkv", ".mov")


def pictures_of(sequence: Sequence) -> Path | None:
    """Return the folder of pictures or the video file that belongs to `sequence`; None where there is neither."""
    folder = sequence.folder / sequence.image_folder
    if folder.is_dir():
        return folder
    folder = sequence.folder.resolve()
    beside = (folder.parent / f"{folder.name}{ending}" for ending in VIDEO_ENDINGS)
    return next((path for path in beside if path.exists()), None)


def detected_looks(sequence: Sequence, place: Path, detector: Detector, label: str) -> Iterator[Look]:
    """Yield what `detector` finds of `label` in each picture, with its time. Raises `ConfigError`: too few pictures."""
    seen = 0
    for time_s, frame in _frames(sequence, place):
        yield time_s, detector.detect([frame.picture])[0].labelled({label})
        seen += 1
    if seen < sequence.frames:
        raise ConfigError(f"{place}: {seen} pictures, but seqinfo.ini says seqLength={sequence.frames}")


def label_of(sequence: Sequence, known: tuple[str, ...]) -> str:
    """Return which label the truth speaks of: what the sequence's name ends with, else people."""
    ending = sequence.name.rpartition("-")[2].lower()
    return ending if ending in known else "person"


def _frames(sequence: Sequence, place: Path) -> Iterator[tuple[float, Frame]]:
    try:
        if place.is_dir():
            for index in range(sequence.frames):
                path = place / f"{index + 1:06d}{sequence.image_ending}"
                yield index / sequence.fps, next(frames(path))
        else:
            for index, frame in enumerate(frames(place)):
                if index == sequence.frames:
                    return
                yield frame.time_s, frame
    except (SourceError, StopIteration) as error:
        raise ConfigError(f"{place}: {error or 'a picture cannot be decoded'}") from error

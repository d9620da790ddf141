"""Pictures out of whatever the user points at: a folder of pictures, a video, a folder of videos."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np

from ioc.output import UserMistake
from rtsp.errors import SourceError
from rtsp.file_source import frames
from rtsp.picture import VideoPicture

T = TypeVar("T")

STILLS = {".jpg", ".jpeg", ".png", ".bmp", ".webp"}
VIDEOS = {".mp4", ".mkv", ".avi", ".mov", ".ts", ".h264", ".h265"}
FRAMES_READ = 3000  # of each video: two minutes at 25 a second


def some_pictures(place: Path, most: int) -> list[VideoPicture]:
    """Return up to `most` pictures, spread evenly over the files and over each video."""
    files = sorted(place.rglob("*")) if place.is_dir() else [place]
    stills = [file for file in files if file.suffix.lower() in STILLS]
    videos = [file for file in files if file.suffix.lower() in VIDEOS]
    if not stills and not videos:
        raise UserMistake(f"{place}: there are no pictures or videos in it")
    from_stills = [_read(file) for file in _spread(stills, most)]
    each = -(-max(0, most - len(from_stills)) // max(1, len(videos)))
    from_videos = [picture for file in videos for picture in _from_video(file, each)] if each else []
    return _spread(from_stills + from_videos, most)


def _spread(items: list[T], most: int) -> list[T]:
    if len(items) <= most:
        return items
    return [items[round(index)] for index in np.linspace(0, len(items) - 1, most)]


def _read(file: Path) -> VideoPicture:
    bgr = cv2.imread(str(file), cv2.IMREAD_COLOR)
    if bgr is None:
        raise UserMistake(f"{file}: not a picture that can be read")
    return VideoPicture.of(np.asarray(bgr, np.uint8))


def _from_video(file: Path, most: int) -> list[VideoPicture]:
    try:
        total = sum(1 for _ in itertools.islice(frames(file), FRAMES_READ))
        wanted = {round(index) for index in np.linspace(0, total - 1, most)}
        looked = enumerate(itertools.islice(frames(file), FRAMES_READ))
        return [frame.picture for index, frame in looked if index in wanted]
    except SourceError as error:
        raise UserMistake(f"{file}: {error}") from error

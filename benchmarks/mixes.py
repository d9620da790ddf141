"""What the cameras of a measurement show and watch for: full of people, one eighth active, or a forest."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

from benchmarks.footage import BITRATE_BPS, FPS, GOP, HEIGHT, WIDTH, as_camera
from common.media import cache_dir
from rtsp.file_source import frames
from rtsp.simulator.transcode import encode_pictures

ACTIVE_FROM_S: Final = 4.0  # of the room's footage: somebody comes in, stops at the table and leaves
ACTIVE_TO_S: Final = 21.5
QUIET_TO_S: Final = 4.6  # nobody is there until then
ACTIVE_SHARE: Final = 1 / 8

ROOM: Final[dict[str, Any]] = {
    "zones": {"room": [[0, 0.45], [1, 0.45], [1, 1], [0, 1]]},
    "lines": {"exit": {"from": [0.78, 1.0], "to": [0.78, 0.2]}},
    "rules": [
        {"kind": "intrusion", "name": "room", "zone": "room", "labels": ["person"], "after_s": 1},
        {"kind": "line_crossing", "name": "exit", "line": "exit", "labels": ["person"]},
        {"kind": "loitering", "name": "room-loiter", "zone": "room", "labels": ["person"], "after_s": 8},
        {"kind": "tamper"},
    ],
}
SQUARE: Final[dict[str, Any]] = {
    "zones": {"crossing": [[0.45, 0.36], [0.95, 0.36], [1.0, 0.72], [0.52, 0.66]]},
    "lines": {"path": {"from": [0.66, 0.85], "to": [0.7, 0.2]}, "left": {"from": [0.3, 0.85], "to": [0.3, 0.2]}},
    "rules": [
        {"kind": "intrusion", "name": "crossing", "zone": "crossing", "labels": ["person"], "after_s": 1},
        {"kind": "line_crossing", "name": "path", "line": "path", "labels": ["person"]},
        {"kind": "line_crossing", "name": "left", "line": "left", "labels": ["person"]},
        {"kind": "crowd", "name": "crowd", "labels": ["person"], "at_least": 5, "for_s": 5},
        {"kind": "tamper"},
    ],
}
FOREST_LOOK_S: Final = 20.0
FOREST_STILLS: Final = (0, 1, 2, 3, 0, 1, 2, 3, *range(16, 23))  # of the demo's, one a minute: clear, then smoke
FOREST: Final[dict[str, Any]] = {
    "rules": [  # the film is five minutes long: a fire is over after three looks without it, and begins again
        {"kind": "smoke", "name": "forest", "every_s": FOREST_LOOK_S, "gone_s": 3 * FOREST_LOOK_S, "evidence": 2.1}
    ]
}


@dataclass(frozen=True, slots=True)
class Mix:
    """A film for every camera, each copy at another point of it, and what each camera watches for."""

    name: str
    film: Path
    camera: Mapping[str, Any]
    sense: str = "objects"
    latest_s: float = 1.0  # p95 from frame to event that is still good enough
    look_s: float = 0.2  # between two looks: an event may come so much later than where each frame is looked at


def busy(clips: Mapping[str, Path]) -> Mix:
    """Every camera full of people all the time."""
    return Mix("busy", as_camera(clips["square"].resolve(), "square"), SQUARE)


def mixed(clips: Mapping[str, Path]) -> Mix:
    """Real quiet and real busy footage: each camera is active one eighth of the time."""
    return Mix("mixed", _room_film(clips["room"].resolve()), ROOM)


def forest(clips: Mapping[str, Path]) -> Mix:
    """Smoke only: one look every 20 s from key frames."""
    return Mix(
        "forest",
        _forest_film(clips["forest"].resolve()),
        FOREST,
        sense="smoke",
        latest_s=FOREST_LOOK_S,
        look_s=FOREST_LOOK_S,
    )


MIXES: Final[dict[str, Callable[[Mapping[str, Path]], Mix]]] = {"busy": busy, "mixed": mixed, "forest": forest}


def _forest_film(source: Path) -> Path:
    """A hill where a fire begins: each look falls on another still, with sensor noise as a live camera has."""
    target = cache_dir() / "bench" / "forest-fifteen-stills.mp4"
    target.parent.mkdir(parents=True, exist_ok=True)
    if not target.exists():
        encode_pictures(_at_25_fps(_stills(source), FPS), target, fps=FPS, gop=GOP, bitrate_bps=BITRATE_BPS)
    return target


def _stills(source: Path) -> Iterator[tuple[float, npt.NDArray[np.uint8]]]:
    """Yield (film time until which it stands, picture) of the chosen stills, each a second long in the demo's film."""
    there: dict[int, npt.NDArray[np.uint8]] = {}
    for frame in frames(source, "forest"):
        number = int(frame.time_s)
        if number in FOREST_STILLS and number not in there and frame.time_s >= number + 0.5:
            large = cv2.resize(frame.picture.bgr(), (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
            there[number] = np.asarray(large, np.uint8)
    for count, number in enumerate(FOREST_STILLS, start=1):
        yield count * FOREST_LOOK_S - 1 / FPS, there[number]


def _room_film(source: Path) -> Path:
    """One visit, then the empty room to and fro (its own noise, no still picture) until one eighth was active."""
    folder = cache_dir() / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / "room-one-eighth.mp4"
    if not target.exists():
        pictures = _at_25_fps(_visit(source), FPS)
        encode_pictures(pictures, target, fps=FPS, gop=GOP, bitrate_bps=BITRATE_BPS)
    return target


def _visit(source: Path) -> Iterator[tuple[float, npt.NDArray[np.uint8]]]:
    """Yield (film time, picture): the visit, then the quiet part forwards and backwards."""
    quiet: list[npt.NDArray[np.uint8]] = []
    visit_frames = 0
    step_s = 0.1
    for frame in frames(source, "room"):
        picture = cv2.resize(frame.picture.bgr(), (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
        if frame.time_s <= QUIET_TO_S:
            quiet.append(np.asarray(picture, np.uint8))
        if ACTIVE_FROM_S <= frame.time_s <= ACTIVE_TO_S:
            yield visit_frames * step_s, np.asarray(picture, np.uint8)
            visit_frames += 1
        if frame.time_s > ACTIVE_TO_S:
            break
    there_and_back = itertools.cycle([*quiet, *reversed(quiet)])
    quiet_frames = round(visit_frames * (1 / ACTIVE_SHARE - 1))
    for number in range(quiet_frames):
        yield (visit_frames + number) * step_s, next(there_and_back)


def _at_25_fps(timed: Iterator[tuple[float, npt.NDArray[np.uint8]]], fps: int) -> Iterator[npt.NDArray[np.uint8]]:
    """Repeat each picture until the next one's time, with a little fresh sensor noise so that none is a copy."""
    rng = np.random.default_rng(5)
    noise = [rng.integers(-2, 3, (HEIGHT, WIDTH, 1), np.int16) for _ in range(8)]
    count = 0
    for time_s, picture in timed:
        noisy: dict[int, npt.NDArray[np.uint8]] = {}  # a picture that stands for long is made once with each noise
        while count / fps <= time_s:
            which = count % len(noise)
            if which not in noisy:
                noisy[which] = np.clip(picture.astype(np.int16) + noise[which], 0, 255).astype(np.uint8)
            yield noisy[which]
            count += 1

"""How many pictures a second each model looks at on this box: the model alone, and with everything around it."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from common.config import ConfigError
from detectors.fitted import FittedDetector
from detectors.load import load_detector
from detectors.onnx_detector import OnnxDetector
from models.card import ModelCard, find_card
from models.session import Provider, cores
from models.store import ensure
from rtsp.file_source import frames
from rtsp.picture import VideoPicture

PICTURES = 24  # held decoded, spread over the clip, so that busy and quiet moments both count
FIRST_PICTURES = 1500  # of the clip, from which they are taken
STEPS = ("fill", "model", "read")


def bench_detect(
    models: Sequence[str],
    clip: Path,
    *,
    seconds: float = 10.0,
    threads: Sequence[int] = (),
    providers: Sequence[Provider] = ("cpu",),
    batch: int = 1,
) -> dict[str, Any]:
    """Return `results` (contract, section 7): one row for each model and number of threads.

    `fps` and `ms` are end to end, from decoded YUV to boxes; `model_fps` and `steps_ms` tell what the model itself
    takes, `processor_ms` what all threads together use, whatever else the box is doing. All rows take turns on the
    same pictures, so that a busy moment of the box hits them alike. `threads` empty: one, and one for each core.
    """
    pictures = some_pictures(clip)
    counts = tuple(threads) or tuple(sorted({1, cores()}))
    runs = [
        _Run(card, count, _ready(card, count, providers, batch, pictures[0]), batch)
        for card, count in itertools.product(map(find_card, models), counts)
    ]
    until = time.perf_counter() + seconds
    for index in itertools.count():
        for run in runs:
            run.look([pictures[(index * batch + i) % len(pictures)] for i in range(batch)])
        if time.perf_counter() >= until:
            break
    return {"results": [run.row() for run in runs], "clip": clip.name, "pictures": len(pictures)}


def some_pictures(clip: Path, most: int = PICTURES) -> list[VideoPicture]:
    """Return up to `most` decoded pictures of `clip`, evenly spread over its start."""
    step = max(1, sum(1 for _ in _start(clip)) // most)
    pictures = [picture for index, picture in enumerate(_start(clip)) if index % step == 0][:most]
    if not pictures:
        raise ConfigError(f"{clip}: there are no pictures in it")
    return pictures


def _start(clip: Path) -> Iterator[VideoPicture]:
    return (frame.picture for frame in itertools.islice(frames(clip), FIRST_PICTURES))


def _ready(
    card: ModelCard, threads: int, providers: Sequence[Provider], batch: int, picture: VideoPicture
) -> OnnxDetector:
    shape = (picture.width, picture.height)
    loaded = load_detector(card, ensure(card), providers=providers, threads=threads, batch=batch, expected=[shape])
    detector = loaded.suited(picture) if isinstance(loaded, FittedDetector) else loaded
    detector.detect([picture] * batch)
    return detector


@dataclass(slots=True)
class _Run:
    """One row in the making. took_ms: (looks, 3) of the steps."""

    card: ModelCard
    threads: int
    detector: OnnxDetector
    batch: int
    took_ms: list[tuple[float, float, float]] = field(default_factory=list)
    processor_ms: list[float] = field(default_factory=list)
    boxes: int = 0

    def look(self, pictures: Sequence[VideoPicture]) -> None:
        busy = time.process_time()
        start = time.perf_counter()
        places = self.detector.fill(pictures)
        filled = time.perf_counter()
        outputs = self.detector.infer(len(pictures))
        inferred = time.perf_counter()
        found = self.detector.finish(outputs, places)
        read = time.perf_counter()
        self.took_ms.append(((filled - start) * 1e3, (inferred - filled) * 1e3, (read - inferred) * 1e3))
        self.processor_ms.append((time.process_time() - busy) * 1e3)
        self.boxes += sum(len(one) for one in found)

    def row(self) -> dict[str, Any]:
        took = np.array(self.took_ms) / self.batch
        whole = took.sum(axis=1)
        looks = len(took) * self.batch
        width, height = self.detector.size
        return {
            "name": self.card.name,
            "threads": self.threads,
            "input": f"{width}x{height}",
            "batch": self.batch,
            "fps": round(1e3 / float(whole.mean()), 1),
            "model_fps": round(1e3 / float(took[:, 1].mean()), 1),
            "ms": {"p50": _ms(np.percentile(whole, 50)), "p95": _ms(np.percentile(whole, 95))},
            "steps_ms": {name: _ms(np.median(took[:, i])) for i, name in enumerate(STEPS)},
            "processor_ms": _ms(np.median(self.processor_ms) / self.batch),
            "boxes_per_picture": round(self.boxes / looks, 1),
            "looks": looks,
            "provider": self.detector.providers[0],
        }


def _ms(value: np.floating[Any]) -> float:
    return round(float(value), 2)

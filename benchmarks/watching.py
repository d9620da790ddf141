"""What is left of a look when model and decoder are taken away: following objects, rules, and making events."""

from __future__ import annotations

import itertools
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmarks.mixes import Mix
from detectors.detections import Detections
from detectors.detector import Detector
from edge.camera import CameraWatch, Told, make_watch
from edge.config import CameraSettings
from edge.evidence import EvidenceStore
from edge.report import Reporter
from mqtt.outbox import Outbox
from rtsp.file_source import frames
from rtsp.frame import Frame

LOOKS_PER_S: Final = 5.0
AT_LOOKS_PER_S: Final = 64 * LOOKS_PER_S  # what the figures are told for: 64 cameras, all awake
WARM_UP: Final = 10  # looks that are not counted: arrays grow, a view is learned

Seen = tuple[Frame, Detections]


def bench_watching(mix: Mix, detector: Detector, *, looks: int = 150, rounds: int = 3) -> list[dict[str, Any]]:
    """Return rows "watch", "tamper" and "report" for `mix`: processor milliseconds for each look, and cores at 64 x 5.

    "watch" is the tracker and the rules about objects, "tamper" the rule about the picture, "report" what it takes to
    put events with their pictures on the disk. The detector runs before and is not counted.
    """
    seen = _seen(mix, detector, looks)
    camera = CameraSettings.model_validate({"id": "bench", "url": "file:/bench", **mix.camera})
    of_objects = camera.model_copy(update={"rules": [r for r in camera.rules if getattr(r, "kind", "") != "tamper"]})
    of_pictures = camera.model_copy(update={"rules": [r for r in camera.rules if getattr(r, "kind", "") == "tamper"]})
    watch_ms, told = _watched(of_objects, seen, rounds)
    tamper_ms, _ = _watched(of_pictures, seen, rounds)
    objects = round(float(np.mean([len(found) for _, found in seen])), 1)
    rows = {"watch": watch_ms, "tamper": tamper_ms, "report": _reported(camera, told)}
    return [_row(f"{mix.name}: {name}", ms, len(seen) - WARM_UP, objects) for name, ms in rows.items()]


def _seen(mix: Mix, detector: Detector, looks: int) -> list[Seen]:
    seen: list[Seen] = []
    for frame in frames(mix.film, "bench"):
        if frame.time_s >= len(seen) / LOOKS_PER_S:
            seen.append((frame, detector.detect([frame.picture])[0]))
        if len(seen) >= looks:
            break
    return seen


def _watched(camera: CameraSettings, seen: Sequence[Seen], rounds: int) -> tuple[list[float], list[tuple[Told, ...]]]:
    """Return the least milliseconds of each look over some rounds, and what was told at each."""
    took: list[list[float]] = []
    told: list[tuple[Told, ...]] = []
    for _ in range(rounds):
        watch, ms, told = make_watch(camera), [], []
        for frame, found in seen:
            start_s = time.thread_time()
            told.append(tuple(_look(watch, frame, found)))
            ms.append((time.thread_time() - start_s) * 1e3)
        took.append(ms[WARM_UP:])
    return [min(each) for each in zip(*took, strict=True)], told[WARM_UP:]


def _look(watch: CameraWatch, frame: Frame, found: Detections) -> list[Told]:
    due = watch.due(frame)
    return watch.see(frame, {sense: found if sense == "objects" else Detections.none() for sense in due})


def _reported(camera: CameraSettings, told: Sequence[Sequence[Told]]) -> list[float]:
    with tempfile.TemporaryDirectory(prefix="ioc-bench-") as folder:
        outbox = Outbox(Path(folder) / "outbox.db", boot_id="bench")
        evidence = EvidenceStore(Path(folder) / "evidence")
        evidence.prepare()
        reporter = Reporter(site="bench", node="bench", boot_id="bench", outgoing=outbox, evidence=evidence)
        ms = []
        for of_look in told:
            start_s = time.thread_time()
            if of_look:
                reporter.report_all(camera, list(zip(of_look, itertools.repeat(None), strict=False)))
            ms.append((time.thread_time() - start_s) * 1e3)
        outbox.close()
    return ms


def _row(name: str, ms: Sequence[float], looks: int, objects: float) -> dict[str, Any]:
    mean = float(np.mean(ms))
    return {
        "name": name,
        "ms_per_look": round(mean, 3),
        "ms": {"p50": round(float(np.median(ms)), 3), "p95": round(float(np.quantile(ms, 0.95)), 3)},
        "cores_at_64_cameras": round(mean / 1e3 * AT_LOOKS_PER_S, 3),
        "objects_per_look": objects,
        "looks": looks,
    }

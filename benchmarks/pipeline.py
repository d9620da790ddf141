"""How much of what decoding and inference could do alone is left when everything runs together."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from detectors.detector import Detector
from edge.camera import CameraWatch, make_rules
from edge.config import CameraSettings
from edge.inference import Analyst
from rtsp.file_source import frames
from rtsp.frame import Frame

EVERY_FRAME = 1000.0  # looks per second: more than any camera sends


def bench_pipeline(
    file: Path,
    load: Callable[[], Detector],
    camera: CameraSettings,
    *,
    seconds: float = 20.0,
    rounds: int = 3,
) -> dict[str, Any]:
    """Return frames/s of the whole path on `file`, and of its two halves alone, measured in turn in one run.

    One decoding thread, one worker with a model on one thread: a ratio of 1 means that tracking, rules and hand-over
    cost nothing beside the slower half. `rounds` interleaves the three measurements, because machines drift.
    """
    detector = load()
    shares = [seconds / rounds / 3] * rounds
    decode = [_decode_fps(file, share) for share in shares[:1]]
    infer, whole = [_inference_fps(file, detector, share) for share in shares[:1]], []
    for share in shares:
        whole.append(_pipeline_fps(file, detector, camera, share))
        infer.append(_inference_fps(file, detector, share))
        decode.append(_decode_fps(file, share))
    decode_limit, inference_limit, fps = _median(decode), _median(infer), _median(whole)
    return {
        "file": file.name,
        "fps": round(fps, 1),
        "decode_limit_fps": round(decode_limit, 1),
        "inference_limit_fps": round(inference_limit, 1),
        "ratio": round(fps / min(decode_limit, inference_limit), 3),
        "rounds": [round(value, 1) for value in whole],
    }


def _decode_fps(file: Path, seconds: float) -> float:
    count, started_s = 0, time.perf_counter()
    for _ in endless(file):
        count += 1
        if time.perf_counter() - started_s >= seconds:
            break
    return count / (time.perf_counter() - started_s)


def _inference_fps(file: Path, detector: Detector, seconds: float) -> float:
    pictures = [frame.picture for frame, _ in zip(endless(file), range(50), strict=False)]
    count, started_s = 0, time.perf_counter()
    while time.perf_counter() - started_s < seconds:
        detector.detect([pictures[count % len(pictures)]])
        count += 1
    return count / (time.perf_counter() - started_s)


def _pipeline_fps(file: Path, detector: Detector, camera: CameraSettings, seconds: float) -> float:
    analyst = Analyst([{"objects": detector}], lambda seat, frame, told: None)
    seat = analyst.seat(camera, CameraWatch(make_rules(camera), looks_per_s=EVERY_FRAME))
    stop = threading.Event()

    def feed() -> None:
        for frame in endless(file):
            while not seat.mailbox.wait_until_taken(0.1):  # no frame is replaced: each one counts
                if stop.is_set():
                    return
            if stop.is_set():
                return
            analyst.hand_over(seat, frame)

    feeder = threading.Thread(target=feed, name="decoder", daemon=True)
    analyst.start()
    feeder.start()
    _wait_for(lambda: seat.analysed >= 5)
    before, started_s = seat.analysed, time.perf_counter()
    time.sleep(seconds)
    fps = (seat.analysed - before) / (time.perf_counter() - started_s)
    stop.set()
    feeder.join()
    analyst.stop()
    return fps


def endless(file: Path) -> Iterator[Frame]:
    """Yield the frames of `file` again and again, each round as another session."""
    session = 0
    while True:
        for frame in frames(file, "bench"):
            yield Frame(
                frame.camera_id, session, frame.index, frame.time_s, frame.captured_at, frame.clock, frame.key,
                frame.picture,
            )  # fmt: skip
        session += 1


def _wait_for(is_true: Callable[[], bool], timeout_s: float = 30.0) -> None:
    until_s = time.monotonic() + timeout_s
    while not is_true():
        if time.monotonic() > until_s:
            raise TimeoutError("the pipeline did not start")
        time.sleep(0.01)


def _median(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]

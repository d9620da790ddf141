"""`ioc eval detect`: how well a detector finds what is labelled in a set of pictures."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from benchmarks.eval.average_precision import ClassScore, Truth, score
from benchmarks.eval.yolo_set import YoloSet
from common.config import ConfigError
from detectors.detections import Detections
from detectors.fitted import FittedDetector
from detectors.onnx_detector import OnnxDetector
from rtsp.picture import VideoPicture

FLOOR = 0.001  # average precision looks at the whole curve, down to the faintest box
SAME = {"motorbike": "motorcycle", "pedestrian": "person", "people": "person", "lorry": "truck", "van": "car"}


def eval_detect(
    detector: OnnxDetector | FittedDetector,
    labelled: YoloSet,
    *,
    confidence: float,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> dict[str, Any]:
    """Return mAP50, mAP50-95, precision and recall at `confidence`, over all and per class (contract, section 7)."""
    shared = [name for name in labelled.names if _ours(name) in detector.labels]
    if not shared:
        raise ConfigError(
            f"the detector knows none of the labels {', '.join(labelled.names)}; it knows {', '.join(detector.labels)}"
        )
    found, ms = look(detector, labelled.pictures, progress)
    truths = [_in_our_words(truth) for truth in labelled.truths()]
    scores = score(truths, found, list(dict.fromkeys(map(_ours, shared))), confidence=confidence)
    unknown = sorted(set(labelled.names) - set(shared))
    return {
        **summary(scores),
        "pictures": len(truths),
        "confidence": confidence,
        "not_scored": unknown,
        "ms_per_picture": round(float(np.median(ms)), 2),
    }


def look(
    detector: OnnxDetector | FittedDetector,
    pictures: Sequence[Path],
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> tuple[list[Detections], list[float]]:
    """Return what `detector` sees in each picture file, down to the faintest box, and the milliseconds of each."""
    found: list[Detections] = []
    ms: list[float] = []
    for index, picture in enumerate(read_pictures(pictures)):
        start = time.perf_counter()
        found += detector.detect([picture], floor=FLOOR)
        ms.append((time.perf_counter() - start) * 1000)
        progress(index + 1, len(pictures))
    return found, ms


def read_pictures(files: Sequence[Path]) -> Iterable[VideoPicture]:
    """Yield each picture file, read only when it is asked for."""
    for file in files:
        bgr: Any = cv2.imread(str(file), cv2.IMREAD_COLOR)
        if bgr is None:
            raise ConfigError(f"{file}: not a picture that can be read")
        yield VideoPicture.of(np.asarray(bgr, np.uint8))


def summary(scores: Mapping[str, ClassScore]) -> dict[str, Any]:
    """Return `overall` and `classes` as the contract has them; overall precision and recall count every box once."""
    right, wrong = sum(one.right for one in scores.values()), sum(one.wrong for one in scores.values())
    truth = sum(one.truth for one in scores.values())
    return {
        "overall": {
            "map50": _mean([one.ap50 for one in scores.values()]),
            "map50_95": _mean([one.ap50_95 for one in scores.values()]),
            "precision": round(right / (right + wrong), 4) if right + wrong else 0.0,
            "recall": round(right / truth, 4) if truth else 0.0,
        },
        "classes": {
            label: {
                "map50": round(one.ap50, 4),
                "map50_95": round(one.ap50_95, 4),
                "precision": round(one.precision, 4),
                "recall": round(one.recall, 4),
                "truth": one.truth,
            }
            for label, one in scores.items()
        },
    }


def against_itself(sure: float, low: float, reference: Sequence[Detections]) -> list[Truth]:
    """Return the detections of a reference model as truth: its sure ones count, its doubtful ones are ignored."""
    return [
        Truth(seen.boxes, seen.labels, seen.scores < sure) for seen in (one[one.scores >= low] for one in reference)
    ]


def _ours(name: str) -> str:
    plain = name.strip().lower().replace("_", " ")
    return SAME.get(plain, plain)


def _in_our_words(truth: Truth) -> Truth:
    return Truth(truth.boxes, np.array([_ours(label) for label in truth.labels.tolist()], np.str_), truth.ignored)


def _mean(values: Sequence[float]) -> float:
    return round(float(np.mean(values)), 4) if values else 0.0

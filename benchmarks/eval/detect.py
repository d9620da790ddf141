"""`ioc eval detect`: how well a detector finds what is labelled in a set of pictures."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from benchmarks.eval.average_precision import ClassScore, Truth, score
from benchmarks.eval.yolo_set import YoloSet
from common.config import ConfigError
from detectors.detections import Detections
from detectors.detector import Detector
from detectors.fitted import FittedDetector
from detectors.onnx_detector import OnnxDetector
from rtsp.picture import VideoPicture

GOOD_PRECISION = 0.8  # at which recalls are compared: one false box in five
CURVE_POINTS = 200
MOST_CAMERAS = 60  # beyond it, names of pictures do not begin with their camera
FLOOR = 0.001  # average precision looks at the whole curve, down to the faintest box
SAME = {"motorbike": "motorcycle", "pedestrian": "person", "people": "person", "lorry": "truck", "van": "car"}


def eval_detect(
    detector: Detector,
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
    labels = list(dict.fromkeys(map(_ours, shared)))
    scores = score(truths, found, labels, confidence=confidence)
    unknown = sorted(set(labelled.names) - set(shared))
    return {
        **summary(scores),
        "cameras": by_camera(labelled.cameras(), truths, found, labels, confidence),
        "curves": {label: curve_of(one) for label, one in scores.items()},
        "pictures": len(truths),
        "confidence": confidence,
        "not_scored": unknown,
        "ms_per_picture": round(float(np.median(ms)), 2),
    }


def look(
    detector: Detector,
    pictures: Sequence[Path],
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> tuple[list[Detections], list[float]]:
    """Return what `detector` sees in each picture file, and the milliseconds of each.

    Down to the faintest box; from the card's `low` on, where the detector is made of several.
    """
    detect = (
        partial(detector.detect, floor=FLOOR)
        if isinstance(detector, OnnxDetector | FittedDetector)
        else detector.detect
    )
    found: list[Detections] = []
    ms: list[float] = []
    for index, picture in enumerate(read_pictures(pictures)):
        start = time.perf_counter()
        found += detect([picture])
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


def by_camera(
    cameras: Sequence[str], truths: Sequence[Truth], found: Sequence[Detections], labels: Sequence[str], sure: float
) -> dict[str, dict[str, Any]]:
    """Return the overall figures of each camera; empty when all pictures are of one, or each is of another.

    `clear` counts pictures in which there is nothing, `clear_with_alarm` those of them in which something was seen.
    """
    names = sorted(set(cameras))
    if not 2 <= len(names) <= MOST_CAMERAS:
        return {}
    result = {}
    for name in names:
        mine = [index for index, camera in enumerate(cameras) if camera == name]
        scores = score([truths[i] for i in mine], [found[i] for i in mine], labels, confidence=sure)
        clear = [i for i in mine if not np.isin(truths[i].labels, labels).any()]
        alarms = [i for i in clear if np.any(np.isin(found[i].labels, labels) & (found[i].scores >= sure))]
        counts = {"pictures": len(mine), "truth": sum(one.truth for one in scores.values())}
        result[name] = {
            **summary(scores)["overall"],
            **counts,
            "clear": len(clear),
            "clear_with_alarm": len(alarms),
        }
    return result


def curve_of(one: ClassScore) -> dict[str, Any]:
    """Return precision and recall over confidence at IoU 0.5, thinned out, and where precision holds at 0.8."""
    curve = one.curve
    step = max(1, len(curve.confidence) // CURVE_POINTS)
    points = zip(curve.confidence[::step], curve.precision[::step], curve.recall[::step], strict=True)
    best = curve.at_precision(GOOD_PRECISION)
    named = dict(zip(("confidence", "precision", "recall"), (round(x, 4) for x in best), strict=True)) if best else None
    return {
        "points": [[round(float(value), 4) for value in point] for point in points],
        f"at_precision_{GOOD_PRECISION:g}": named,
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

"""How `ioc models quantize` goes: calibrate, make, judge, and keep it only if it sees as much as before."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from benchmarks.eval.average_precision import score
from benchmarks.eval.detect import FLOOR, against_itself, eval_detect, summary
from benchmarks.eval.yolo_set import YoloSet, read_set
from detectors.fitted import FittedDetector
from detectors.letterbox import Letterbox
from detectors.load import load_detector
from detectors.onnx_detector import OnnxDetector
from ioc.output import UserMistake
from ioc.some_pictures import some_pictures
from models.card import ModelCard, find_card
from models.errors import ModelError
from models.precision import choose, make_twin
from models.quantize import LEAST_PICTURES, measured_ranges
from models.ranges import RangesFile
from models.reshape import reshaped
from models.store import add, ensure, read_checked
from rtsp.picture import VideoPicture

Report: TypeAlias = Callable[[str, int, int], None]
Loaded: TypeAlias = OnnxDetector | FittedDetector

KEPT = ((0, 0), (2, 0), (2, 12))  # convolutions at the beginning and before the head that stay in float, in this order
SURE = 0.5  # a box of the FP32 model that counts as truth where there are no labels
LEAST_TRUTH = 20  # boxes of a label below which its average precision is luck
TIMED = 20  # pictures that both models look at in turn


def quantize_model(
    name: str,
    calibrate: Path,
    dataset: Path | None,
    *,
    max_loss: float,
    pictures: int,
    models_dir: Path | None,
    save_ranges: Path | None = None,
    report: Report = lambda title, done, total: None,
) -> dict[str, Any]:
    """Make and keep NAME-int8; return its card's facts. Raises `ModelError` where it loses more than `max_loss`.

    save_ranges: a file for what calibration found, with which other boxes make the same model without pictures.
    """
    card = find_card(name, models_dir)
    path = ensure(card, models_dir)
    seen = some_pictures(calibrate, pictures if dataset else 2 * pictures)
    if len(seen) < LEAST_PICTURES * (1 if dataset else 2):
        raise UserMistake(f"{calibrate}: only {len(seen)} pictures; at least {LEAST_PICTURES * 2} are needed")
    judge = _judge(card, path, read_set(dataset) if dataset else None, seen[1::2])
    for_ranges = seen if dataset else seen[0::2]
    content = read_checked(card, path)
    ranges = measured_ranges(name, _as_fed(card, content), _batches(card, for_ranges, report))
    losses = []
    for first, last in KEPT:
        quality = {"judged_on": judge.on, "calibrated_on": f"{len(for_ranges)} pictures", "kept_in_float": first + last}
        found = RangesFile(
            parent=str(card.sha256), keep_first=first, keep_last=last, quality=quality, ranges=dict(ranges)
        )
        made, weights = make_twin(card, content, found)
        with tempfile.TemporaryDirectory(prefix="ioc-int8-") as folder:
            kept = add(made, weights, Path(folder))
            report(f"judging on {judge.on}", 0, 1)
            verdict = judge(load_detector(made, kept))
            timing = _timing(load_detector(card, path, threads=1), load_detector(made, kept, threads=1), seen)
        losses.append(verdict["loss"])
        if verdict["loss"] <= max_loss:
            quality = {**quality, **verdict, **timing}
            if save_ranges is not None:
                text = found.model_copy(update={"quality": quality}).model_dump_json(indent=1)
                save_ranges.write_text(text + "\n", encoding="utf-8")
            made = made.model_copy(update={"quality": {**made.quality, **quality}})
            return {"name": made.name, "path": str(add(made, weights, models_dir)), "sha256": made.sha256, **quality}
    raise ModelError(
        f"{name}: refused: in 8 bits it loses {min(losses):.1f} points of mAP50 on {judge.on}, more than {max_loss:g}; "
        "calibrate on more pictures that look like the site's"
    )


def quantize_as_shipped(name: str, models_dir: Path | None) -> dict[str, Any]:
    """Make and keep NAME-int8 with the ranges that came with the product; return its card's facts.

    Raises `ModelError` where there are none for these weights.
    """
    chosen = choose(find_card(name, models_dir), "int8", models_dir=models_dir)
    if chosen.card.parent is None:
        raise ModelError(chosen.why_not_int8 or f"{name} cannot be made in 8 bits")
    return {"name": chosen.card.name, "path": str(chosen.path), "sha256": chosen.card.sha256, **chosen.card.quality}


@dataclass(slots=True)
class _Judge:
    """Says what a model's mAP50 is and how much less that is than the FP32 model's."""

    on: str
    map50_of: Callable[[Loaded], float]
    before: float

    def __call__(self, detector: Loaded) -> dict[str, float]:
        after = self.map50_of(detector)
        loss = round(100 * (self.before - after), 2)
        return {"fp32_map50": self.before, "int8_map50": after, "loss": loss}


def _judge(card: ModelCard, path: Path, labelled: YoloSet | None, pictures: Sequence[VideoPicture]) -> _Judge:
    fp32 = load_detector(card, path)
    if labelled is not None:

        def by_labels(detector: Loaded) -> float:
            result = eval_detect(detector, labelled, confidence=card.thresholds.high)
            return float(result["overall"]["map50"])

        return _Judge(f"{len(labelled.pictures)} labelled pictures", by_labels, by_labels(fp32))

    truths = against_itself(SURE, card.thresholds.low, [fp32.detect([one], floor=FLOOR)[0] for one in pictures])
    counted = np.concatenate([one.labels[~one.ignored] for one in truths])
    common = [label for label in card.classes if (counted == label).sum() >= LEAST_TRUTH]
    if not common:
        raise UserMistake("the FP32 model is sure of too little in these pictures to judge by; give --dataset")

    def by_itself(detector: Loaded) -> float:
        found = [detector.detect([one], floor=FLOOR)[0] for one in pictures]
        result = summary(score(truths, found, common, confidence=card.thresholds.high))
        return float(result["overall"]["map50"])

    return _Judge(f"{len(pictures)} other pictures, FP32 taken as truth", by_itself, by_itself(fp32))


def _as_fed(card: ModelCard, content: bytes) -> bytes:
    """Return the weights for the card's input, which need not be the one that they were exported with."""
    return reshaped(card.name, content, card.input.width, card.input.height) if card.input.reshape else content


def _batches(card: ModelCard, pictures: Sequence[VideoPicture], report: Report) -> Iterator[npt.NDArray[np.float32]]:
    letterbox = Letterbox(card.input, card.input.width, card.input.height)
    for index, picture in enumerate(pictures):
        batch = letterbox.empty(1)
        letterbox.fill(batch[0], picture)
        report("calibrating", index, len(pictures))
        yield batch


def _timing(fp32: Loaded, int8: Loaded, pictures: Sequence[VideoPicture]) -> dict[str, float]:
    """Return the median milliseconds of both models alone, in turn on the same pictures.

    Processor time of one thread: what else the box does meanwhile does not count.
    """
    picture = pictures[0]
    pair = [one.suited(picture) if isinstance(one, FittedDetector) else one for one in (fp32, int8)]
    took: list[list[float]] = [[], []]
    for index in range(TIMED):
        for which, detector in enumerate(pair):
            detector.fill([pictures[index % len(pictures)]])
            start = time.thread_time()
            detector.infer(1)
            took[which].append((time.thread_time() - start) * 1000)
    ratio = float(np.median(np.array(took[0]) / np.array(took[1])))
    before, after = (round(float(np.median(ms)), 2) for ms in took)
    return {"fp32_ms": before, "int8_ms": after, "speed_up": round(ratio, 2)}

"""How `ioc train` goes: train, put on a card, judge on what was held out, make in 8 bits, report."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.eval.detect import eval_detect
from benchmarks.eval.detect_report import write_detect_report
from benchmarks.eval.yolo_set import read_set
from detectors.load import load_detector
from ioc.quantizing import quantize_model
from models.card import find_card
from models.errors import ModelError
from models.training.held_out import write_held_out
from models.training.recipe import Recipe
from models.training.result import terms_of, write_card
from models.training.run import run

MOST_LOST = 1.0  # points of mAP50 that the 8-bit model may be worse by
NO_THRESHOLD = 0.25  # where nothing is held out, nothing says which confidence is enough

Tell = Callable[[dict[str, Any]], None]


def train_model(recipe: Recipe, into: Path, *, name: str, version: str, licence: str, tell: Tell) -> dict[str, Any]:
    """Return what came of a run: the card, its figures on the held-out pictures, and the 8-bit model's.

    Everything stands in `into`: NAME.onnx and NAME.yaml, NAME.ranges.json, held_out/, report/. Raises `ModelError`.
    """
    trained = run(recipe, into, tell)

    def on_a_card(figures: dict[str, Any]) -> Path:
        kept = into / f"{name}.onnx"
        weights = trained.weights if trained.weights.exists() else kept
        terms = terms_of(recipe)
        return write_card(weights, into, name=name, version=version, licence=licence, terms=terms, figures=figures)

    card = on_a_card({"confidence": NO_THRESHOLD})
    result: dict[str, Any] = {"card": str(card), "weights": str(into / f"{name}.onnx")}
    if trained.held:
        held_out = write_held_out(trained.held, into / "held_out")
        figures, page = judged(name, into, held_out)
        on_a_card(figures)
        result |= {"figures": figures, "held_out": str(held_out), "report": str(page)}
        result["int8"] = _in_8_bits(recipe, name, into, held_out)
    return result


def judged(name: str, models_dir: Path, held_out: Path) -> tuple[dict[str, Any], Path]:
    """Return (figures for the card, the report's page) of a model on held-out pictures.

    "confidence", the card's threshold, is the lowest at which four of five boxes are right.
    """
    card = find_card(name, models_dir)
    detector = load_detector(card, models_dir / card.file_name)
    labelled = read_set(held_out)
    curves = eval_detect(detector, labelled, confidence=card.thresholds.high)["curves"]
    good = curves.get("smoke", {}).get("at_precision_0.8")
    confidence = good["confidence"] if good else card.thresholds.high
    result = eval_detect(detector, labelled, confidence=confidence)
    page = write_detect_report(models_dir / "report", {"model": name, **result}, held_out.name)
    figures = {"judged_on": f"{result['pictures']} held-out pictures", "confidence": confidence}
    for label, row in result["classes"].items():
        figures |= {f"{label}_{key}": row[key] for key in ("map50", "map50_95", "precision", "recall")}
    return figures, page


def _in_8_bits(recipe: Recipe, name: str, into: Path, held_out: Path) -> dict[str, Any]:
    pictures = recipe.parts[0].folder
    try:
        return quantize_model(
            name,
            pictures / "images" if (pictures / "images").is_dir() else pictures,
            held_out,
            max_loss=MOST_LOST,
            pictures=recipe.calibration,
            models_dir=into,
            save_ranges=into / f"{name}.ranges.json",
        )
    except ModelError as error:
        return {"refused": str(error)}

"""`ioc eval detect`: the detector's own score on labelled pictures."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.progress import Progress
from rich.table import Table

from ioc.eval_app import eval_app
from ioc.output import UserMistake, emit, err, out

if TYPE_CHECKING:
    from detectors.detector import Detector
    from models.card import ModelCard


class Sight(StrEnum):
    """How a picture is looked at."""

    WHOLE = "whole"
    FAR = "far"


def register(app: typer.Typer) -> None:
    """Nothing to add here: the command below stands in the `eval` group."""


@eval_app.command("detect")
def detect(
    dataset: Annotated[Path, typer.Argument(help="folder in YOLO layout: data.yaml, images/, labels/")],
    model: Annotated[str, typer.Option(help="model card")] = "yolov8n",
    confidence: Annotated[
        float | None, typer.Option(help="where precision and recall are taken; empty: the card's 'high'", min=0, max=1)
    ] = None,
    split: Annotated[str | None, typer.Option(help="val, test or train; empty: the first there is")] = None,
    longest: Annotated[int | None, typer.Option(help="longer side of the input, in pixels")] = None,
    sight: Annotated[
        Sight,
        typer.Option(help="whole: each picture once; far: as forest cameras are looked at, fine along the horizon"),
    ] = Sight.WHOLE,
    models_dir: Annotated[Path | None, typer.Option(help="folder of weights and cards made on this site")] = None,
    report: Annotated[Path | None, typer.Option(help="folder for a page with the curves and each camera")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object on standard output")] = False,
) -> None:
    """mAP50 and mAP50-95 as COCO defines them, per label, with precision and recall at one confidence."""
    from benchmarks.eval.detect import eval_detect
    from benchmarks.eval.detect_report import write_detect_report
    from benchmarks.eval.yolo_set import read_set
    from models.card import find_card
    from models.errors import ModelError
    from models.store import ensure

    labelled = read_set(dataset, split)
    with Progress(console=err, transient=True) as progress:
        task = progress.add_task(f"{model} on {dataset.name}", total=len(labelled.pictures))
        try:
            card = find_card(model, models_dir)
            detector = _loaded(card, ensure(card, models_dir), sight, longest)
        except ModelError as error:
            raise UserMistake(str(error)) from error
        result = eval_detect(
            detector,
            labelled,
            confidence=card.thresholds.high if confidence is None else confidence,
            progress=lambda done, total: progress.update(task, completed=done),
        )
    result = {"model": card.name, "sight": sight.value, **result}
    if report is not None:
        write_detect_report(report, result, dataset.name)
    emit(result, as_json, _show)


def _loaded(card: ModelCard, path: Path, sight: Sight, longest: int | None) -> Detector:
    from benchmarks.eval.detect import FLOOR
    from detectors.load import load_detector
    from edge.smoke.sight import load_far_sight

    if sight is Sight.WHOLE:
        return load_detector(card, path, longest=longest)
    if longest is not None:
        raise UserMistake("--longest belongs to --sight whole: the far sight has its own sizes")
    faint = card.thresholds.model_copy(update={"low": FLOOR})
    return load_far_sight(card.model_copy(update={"thresholds": faint}), path)


def _show(result: Mapping[str, Any]) -> None:
    table = Table("label", "mAP50", "mAP50-95", "precision", "recall", "truth")
    rows = {**result["classes"], f"all, at {result['confidence']:g}": result["overall"]}
    for label, row in rows.items():
        figures = (f"{row[name]:.3f}" for name in ("map50", "map50_95", "precision", "recall"))
        table.add_row(label, *figures, str(row.get("truth", "")))
    out.print(table)
    if result["cameras"]:
        out.print(_cameras(result["cameras"]))
    for label, curve in result["curves"].items():
        good = curve["at_precision_0.8"]
        if good:
            out.print(f"{label}: recall {good['recall']:.3f} at precision 0.8 (confidence {good['confidence']:.3f})")
    if result["not_scored"]:
        out.print(f"not scored, the model does not know them: {', '.join(result['not_scored'])}")


def _cameras(cameras: Mapping[str, Mapping[str, Any]]) -> Table:
    table = Table("camera", "mAP50", "precision", "recall", "truth", "clear pictures", "of them with a false alarm")
    for name, row in cameras.items():
        figures = (f"{row[key]:.3f}" if row["truth"] else "–" for key in ("map50", "precision", "recall"))
        table.add_row(name, *figures, str(row["truth"]), str(row["clear"]), str(row["clear_with_alarm"]))
    return table

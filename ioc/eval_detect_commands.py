"""`ioc eval detect`: the detector's own score on labelled pictures."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import Progress
from rich.table import Table

from ioc.eval_app import eval_app
from ioc.output import UserMistake, emit, err, out


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
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object on standard output")] = False,
) -> None:
    """mAP50 and mAP50-95 as COCO defines them, per label, with precision and recall at one confidence."""
    from benchmarks.eval.detect import eval_detect
    from benchmarks.eval.yolo_set import read_set
    from detectors.load import load_detector
    from models.card import find_card
    from models.errors import ModelError
    from models.store import ensure

    labelled = read_set(dataset, split)
    with Progress(console=err, transient=True) as progress:
        task = progress.add_task(f"{model} on {dataset.name}", total=len(labelled.pictures))
        try:
            card = find_card(model)
            detector = load_detector(card, ensure(card), longest=longest)
        except ModelError as error:
            raise UserMistake(str(error)) from error
        result = eval_detect(
            detector,
            labelled,
            confidence=card.thresholds.high if confidence is None else confidence,
            progress=lambda done, total: progress.update(task, completed=done),
        )
    emit({"model": card.name, **result}, as_json, _show)


def _show(result: Mapping[str, Any]) -> None:
    table = Table("label", "mAP50", "mAP50-95", "precision", "recall", "truth")
    rows = {**result["classes"], f"all, at {result['confidence']:g}": result["overall"]}
    for label, row in rows.items():
        figures = (f"{row[name]:.3f}" for name in ("map50", "map50_95", "precision", "recall"))
        table.add_row(label, *figures, str(row.get("truth", "")))
    out.print(table)
    if result["not_scored"]:
        out.print(f"not scored, the model does not know them: {', '.join(result['not_scored'])}")

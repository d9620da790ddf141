"""`ioc eval fit-smoke`: fit the scorer of smoke candidates to sequences, and show how it does on cameras left out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ioc.eval_app import eval_app
from ioc.output import out

if TYPE_CHECKING:
    from detectors.detections import Detections
    from detectors.picture import Picture


def register(app: typer.Typer) -> None:
    """The group `eval` is put on `app` by `eval_commands`; this file only adds to it."""


@eval_app.command("fit-smoke")
def fit_smoke(
    datasets: Annotated[list[Path], typer.Argument(help="folders of sequences with smoke boxes, as make-smoke writes")],
    boxes: Annotated[Path, typer.Option(help="remember the detector's boxes here: later runs are quick")],
    model: Annotated[str, typer.Option(help="model card that finds smoke and flame")] = "smoke",
    threads: Annotated[int, typer.Option(help="threads of the model; 0 means one for each core")] = 0,
    into: Annotated[Path | None, typer.Option(help="write the weights here; empty only shows them")] = None,
) -> None:
    """Fit what each number of a candidate counts, and judge it by leaving out each camera in turn."""
    from rich.console import Console
    from rich.progress import Progress

    from benchmarks.eval.smoke_boxes import KnownBoxes
    from benchmarks.eval.smoke_sequences import read_sequences
    from benchmarks.smoke_material.fit import examples_of, fit, left_out, written
    from edge.smoke.sight import LOOK, load_far_sight
    from models.card import find_card
    from models.store import ensure

    card = find_card(model)
    detector = load_far_sight(card, ensure(card), threads=threads)

    def detect(picture: Picture) -> Detections:
        return detector.detect([picture])[0]

    sequences = [(one, one.camera or one.name) for folder in datasets for one in read_sequences(folder)]
    known = KnownBoxes(boxes, f"{card.sha256} {LOOK}", detect)
    with Progress(console=Console(stderr=True)) as progress:
        task = progress.add_task("sequences", total=len(sequences))
        examples = examples_of(sequences, known, lambda: progress.advance(task))
    known.close()
    for camera, area, fires, others in left_out(examples):
        out.print(f"{camera}: area under the curve {area:.3f} ({fires} sightings of fires, {others} of others)")
    weights = fit(examples)
    out.print(f"bias {weights.bias}, {', '.join(f'{name} {value}' for name, value in weights.of.items())}")
    if into is not None:
        into.write_text(written(weights), encoding="utf-8")

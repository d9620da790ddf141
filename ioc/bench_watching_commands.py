"""`ioc bench watching`: what tracking, rules and reporting cost beside the model."""

from __future__ import annotations

from typing import Annotated

import typer

from ioc.bench_app import bench_app
from ioc.bench_commands import BENCH_CLIPS, show_rows
from ioc.output import emit, err


def register(app: typer.Typer) -> None:
    """The group `bench` is put on `app` by `bench_commands`; this file only adds to it."""


@bench_app.command()
def watching(
    looks: Annotated[int, typer.Option(min=20, help="pictures of each film, five a second")] = 150,
    model: Annotated[str, typer.Option(help="model card; its own time is not counted")] = "yolov8n",
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object on standard output")] = False,
) -> None:
    """Tracking, rules and events: processor time of a look without model and decoder, and at 64 cameras."""
    from benchmarks.mixes import busy, mixed
    from benchmarks.watching import bench_watching
    from detectors.load import load_detector
    from ioc.demo.clips import prepare
    from models.card import find_card
    from models.precision import choose

    def say(said: str) -> None:
        err.print(f"  {said}", markup=False, style="dim")

    chosen = choose(find_card(model), "auto")
    detector = load_detector(chosen.card, chosen.path, threads=1)
    clips = {**prepare(say), **prepare(say, manifest=BENCH_CLIPS)}
    rows = [row for mix in (busy, mixed) for row in bench_watching(mix(clips), detector, looks=looks)]
    emit({"results": rows}, as_json, show_rows)

"""`ioc eval events`: how truly and how soon the product reports what happens."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from ioc.eval_app import eval_app
from ioc.output import emit, out


def register(app: typer.Typer) -> None:
    """The group `eval` is put on `app` by `eval_commands`; this file only adds to it."""


@eval_app.command()
def events(
    dataset: Annotated[Path, typer.Argument(help="a folder of clips, each with a NAME.truth.yaml that has 'events:'")],
    model: Annotated[str, typer.Option(help="model card that finds people and vehicles")] = "yolov8n",
    only: Annotated[str, typer.Option(help="score only clips whose name matches this pattern")] = "*",
    looks_per_s: Annotated[
        float | None, typer.Option(min=0.1, max=60, help="look for objects so often, as a full box does; 5 by default")
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(help="folder for a page: each miss, each false alarm, and settings that would have done better"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """Report what happens in labelled clips, and compare with the truth: precision, recall, delay, false alarms."""
    from benchmarks.eval import events as scores
    from benchmarks.eval.advice import Seen, advise
    from benchmarks.eval.report import write_report
    from benchmarks.eval.runner import ClipRunner
    from benchmarks.eval.truth import read_truths

    runner = ClipRunner(read_truths(dataset, "events"), only=only, model=model, looks_per_s=looks_per_s)
    seen = [Seen(*one) for one in runner.run()]
    clips = [
        scores.score_clip(s.clip, s.truth, s.watched.alarms(), duration_s=s.watched.duration_s, kinds=s.watched.kinds)
        for s in seen
    ]
    result = {**scores.report(clips), **runner.facts}
    if report is not None:
        result["advice"] = advise(seen)
        write_report(report, result, runner.clips)
    emit(result, as_json, show_events, machine=runner.machine)


def show_events(result: Mapping[str, Any]) -> None:
    from rich.table import Table

    columns = (
        "kind",
        "true",
        "detected",
        "false",
        "precision",
        "recall",
        "F1",
        "false / camera-hour",
        "delay s",
        "p95",
    )
    table = Table(*columns)
    for kind, figures in [*result["kinds"].items(), ("all", result["overall"])]:
        counts = (str(figures[key]) for key in ("truth", "detected", "false_alarms"))
        shares = (_number(figures[key]) for key in ("precision", "recall", "f1", "false_alarms_per_camera_hour"))
        delays = (_number(figures["delay_s"][key]) for key in ("median", "p95"))
        table.add_row(kind, *counts, *shares, *delays)
    out.print(table)
    for clip in result["clips"]:
        for what in ("missed", "false"):
            for one in clip[what]:
                out.print(f"{clip['clip']}: {what} {one['kind']} at {one.get('at_s', one.get('start_s')):.1f} s")
    for change in result.get("advice", ()):
        out.print(f"would change {change['setting']} of {change['kind']}: {change['now']} → {change['then']}")


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"

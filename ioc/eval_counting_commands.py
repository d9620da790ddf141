"""`ioc eval counting`: how well the product counts over lines."""

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
def counting(
    dataset: Annotated[Path, typer.Argument(help="a folder of clips, each with a NAME.truth.yaml that has 'counts:'")],
    model: Annotated[str, typer.Option(help="model card that finds people and vehicles")] = "yolov8n",
    only: Annotated[str, typer.Option(help="score only clips whose name matches this pattern")] = "*",
    looks_per_s: Annotated[
        float | None, typer.Option(min=0.1, max=60, help="look for objects so often, as a full box does; 5 by default")
    ] = None,
    report: Annotated[Path | None, typer.Option(help="folder for a page with each line on its picture")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """Count what crosses the lines of labelled clips, and compare with the truth."""
    from benchmarks.eval import counting as scores
    from benchmarks.eval.counting_report import write_counting_report
    from benchmarks.eval.runner import ClipRunner
    from benchmarks.eval.truth import read_truths

    runner = ClipRunner(read_truths(dataset, "counts"), only=only, model=model, looks_per_s=looks_per_s)
    rows, views = [], {}
    for name, truth, watched in runner.run():
        findings = [told.finding for told in watched.told]
        rows += scores.score_clip(name, truth.counts or (), findings, truth.ignore)
        views[name] = truth.camera
    result = {"overall": scores.overall(rows), "clips": rows, **runner.facts}
    if report is not None:
        write_counting_report(report, result, runner.clips, views)
    emit(result, as_json, _show, machine=runner.machine)


def _show(result: Mapping[str, Any]) -> None:
    from rich.table import Table

    table = Table("clip", "line", "direction", "label", "truth", "counted", "error", "± by itself")
    for row in result["clips"]:
        names = [row["clip"], row["line"], row["direction"], row["label"]]
        table.add_row(*names, *(str(row[key]) for key in ("truth", "counted", "error", "doubtful")))
    out.print(table)
    overall = result["overall"]
    out.print(f"accuracy {overall['accuracy']:.3f}: {overall['counted']} counted, {overall['truth']} true")
    if "nwrmse" in overall:
        out.print(f"nwRMSE {overall['nwrmse']:.3f}")

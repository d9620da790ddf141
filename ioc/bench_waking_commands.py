"""`ioc bench waking`: what is lost, late and saved because quiet cameras sleep, on labelled clips."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import Progress

from ioc.bench_app import bench_app
from ioc.output import UserMistake, emit, err, out


def register(app: typer.Typer) -> None:
    """The group `bench` is put on `app` by `bench_commands`; this file only adds to it."""


@bench_app.command()
def waking(
    dataset: Annotated[Path, typer.Argument(help="a folder of clips, each with a NAME.truth.yaml that has 'events:'")],
    model: Annotated[str, typer.Option(help="model card that finds people and vehicles")] = "yolov8n",
    only: Annotated[str, typer.Option(help="play only clips whose name matches this pattern")] = "*",
    rate: Annotated[list[str] | None, typer.Option(help="vbr or cbr; may be repeated; empty: both")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object on standard output")] = False,
) -> None:
    """Each clip from sleep and fully decoded: events lost, later than a second, and decoding saved while it is quiet.

    So sánh camera ngủ với giải mã toàn bộ: mất sự kiện nào, trễ bao lâu, tiết kiệm bao nhiêu.
    """
    from benchmarks.eval.runner import ClipRunner
    from benchmarks.eval.truth import read_truths
    from benchmarks.waking import bench_waking

    rates = rate or ["vbr", "cbr"]
    if not set(rates) <= {"vbr", "cbr"}:
        raise UserMistake("--rate is vbr or cbr")
    runner = ClipRunner(read_truths(dataset, "events"), only=only, model=model)
    with Progress(console=err, transient=True) as bar:
        task = bar.add_task("", total=None)
        result = bench_waking(runner.views(), rates=rates, tell=lambda said: bar.update(task, description=said))
    emit(result, as_json, _show, machine=runner.machine)
    if result["overall"]["lost"] or result["overall"]["late"]:
        raise typer.Exit(1)


def _show(result: Mapping[str, Any]) -> None:
    from rich.table import Table

    table = Table("rate", "events", "lost", "extra", "> 1 s later", "later p95", "quiet: decoding ÷", "in all ÷")
    overall = result["overall"]
    for name, figures in [*((rate, overall[rate]) for rate in ("vbr", "cbr") if rate in overall), ("all", overall)]:
        keys = ("events", "lost", "extra", "late")
        saved = (str(figures[key]) for key in ("quiet_saved", "saved"))
        table.add_row(name, *(str(figures[key]) for key in keys), str(figures["later_s"]["p95"]), *saved)
    out.print(table)
    for clip in result["clips"]:
        for one in clip["lost"]:
            out.print(f"{clip['clip']} ({clip['rate']}): lost {one['kind']} at {one['at_s']} s", markup=False)

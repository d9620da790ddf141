"""`ioc eval quiet`: false alarms an hour on footage in which nothing happens, before anything is drawn."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ioc.eval_app import eval_app


def register(app: typer.Typer) -> None:
    """The group `eval` is put on `app` by `eval_commands`; this file only adds to it."""


@eval_app.command()
def quiet(
    folder: Annotated[Path, typer.Argument(help="a folder of clips in which nothing happens; no truth files needed")],
    kinds: Annotated[
        str | None,
        typer.Option(help="rules that watch, as in 'fall,accident'; by default all that need no drawing"),
    ] = None,
    model: Annotated[str, typer.Option(help="model card that finds people and vehicles")] = "yolov8n",
    only: Annotated[str, typer.Option(help="watch only clips whose name matches this pattern")] = "*",
    report: Annotated[Path | None, typer.Option(help="folder for a page with a strip of each false alarm")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """Let rules over the whole picture watch clips in which nothing happens: every alarm is false.

    Đếm báo động giả trên các đoạn phim không có sự kiện, khi chưa vẽ vùng nào.
    """
    from benchmarks.eval import events as scores
    from benchmarks.eval.quiet import KINDS, quiet_truths
    from benchmarks.eval.report import write_report
    from benchmarks.eval.runner import ClipRunner
    from ioc.eval_events_commands import show_events
    from ioc.output import emit

    wanted = KINDS if kinds is None else tuple(kind.strip() for kind in kinds.split(","))
    runner = ClipRunner(quiet_truths(folder, wanted), only=only, model=model)
    clips = [
        scores.score_clip(name, truth, watched.alarms(), duration_s=watched.duration_s, kinds=watched.kinds)
        for name, truth, watched in runner.run()
    ]
    result = {**scores.report(clips), **runner.facts}
    if report is not None:
        write_report(report, result, runner.clips)
    emit(result, as_json, show_events, machine=runner.machine)

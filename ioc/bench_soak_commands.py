"""`ioc bench soak`: hours of the real product with cameras that break at random; what grows, drifts or is lost."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.progress import Progress
from rich.table import Table

from ioc.bench_app import bench_app
from ioc.output import UserMistake, emit, err, out

if TYPE_CHECKING:
    from benchmarks.soak import Sample


def register(app: typer.Typer) -> None:
    """The group `bench` is put on `app` by `bench_commands`; this file only adds to it."""


@bench_app.command()
def soak(
    hours: Annotated[float, typer.Option(min=0.002, help="how long; memory slopes need an hour or two")] = 2.0,
    cameras: Annotated[int, typer.Option(min=1, max=500, help="live cameras")] = 8,
    mix: Annotated[str, typer.Option(help="what the cameras show: busy, mixed or forest")] = "mixed",
    clip: Annotated[Path | None, typer.Option(help="a video of your own instead, watched for people")] = None,
    fault: Annotated[
        list[str] | None,
        typer.Option(metavar="KIND[:0:for_s]", help="how cameras break; may be repeated; see simulate"),
    ] = None,
    fault_every_s: Annotated[float, typer.Option(min=0.5, help="each camera breaks about this often")] = 60.0,
    sample_every_s: Annotated[float, typer.Option(min=0.2, help="how often memory and the like are read")] = 5.0,
    seed: Annotated[int, typer.Option(help="the same number breaks the same cameras in the same order")] = 1,
    save: Annotated[Path | None, typer.Option(help="write the result here too, for ioc bench report --add")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object on standard output")] = False,
) -> None:
    """Memory slope, descriptors, threads and latency over hours, with connections cut at random throughout.

    Chạy nhiều giờ với kết nối bị ngắt ngẫu nhiên: bộ nhớ, tệp mở, luồng và độ trễ có tăng không.
    """
    from benchmarks.soak import USUAL_FAULTS, bench_soak
    from benchmarks.stack import Stack
    from common.processes import ProcessGroup
    from rtsp.simulator.faults import FaultPlan

    for one in fault or ():
        try:
            FaultPlan.parse(one)
        except ValueError as error:
            raise UserMistake(str(error)) from error
    film, watched = _film(mix, clip)
    with tempfile.TemporaryDirectory(prefix="ioc-soak-") as folder, Progress(console=err, transient=True) as bar:
        stack = Stack(ProcessGroup(Path(folder)))
        task = bar.add_task("starting", total=1.0)

        def tell(sample: Sample, share: float) -> None:
            told = f"{sample.rss_mb:.0f} MB, {sample.fds} files, {sample.threads} threads, {sample.online} online"
            bar.update(task, completed=share, description=told)

        try:
            result = bench_soak(
                stack,
                film,
                watched,
                hours=hours,
                cameras=cameras,
                faults=fault or USUAL_FAULTS,
                fault_every_s=fault_every_s,
                sample_every_s=sample_every_s,
                seed=seed,
                tell=tell,
            )
        finally:
            stack.stop()
    if save:
        save.parent.mkdir(parents=True, exist_ok=True)
        save.write_text(json.dumps(result, indent=1), encoding="utf-8")
    emit({"mix": None if clip else mix, **result}, as_json, _show)
    if result["lost"] or result["double"] or result["steady"] is False or not result["all_online_at_end"]:
        raise typer.Exit(1)


def _film(mix: str, clip: Path | None) -> tuple[Path, Mapping[str, Any]]:
    from benchmarks.footage import as_camera
    from benchmarks.mixes import MIXES
    from ioc.bench_commands import BENCH_CLIPS, BUSY_RULES
    from ioc.demo.clips import prepare

    def say(said: str) -> None:
        err.print(f"  {said}", markup=False, style="dim")

    if clip is not None:
        if not clip.is_file():
            raise UserMistake(f"{clip}: there is no such file")
        return as_camera(clip.resolve(), clip.stem), BUSY_RULES
    if mix not in MIXES:
        raise UserMistake(f"there is no mix {mix!r}; there are: {', '.join(MIXES)}")
    chosen = MIXES[mix]({**prepare(say), **prepare(say, manifest=BENCH_CLIPS)})
    return chosen.film, chosen.camera


def _show(result: Mapping[str, Any]) -> None:
    table = Table(show_header=False)
    told = {None: "too short to tell", True: "yes", False: "no"}[result["steady"]]
    between = result["rss_mb_per_h_between"]
    table.add_row("memory slope", f"{result['rss_mb_per_h']} MB/h (95 %: {between})")
    table.add_row("holds still", told)
    for name in (
        "central_rss_mb_per_h", "rss_mb", "fds_grown", "threads_grown", "latency_drift_ms", "faults_by_kind",
        "reconnects", "all_online_at_end", "published", "stored", "waiting", "lost", "double",
    ):  # fmt: skip
        table.add_row(name.replace("_", " "), str(result[name]))
    out.print(table)

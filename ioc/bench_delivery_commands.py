"""`ioc bench delivery`: how fast and how surely events travel from a node's disk to central's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer
from rich.progress import Progress
from rich.table import Table

from ioc.bench_app import bench_app
from ioc.output import emit, err, out


def register(app: typer.Typer) -> None:
    """The group `bench` is put on `app` by `bench_commands`; this file only adds to it."""


@bench_app.command()
def delivery(
    events: Annotated[int, typer.Option(min=10, help="events sent at a steady rate, for the latency")] = 2_000,
    per_s: Annotated[float, typer.Option(min=0.1, help="that rate; 83 is a province of 5,000 cameras")] = 83.0,
    burst: Annotated[int, typer.Option(min=10, help="events sent as fast as they can be kept, for the speed")] = 5_000,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object on standard output")] = False,
) -> None:
    """Events through outbox, broker and central, until central's confirmation is back; lost and double are counted."""
    from benchmarks.delivery import bench_delivery

    with Progress(console=err, transient=True) as bar:
        task = bar.add_task("delivering", total=None)
        result = bench_delivery(
            steady=events,
            per_s=per_s,
            burst=burst,
            progress=lambda done, of: bar.update(task, completed=done, total=of),
        )
    emit(result, as_json, _show)
    if result["lost"] or result["double"]:
        raise typer.Exit(1)


def _show(result: Mapping[str, Any]) -> None:
    table = Table("", "")
    for name in ("published", "stored", "lost", "double"):
        table.add_row(name, str(result[name]))
    table.add_row("events per second (burst)", f"{result['events_per_s']:g}")
    table.add_row("a disk's fsyncs per second", f"{result['limits']['fsync_per_s']:g}")
    way = ", ".join(f"{name[:3]} {result[name]:g} ms" for name in ("p50_ms", "p95_ms", "p99_ms"))
    table.add_row(f"put → confirmed at {result['steady_per_s']:g}/s", way)
    out.print(table)

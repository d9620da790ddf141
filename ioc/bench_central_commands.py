"""`ioc bench central`: how soon open screens show an event, and how many events a second central stores."""

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
def central(
    events: Annotated[int, typer.Option(min=10, help="events sent at a steady rate, for the latency")] = 1_000,
    per_s: Annotated[float, typer.Option(min=0.1, help="that rate; 83 is a province of 5,000 cameras")] = 83.0,
    burst: Annotated[int, typer.Option(min=10, help="events sent at once, for the speed")] = 5_000,
    screens: Annotated[int, typer.Option(min=1, max=200, help="open screens; the slowest of them is timed")] = 5,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object on standard output")] = False,
) -> None:
    """Events from the broker through central's store to the operators' screens; every one opens an incident."""
    from benchmarks.central import bench_central

    with Progress(console=err, transient=True) as bar:
        task = bar.add_task("events", total=None)
        result = bench_central(
            steady=events,
            per_s=per_s,
            burst=burst,
            screens=screens,
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
    way = ", ".join(f"{name[:3]} {result[name]:g} ms" for name in ("p50_ms", "p95_ms", "p99_ms"))
    table.add_row(f"message → {result['screens']} screens at {result['steady_per_s']:g}/s", way)
    out.print(table)

"""`ioc bench peers`: other products on the same cameras, weights and looks a second, beside ours in one run."""

from __future__ import annotations

import importlib.util
import json
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import Progress
from rich.table import Table

from ioc.bench_app import bench_app
from ioc.output import UserMistake, emit, err, out


def register(app: typer.Typer) -> None:
    """The group `bench` is put on `app` by `bench_commands`; this file only adds to it."""


@bench_app.command()
def peers(
    mix: Annotated[str, typer.Option(help="what the cameras show: busy or mixed")] = "mixed",
    cameras: Annotated[int, typer.Option(min=1, max=256, help="live cameras; with --search the most to try")] = 4,
    search: Annotated[bool, typer.Option("--search", help="find the most cameras that each peer carries")] = False,
    peer: Annotated[list[str] | None, typer.Option(help="opencv or ultralytics; may be repeated; empty: both")] = None,
    python: Annotated[str, typer.Option(help="the interpreter that has the peers' packages (extra peers)")] = "",
    seconds: Annotated[float, typer.Option(min=1.0, help="how long to measure, each")] = 30.0,
    looks_per_s: Annotated[float, typer.Option(min=0.2, max=25.0, help="of every camera")] = 5.0,
    sleep: Annotated[bool, typer.Option(help="let our node not look at still pictures, as it does by itself")] = True,
    square: Annotated[bool, typer.Option("--square", help="give the peers the weights as published, 640×640")] = False,
    ours: Annotated[bool, typer.Option(help="measure our node with as many cameras")] = True,
    model: Annotated[str, typer.Option(help="model card; the peers get the same weights")] = "yolov8n",
    save: Annotated[Path | None, typer.Option(help="write the result here too, for ioc bench report --add")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object on standard output")] = False,
) -> None:
    """An OpenCV + supervision loop and Ultralytics' tracker on the same cameras, beside our node.

    Sản phẩm khác trên cùng camera, cùng mô hình, cùng số lần nhìn mỗi giây, đặt cạnh nút của chúng ta.
    """
    from benchmarks.peers.side_by_side import NAMES, PeerFailed, measure_ours, measure_peer, most_carried, prepare
    from models.card import find_card
    from models.store import ensure

    chosen = peer or list(NAMES)
    for name in chosen:
        if name not in NAMES:
            raise UserMistake(f"there is no peer {name!r}; there are: {', '.join(NAMES)}")
    card, film = find_card(model), _mix(mix)
    interpreter = python or sys.executable
    if not python and importlib.util.find_spec("supervision") is None and "opencv" in chosen:
        raise UserMistake("supervision is not installed here: pip install 'ioc-edge[peers]', or name one with --python")
    rows: list[dict[str, Any]] = []
    trials: dict[str, list[dict[str, Any]]] = {}
    with tempfile.TemporaryDirectory(prefix="ioc-peers-") as folder, Progress(console=err, transient=True) as bar:
        task = prepare(film, card, ensure(card), Path(folder), square=square)
        step = bar.add_task("", total=len(chosen) + ours)
        for name in chosen:

            def measure(count: int, name: str = name) -> dict[str, Any]:
                bar.update(step, description=f"{NAMES[name]}, {count} cameras")
                return measure_peer(
                    name, interpreter, task, film, _stack, count=count, seconds=seconds, looks_per_s=looks_per_s
                )

            try:
                if search:
                    best, trials[name] = most_carried(measure, first=1, most=cameras)
                else:
                    best = measure(cameras)
                rows.append(best)
            except PeerFailed as failure:
                rows.append({"name": NAMES[name], "cameras": 0, "failed": str(failure)})
            bar.advance(step)
        mine = None
        if ours:
            bar.update(step, description=f"IOC Edge, {cameras} cameras")
            mine = measure_ours(film, _stack, count=cameras, seconds=seconds, looks_per_s=looks_per_s, sleep=sleep)
    result = {
        "mix": mix,
        "model": card.name,
        "input": task["size"],
        "looks_per_s": looks_per_s,
        "ours": mine,
        "peers": rows,
        "tried": trials,
    }
    if save:
        save.parent.mkdir(parents=True, exist_ok=True)
        save.write_text(json.dumps(result, indent=1), encoding="utf-8")
    emit(result, as_json, _show)
    if any(row.get("failed") for row in rows):
        raise typer.Exit(1)


def _mix(name: str) -> Any:
    from benchmarks.mixes import MIXES
    from ioc.bench_commands import BENCH_CLIPS
    from ioc.demo.clips import prepare

    def say(said: str) -> None:
        err.print(f"  {said}", markup=False, style="dim")

    known = [mix for mix in MIXES if mix != "forest"]  # the peers have no smoke model
    if name not in known:
        raise UserMistake(f"there is no mix {name!r} for peers; there are: {', '.join(known)}")
    return MIXES[name]({**prepare(say), **prepare(say, manifest=BENCH_CLIPS)})


@contextmanager
def _stack() -> Iterator[Any]:
    from benchmarks.stack import Stack
    from common.processes import ProcessGroup

    with tempfile.TemporaryDirectory(prefix="ioc-bench-") as folder:
        stack = Stack(ProcessGroup(Path(folder)))
        try:
            yield stack
        finally:
            stack.stop()


def _show(result: Mapping[str, Any]) -> None:
    names = ("cameras", "carried", "looks_per_s", "cpu_cores", "cores_per_camera", "cpu_ms_per_look", "rss_mb")
    table = Table("", *(name.replace("_", " ") for name in names))
    for row in (*([result["ours"]] if result["ours"] else []), *result["peers"]):
        if row.get("failed"):
            table.add_row(row["name"], f"failed: {row['failed']}")
        else:
            table.add_row(row["name"], *("" if row[name] is None else str(row[name]) for name in names))
    out.print(table)

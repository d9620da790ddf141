"""`ioc edge run` and `ioc edge check`: start a box, or find out first what is wrong with its file and cameras."""

from __future__ import annotations

import signal
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from ioc.output import LogLevel, emit, err, out

edge_app = typer.Typer(name="edge", help="Run an edge node, or check its file and cameras.", no_args_is_help=True)
CHECK_THREADS = 16


def register(app: typer.Typer) -> None:
    app.add_typer(edge_app)


@edge_app.command()
def run(
    file: Annotated[Path, typer.Argument(help="the node's configuration (YAML)")],
    log_level: Annotated[LogLevel, typer.Option(help="what is logged")] = "info",
) -> None:
    """Run a node until it is told to stop (Ctrl-C or SIGTERM)."""
    from common import logs
    from common.config import read_config
    from common.memory import set_apart, settle, share_arenas
    from edge.config import NodeConfig
    from edge.node import Node

    logs.set_up(level=log_level)
    share_arenas()
    set_apart()
    config = read_config(file, NodeConfig)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    node = Node(config, config_file=file)
    settle()
    node.start()
    try:
        stop.wait()
    finally:
        node.stop()


@edge_app.command()
def check(
    file: Annotated[Path, typer.Argument(help="the node's configuration (YAML)")],
    cameras: Annotated[bool, typer.Option(help="also connect to every camera")] = True,
    timeout_s: Annotated[float, typer.Option(help="seconds to wait for a camera")] = 10.0,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object on standard output")] = False,
) -> None:
    """Read the file, name every mistake in it, and probe all its cameras at once."""
    from common.config import read_config
    from edge.config import NodeConfig

    config = read_config(file, NodeConfig)
    _read_what_it_names(config)
    probes = _probe_all(config, timeout_s) if cameras else []
    result = {"file": str(file), "ok": all(p["ok"] for p in probes), "cameras": probes}
    emit(result, as_json, _show)
    if not result["ok"]:
        raise typer.Exit(1)


def _read_what_it_names(config: Any) -> None:
    """Raise ConfigError for a terrain file or a preset's picture that the node could not start with."""
    from edge.pose_pictures import pose_watch
    from edge.terrain import read_terrain

    if config.terrain is not None:
        read_terrain(config.terrain)
    for camera in config.cameras:
        pose_watch(camera, config.node.data_dir / "views")


def _probe_all(config: Any, timeout_s: float) -> list[dict[str, Any]]:
    from concurrent.futures import ThreadPoolExecutor

    from rich.progress import Progress

    urls = [
        (camera.id, what, url, camera.transport)
        for camera in config.cameras
        for what, url in (("main", camera.url), ("detect", camera.detect_url))
        if url
    ]
    with Progress(console=err, transient=True) as progress, ThreadPoolExecutor(CHECK_THREADS) as pool:
        task = progress.add_task("probing cameras", total=len(urls))
        jobs = [pool.submit(_probe_one, *url, timeout_s) for url in urls]
        for job in jobs:
            job.add_done_callback(lambda _: progress.advance(task))
        return [job.result() for job in jobs]


def _probe_one(camera: str, what: str, url: str, transport: Any, timeout_s: float) -> dict[str, Any]:
    from dataclasses import asdict

    from rtsp.advice import advise
    from rtsp.probe import probe
    from rtsp.source import SourceSettings

    found = probe(url, SourceSettings(transport=transport, open_timeout_s=timeout_s))
    advice = [one.en for one in advise(found)]
    if found.failure is not None:
        wrong = {"reason": found.failure, "error": found.failure_text, "advice": advice}
        return {"camera": camera, "stream": what, "ok": False, **wrong}
    return {"camera": camera, "stream": what, "ok": True, **asdict(found), "advice": advice}


def _show(result: Mapping[str, Any]) -> None:
    table = Table(title=f"{result['file']}: no mistakes in the file", title_justify="left")
    for column in ("camera", "stream", "state", "codec", "size", "fps", "key frames", "clock", "advice"):
        table.add_column(column)
    for p in result["cameras"]:
        if p["ok"]:
            size, interval = f"{p['width']}×{p['height']}", p["key_frame_interval_s"]
            every = f"{interval:.1f} s" if interval else "?"
            cells = ["ok", p["codec"], size, f"{p['fps']:.1f}", every, p["clock"], "; ".join(p["advice"])]
        else:
            cells = [f"[red]{p['reason']}[/red]", "", "", "", "", "", p["error"]]
        table.add_row(p["camera"], p["stream"], *cells)
    out.print(table)

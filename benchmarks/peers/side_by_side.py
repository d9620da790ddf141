"""Other products and ours on the same cameras, weights and looks a second, one after the other on this box."""

from __future__ import annotations

import json
import math
import os
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Final

import psutil

from benchmarks.footage import HEIGHT, WIDTH
from benchmarks.mixes import Mix
from benchmarks.soak import MB, ask, wait_for
from benchmarks.stack import Stack
from models.card import ModelCard
from models.reshape import reshaped
from models.store import read_checked

HERE: Final = Path(__file__).parent
SCRIPTS: Final = {
    "opencv": HERE / "opencv_supervision.py",
    "ultralytics": HERE / "ultralytics_streams.py",
}
NAMES: Final = {"opencv": "OpenCV + supervision", "ultralytics": "Ultralytics multi-stream tracking"}
WARM_UP_S: Final = 4.0
START_WITHIN_S: Final = 180.0
CARRIED: Final = 0.85  # of the looks asked for: a loader that takes the newest picture misses some even on an idle box

MakeStack = Callable[[], AbstractContextManager[Stack]]
Row = dict[str, Any]


class PeerFailed(Exception):  # noqa: N818  the peer's failure, told in one sentence
    """A peer gave no figures: it is not installed in that environment, or it broke."""


def prepare(mix: Mix, card: ModelCard, weights: Path, folder: Path, *, square: bool = False) -> dict[str, Any]:
    """Return the part of a peer's task that stays: the same weights with a free batch, labels, zones and lines.

    The graph is cut to the cameras' 16:9, as ours is, unless the peers shall have the `square` that the weights were
    published with: it costs two thirds more, for grey edges.
    """
    wide = math.ceil(card.input.width * HEIGHT / WIDTH / 32) * 32
    size = (card.input.width, card.input.height if square else wide)
    model = folder / f"{card.name}.onnx"
    model.write_bytes(reshaped(card.name, read_checked(card, weights), *size, cut=False))
    wanted = {label for rule in mix.camera["rules"] for label in rule.get("labels", ())} or {"person"}
    labels = [index for index, label in enumerate(card.classes) if label in wanted]
    watched = {name: mix.camera.get(name, {}) for name in ("zones", "lines")}
    return {"model": str(model), "size": list(size), "labels": labels, "camera": watched}


def run_peer(script: Path, python: str, task: Mapping[str, Any]) -> Row:
    """Run a peer's `script` as a process of its own with the interpreter `python`. Raises PeerFailed."""
    patience_s = START_WITHIN_S + task["warm_up_s"] + task["seconds"]
    try:
        done = subprocess.run(
            [python, str(script)],
            input=json.dumps(task),
            capture_output=True,
            text=True,
            timeout=patience_s,
            check=False,
            cwd=HERE,
            env={**os.environ, "PYTHONPATH": ""},
        )
    except subprocess.TimeoutExpired as late:
        raise PeerFailed(f"it did not end within {patience_s:.0f} s") from late
    except OSError as error:
        raise PeerFailed(f"{python} does not run: {error.strerror or error}") from error
    try:
        row: Row = json.loads(done.stdout.strip().splitlines()[-1])
    except (json.JSONDecodeError, IndexError) as wrong:
        raise PeerFailed(_reason(done.stderr) or f"it ended with {done.returncode}, saying nothing") from wrong
    return row


def _reason(said: str) -> str:
    """Return the last line that names an error, or the last line at all: threads go on talking after a failure."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    errors = [line for line in lines if "Error" in line.split(":")[0]]
    return (errors or lines or [""])[-1]


def measure_peer(
    peer: str, python: str, task: Mapping[str, Any], mix: Mix, make_stack: MakeStack, *, count: int, seconds: float,
    looks_per_s: float,
) -> Row:  # fmt: skip
    """Return a peer's figures with `count` live cameras. `carried`: it kept up with the looks asked for."""
    with make_stack() as stack:
        stack.start_cameras([mix.film], copies=count)
        urls = [stack.rtsp(f"{mix.film.stem}-{n:03d}") for n in range(1, count + 1)]
        asked = {**task, "urls": urls, "looks_per_s": looks_per_s, "seconds": seconds, "warm_up_s": WARM_UP_S}
        row = run_peer(SCRIPTS[peer], python, asked)
    return _told(NAMES[peer], count, looks_per_s, row)


def measure_ours(
    mix: Mix, make_stack: MakeStack, *, count: int, seconds: float, looks_per_s: float, sleep: bool = True
) -> Row:
    """Return the node's figures with the same cameras, between two of its health messages.

    With `sleep` a camera that shows nothing new is not looked at, which is what the product does; without, its looks
    are as many as the peers'.
    """
    with make_stack() as stack:
        stack.start_central()
        stack.start_cameras([mix.film], copies=count)
        names = [f"{mix.film.stem}-{n:03d}" for n in range(1, count + 1)]
        node = stack.start_edge(
            [{"id": f"cam-{n}", "url": stack.rtsp(name), **mix.camera} for n, name in enumerate(names)],
            {"looks_per_s": looks_per_s, "sleep": sleep},
        )
        process = psutil.Process(node.process.pid)
        wait_for(lambda: _analysing(stack) == count, stack, START_WITHIN_S)
        time.sleep(WARM_UP_S)
        before, cpu_s = _next_health(stack), _cpu_s(process)
        time.sleep(seconds)
        after, cpu_s = _next_health(stack), _cpu_s(process) - cpu_s
        took_s = after["uptime_s"] - before["uptime_s"]
        row = {
            "looks_per_s": round((_total(after, "analysed") - _total(before, "analysed")) / took_s, 2),
            "frames_per_s": round((_total(after, "decoded") - _total(before, "decoded")) / took_s, 1),
            "cpu_cores": round(cpu_s / took_s, 3),
            "rss_mb": round(process.memory_info().rss / MB, 1),
            "broken": [],
        }
    return {**_told("IOC Edge", count, looks_per_s, row), "sleep": sleep, "carried": None}


def most_carried(measure: Callable[[int], Row], *, first: int, most: int) -> tuple[Row, list[Row]]:
    """Double from `first` until a peer falls behind or `most` is carried, then halve the gap: (best row, all rows).

    A peer that falls behind with the least number carries none; its row then says so.
    """
    rows: list[Row] = []

    def carries(count: int) -> bool:
        rows.append(measure(count))
        return bool(rows[-1]["carried"])

    good, bad, count = 0, most + 1, first
    while count <= most and carries(count):
        good, count = count, count * 2
    if count <= most:
        bad = count
    elif good < most and not carries(most):
        bad = most
    elif good < most:
        good = most
    while bad <= most and bad - good > max(1, good // 8):
        middle = (good + bad) // 2
        good, bad = (middle, bad) if carries(middle) else (good, middle)
    best = next((row for row in rows if row["cameras"] == good), {**rows[0], "cameras": 0})
    return best, rows


def _told(name: str, count: int, looks_per_s: float, row: Row) -> Row:
    is_whole = row["looks_per_s"] >= CARRIED * count * looks_per_s and not row["broken"]
    costs = {
        "cores_per_camera": round(row["cpu_cores"] / count, 3),
        "cpu_ms_per_look": round(1000 * row["cpu_cores"] / row["looks_per_s"], 1) if row["looks_per_s"] else None,
        "rss_mb_per_camera": round(row["rss_mb"] / count, 1),
    }
    return {
        "name": name,
        "cameras": count,
        **row,
        **costs,
        "looks_asked_per_s": count * looks_per_s,
        "carried": is_whole,
    }


def _analysing(stack: Stack) -> int:
    return sum(bool(one["health"].get("analysed")) for one in ask(stack, "cameras")["cameras"])


def _next_health(stack: Stack) -> Row:
    """Return the node's next health message, with its cameras in `cameras`."""
    last = _health(stack)["uptime_s"]
    if not wait_for(lambda: _health(stack)["uptime_s"] > last, stack, START_WITHIN_S):
        raise PeerFailed("our node has sent no health message")
    cameras = {one["camera"]: one["health"] for one in ask(stack, "cameras")["cameras"]}
    return {**_health(stack), "cameras": cameras}


def _health(stack: Stack) -> Row:
    nodes = ask(stack, "nodes")["nodes"]
    return {"uptime_s": -1.0, **((nodes[0]["health"] if nodes else None) or {})}


def _total(health: Row, name: str) -> int:
    return sum(camera.get(name, 0) for camera in health["cameras"].values())


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)

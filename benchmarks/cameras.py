"""How many cameras this box carries: found by search, with what it must not lose held against full decoding."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

import httpx
import numpy as np
import psutil

from benchmarks.mixes import Mix
from benchmarks.reference import Happening, Reference, film_length_s
from benchmarks.stack import Stack

RECALL: Final = 0.99
EARLY_S: Final = 2.0
LATE_S: Final = 3.0
FIRST_FRAME_WITHIN_S: Final = 90.0
MB: Final = 2**20


@dataclass(frozen=True, slots=True)
class Trial:
    """One run with a number of cameras."""

    cameras: int
    ok: bool
    why_not: str
    recall: float | None
    expected: int
    seen: int
    p95_ms: float | None
    node_cpu_cores: float
    simulator_cpu_cores: float
    rss_mb: float
    rss_growth_mb: float
    start_s: float | None
    frames: Mapping[str, int]


def run_trial(mix: Mix, count: int, truth: Reference, stack: Stack, *, seconds: float, settle_s: float = 0.0) -> Trial:
    """Run `count` live cameras for a while and hold what arrived against `truth`.

    What happens in the first `settle_s` is not counted: cameras that are to sleep must first be known to stand still.
    """
    stack.start_central()
    simulator = stack.start_cameras([mix.film], copies=count)
    names = [f"{mix.film.stem}-{n + 1:03d}" for n in range(count)]
    began_s = time.time()
    node = stack.start_edge([{"id": f"cam-{n}", "url": stack.rtsp(name), **mix.camera} for n, name in enumerate(names)])
    began = _all_started(stack, count)
    time.sleep(settle_s)
    processes = psutil.Process(node.process.pid), psutil.Process(simulator.process.pid)
    begin_s, before = time.time(), [_cpu_s(p) for p in processes]
    sizes = [processes[0].memory_info().rss]
    while time.time() < begin_s + seconds:
        stack.group.check()
        time.sleep(1.0)
        sizes.append(processes[0].memory_info().rss)
    end_s, after = time.time(), [_cpu_s(p) for p in processes]
    node_cpu, simulator_cpu = ((b - a) / (end_s - begin_s) for a, b in zip(before, after, strict=True))
    time.sleep(LATE_S + mix.look_s)  # what began at the end may still arrive
    rows = _starts(stack)
    recall, expected, seen = _recall(mix, truth, rows, began or [], begin_s, end_s)
    late_ms = [row["late_ms"] for row in rows if begin_s <= row["at_s"] <= end_s]
    p95_ms = round(float(np.quantile(late_ms, 0.95)), 1) if late_ms else None
    growth_mb = (float(np.median(sizes[-5:])) - float(np.median(sizes[: max(5, len(sizes) // 3)]))) / MB
    start_s = None if began is None else round(max(began) - began_s, 1)
    why_not = _why_not(mix, recall, p95_ms, start_s)
    return Trial(
        cameras=count,
        ok=not why_not,
        why_not=why_not,
        recall=recall,
        expected=expected,
        seen=seen,
        p95_ms=p95_ms,
        node_cpu_cores=round(node_cpu, 2),
        simulator_cpu_cores=round(simulator_cpu, 2),
        rss_mb=round(sizes[-1] / MB, 1),
        rss_growth_mb=round(growth_mb, 1),
        start_s=start_s,
        frames=_frames(stack),
    )


def bench_cameras(
    mix: Mix,
    truth: Reference,
    make_stack: Callable[[], Any],
    *,
    first: int,
    most: int,
    seconds: float,
    settle_s: float = 0.0,
    tell: Callable[[Trial], None] = lambda trial: None,
) -> dict[str, Any]:
    """Double from `first` until it fails or `most` is carried, then halve the gap to an eighth of the number."""
    trials: list[Trial] = []

    def carries(count: int) -> bool:
        with make_stack() as stack:
            trials.append(run_trial(mix, count, truth, stack, seconds=seconds, settle_s=settle_s))
        tell(trials[-1])
        return trials[-1].ok

    good, bad, count = 0, most + 1, first
    while count <= most and carries(count):
        good, count = count, count * 2
    if count <= most:
        bad = count
    elif good < most and carries(most):
        good = most
    while bad <= most and bad - good > max(1, good // 8):
        middle = (good + bad) // 2
        good, bad = (middle, bad) if carries(middle) else (good, middle)
    best = next((t for t in trials if t.cameras == good), trials[0])
    one = min(trials, key=lambda t: t.cameras)
    per_camera = (best.rss_mb - one.rss_mb) / (best.cameras - one.cameras) if best.cameras > one.cameras else None
    return {
        "mix": mix.name,
        "cameras": good,
        "recall": best.recall,
        "p95_ms": best.p95_ms,
        "node_cpu_cores": best.node_cpu_cores,
        "simulator_cpu_cores": best.simulator_cpu_cores,
        "rss_mb": best.rss_mb,
        "rss_mb_per_camera": None if per_camera is None else round(per_camera, 1),
        "frames": best.frames,
        "trials": [asdict(trial) for trial in trials],
        "peers": [],
    }


def _why_not(mix: Mix, recall: float | None, p95_ms: float | None, start_s: float | None) -> str:
    if start_s is None:
        return f"not every camera showed a picture within {FIRST_FRAME_WITHIN_S:.0f} s"
    if recall is not None and recall < RECALL:
        return f"recall {recall:.3f} is below {RECALL}"
    if p95_ms is not None and p95_ms > mix.latest_s * 1000:
        return f"p95 from frame to event is {p95_ms:.0f} ms"
    return ""


def _recall(
    mix: Mix,
    truth: Reference,
    rows: Sequence[Mapping[str, Any]],
    began: Sequence[float],
    begin_s: float,
    end_s: float,
) -> tuple[float | None, int, int]:
    """Return (recall, expected, seen) over all cameras, with the film's position taken from the events themselves.

    began: when each camera's first picture was looked at. All copies share one unknown, the moment at which the first
    copy's film began; it is the one that explains most events. With dozens of cameras it is determined many times over,
    so that choosing it flatters nobody.
    """
    length_s = film_length_s(mix)
    by_camera: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        by_camera.setdefault(row["camera"], []).append(row)
    best = (-1, 0)
    for step in range(round(length_s / 0.25)):
        expected = seen = 0
        for number, began_s in enumerate(began):
            phase_s = int(number * 0.6180339887498949 % 1.0 * length_s * 90000) / 90000
            film_s = (began_s + phase_s - step * 0.25) % length_s
            for one, at_s in truth.due(began_s, film_s, begin_s + EARLY_S, end_s - EARLY_S):
                expected += 1
                seen += any(_is_it(row, one, at_s, mix.look_s) for row in by_camera.get(f"cam-{number}", ()))
        best = max(best, (seen, expected), key=lambda pair: pair[0] / pair[1] if pair[1] else 0.0)
    seen, expected = best
    return (round(seen / expected, 4) if expected else None), expected, max(0, seen)


def _is_it(row: Mapping[str, Any], one: Happening, at_s: float, look_s: float) -> bool:
    """True when an event is the one that is due: looks fall otherwise than the reference's, by up to one of them.

    What adds up over several looks may be told two looks sooner, which is no loss: at 60 cameras and a quarter of the
    box, with every look done, 2 of 35 fires were told 23 and 27 s sooner than the reference, with 20 s between looks.
    """
    is_same = row["kind"] == one.kind and row["place"] == one.place
    return bool(is_same and -EARLY_S - 2 * look_s <= row["at_s"] - at_s <= LATE_S + look_s)


def _starts(stack: Stack) -> list[dict[str, Any]]:
    headers, rows, after = {"Authorization": f"Bearer {stack.reader_token}"}, list[dict[str, Any]](), 0
    while True:
        query = {"limit": 1000, "after": after}
        page = httpx.get(f"{stack.console}/api/v1/events", params=query, headers=headers, timeout=20.0).json()
        if not page["events"]:
            return rows
        rows += [_row(one) for one in page["events"] if one["event"]["data"]["phase"] == "start"]
        after = page["next"]


def _row(one: Mapping[str, Any]) -> dict[str, Any]:
    event, data = one["event"], one["event"]["data"]
    captured_s, published_s = _unix(data["captured_at"]), _unix(data["published_at"])
    return {
        "camera": one["camera"],
        "kind": event["type"].split(".")[3],
        "place": event["subject"].rsplit(":", 1)[-1],
        "at_s": captured_s,
        "late_ms": (published_s - captured_s) * 1000,
    }


def _all_started(stack: Stack, count: int) -> list[float] | None:
    """Return when each camera's first picture was analysed (Unix seconds), as the node's log tells."""
    log, until_s = stack.group.data / "edge.log", time.time() + FIRST_FRAME_WITHIN_S
    while time.time() < until_s:
        stack.group.check()
        lines = log.read_text(encoding="utf-8").splitlines()
        rows = [json.loads(line) for line in lines if '"first picture analysed"' in line]
        began = {row["camera"]: _unix(row["timestamp"]) for row in rows}
        if len(began) >= count:
            return [began[f"cam-{number}"] for number in range(count)]
        time.sleep(0.25)
    return None


def _frames(stack: Stack) -> dict[str, int]:
    """Return what the node's health says of all cameras together: received, decoded, analysed, skipped and why."""
    headers = {"Authorization": f"Bearer {stack.reader_token}"}
    answer = httpx.get(f"{stack.console}/api/v1/cameras", headers=headers, timeout=20.0).json()
    total: Counter[str] = Counter()
    for camera in answer["cameras"]:
        health = camera["health"]
        for name in ("received", "decoded", "analysed"):
            total[name] += health.get(name, 0)
        for name, number in (health.get("skipped") or {}).items():
            total[f"skipped: {name}"] += number
        total[f"mode: {health.get('mode')}"] += 1
    return dict(total)


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _unix(text: str) -> float:
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()

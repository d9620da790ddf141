"""All benchmarks of a box in one report: each run in a process of its own, and what to compare two boxes by."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from common.machine import machine_facts, version

KIND: Final = "ioc bench report"
QUICK: Final = ("decode", "detect", "pipeline", "latency", "delivery", "central")
LONG: Final = ("cameras", "soak", "peers")  # they take hours, so their results are added from files
PATIENCE_S: Final = 900.0  # beyond the seconds asked for: the first run of a box makes its footage
STEADY_PER_S: Final = 83.0
BURST_PER_S: Final = 250  # events of the burst for each second asked for

Run = Callable[[str, Sequence[str], float], dict[str, Any]]


class BenchFailed(Exception):  # noqa: N818  the benchmark failed, and this is how it is told
    """A benchmark gave no result; the message is one sentence for the page."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One number to compare boxes by. `more`: more is better; None: neither way is."""

    bench: str
    name: str
    value: float
    unit: str
    more: bool | None


def arguments(bench: str, seconds: float, *, browser: bool, clip: Path | None = None) -> list[str]:
    """Return the command line of a quick benchmark that shall take about `seconds`."""
    if bench in {"delivery", "central"}:
        events = max(20, round(seconds * STEADY_PER_S))
        return [bench, "--events", str(events), "--per-s", str(STEADY_PER_S), "--burst", str(_burst(seconds))]
    more = [] if clip is None else ["--clip", str(clip)]
    if bench == "latency" and not browser:
        more.append("--no-browser")
    return [bench, "--seconds", f"{seconds:g}", *more]


def run_bench(bench: str, line: Sequence[str], patience_s: float) -> dict[str, Any]:
    """Run `ioc bench LINE --json` as a process of its own and return what it prints. Raises BenchFailed.

    A process each: what one leaves in memory, threads and caches of the interpreter is not in the next one's figures.
    """
    command = [sys.executable, "-m", "ioc.main", "bench", *line, "--json"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=patience_s, check=False)
    except subprocess.TimeoutExpired as late:
        raise BenchFailed(f"{bench} did not end within {patience_s:.0f} s") from late
    try:
        result: dict[str, Any] = json.loads(done.stdout)
    except json.JSONDecodeError as wrong:
        said = [line for line in done.stderr.splitlines() if line.strip()]
        raise BenchFailed(said[-1].strip() if said else f"it ended with {done.returncode}, saying nothing") from wrong
    return result


def make_report(
    benches: Sequence[str],
    *,
    seconds: float,
    browser: bool,
    clip: Path | None = None,
    run: Run = run_bench,
    tell: Callable[[str, str | None], None] = lambda bench, failure: None,
    load: Callable[[], float] = lambda: os.getloadavg()[0],
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> dict[str, Any]:
    """Run `benches` in turn. What failed stands in `failed` with its reason, and the others go on."""
    results: dict[str, Any] = {}
    failed: dict[str, str] = {}
    busy: dict[str, float] = {}
    began_at = now()
    for bench in benches:
        busy[bench] = round(load(), 2)
        try:
            results[bench] = run(bench, arguments(bench, seconds, browser=browser, clip=clip), seconds + PATIENCE_S)
        except BenchFailed as failure:
            failed[bench] = str(failure)
        tell(bench, failed.get(bench))
    return {
        "kind": KIND,
        "at": began_at.isoformat(timespec="seconds"),
        "seconds": seconds,
        "benches": results,
        "failed": failed,
        "load_before": busy,
        "machine": machine_facts(),
        "version": version(),
    }


def add(report: Mapping[str, Any], result: Mapping[str, Any]) -> dict[str, Any]:
    """Return the report with the result of a long benchmark; it is known by its keys. Raises ValueError."""
    if result.get("kind") == KIND:
        raise ValueError("it is a report itself; compare two reports with --compare")
    if "trials" in result and "mix" in result:
        name = f"cameras {result['mix']}"
    elif "rss_mb_per_h" in result:
        name = "soak"
    elif "peers" in result and "mix" in result:
        name = f"peers {result['mix']}"
    else:
        raise ValueError(f"it is not a result of ioc bench {', '.join(LONG)}")
    failed = {bench: why for bench, why in report["failed"].items() if bench != name}
    return {**report, "benches": {**report["benches"], name: result}, "failed": failed}


def missing(report: Mapping[str, Any]) -> dict[str, str]:
    """Return what the page can't show, with the reason: bench → why."""
    have = {name.split()[0] for name in report["benches"]}
    return {
        **report["failed"],
        **{name: "not asked for" for name in QUICK if name not in have | set(report["failed"])},
        **{name: f"add it: ioc bench {name} --json > FILE, then --add FILE" for name in LONG if name not in have},
    }


def figures(report: Mapping[str, Any]) -> list[Figure]:
    """Return the numbers by which two reports are compared; a figure that was not measured is left out."""
    found = []
    for bench, result in report["benches"].items():
        for name, value, unit, more in _READ.get(bench.split()[0], _nothing)(result):
            if isinstance(value, int | float):
                found.append(Figure(bench, name, float(value), unit, more))
    return found


@dataclass(frozen=True, slots=True)
class Compared:
    """One figure of two reports. `ratio`: this report's value divided by the other's."""

    figure: Figure
    other: float | None
    ratio: float | None

    @property
    def verdict(self) -> str:
        """`better` or `worse` from a tenth on; below that, two runs of one box differ as much."""
        if self.ratio is None or self.figure.more is None or abs(self.ratio - 1) < 0.1:
            return ""
        return "better" if (self.ratio > 1) == self.figure.more else "worse"


def compare(report: Mapping[str, Any], other: Mapping[str, Any]) -> list[Compared]:
    """Return this report's figures beside the other's; those that only the other has (value NaN) end each benchmark."""
    theirs = {(one.bench, one.name): one for one in figures(other)}
    rows = []
    for one in figures(report):
        known = theirs.pop((one.bench, one.name), None)
        value = None if known is None else known.value
        rows.append(Compared(one, value, one.value / value if value else None))
    alone = [Figure(one.bench, one.name, float("nan"), one.unit, one.more) for one in theirs.values()]
    rows += [Compared(mine, one.value, None) for mine, one in zip(alone, theirs.values(), strict=True)]
    order = list(dict.fromkeys(row.figure.bench for row in rows))
    return sorted(rows, key=lambda row: order.index(row.figure.bench))


_Row = tuple[str, Any, str, bool | None]


def _burst(seconds: float) -> int:
    return max(50, round(seconds * BURST_PER_S))


def _nothing(result: Mapping[str, Any]) -> Iterator[_Row]:
    yield from ()


def _decode(result: Mapping[str, Any]) -> Iterator[_Row]:
    for row in result["results"]:
        yield row["name"], row.get("stream_fps"), "stream frames/s", True
        yield f"{row['name']}: cameras per core", row.get("cameras_per_core"), "cameras", True


def _detect(result: Mapping[str, Any]) -> Iterator[_Row]:
    for row in result["results"]:
        name = detector_name(row)
        yield name, row["fps"], "pictures/s", True
        yield f"{name}: processor per look", row.get("processor_ms"), "ms", False


def detector_name(row: Mapping[str, Any]) -> str:
    threads = row.get("threads", 1)
    return f"{row['name']} {row.get('input', '')} × {threads}".replace("  ", " ")


def _pipeline(result: Mapping[str, Any]) -> Iterator[_Row]:
    yield "whole path", result["fps"], "frames/s", True
    yield "share of the limit", result["ratio"], "", True


def _latency(result: Mapping[str, Any]) -> Iterator[_Row]:
    for q in ("p50_ms", "p95_ms", "p99_ms"):
        yield f"{q[:3]} until shown", result.get(q), "ms", False
    yield "start to first analysed", result.get("start_to_first_analysed_s"), "s", False


def _events(result: Mapping[str, Any]) -> Iterator[_Row]:
    yield "events per second (burst)", result.get("events_per_s"), "events/s", True
    for q in ("p50_ms", "p95_ms", "p99_ms"):
        yield q[:3], result.get(q), "ms", False
    yield "lost", result.get("lost"), "events", False
    yield "double", result.get("double"), "events", False


def _cameras(result: Mapping[str, Any]) -> Iterator[_Row]:
    yield "cameras carried", result["cameras"], "cameras", True
    yield "recall", result.get("recall"), "", True
    yield "p95 from frame to event", result.get("p95_ms"), "ms", False
    yield "memory per camera", result.get("rss_mb_per_camera"), "MB", False


def _soak(result: Mapping[str, Any]) -> Iterator[_Row]:
    yield "memory slope", result["rss_mb_per_h"], "MB/h", None  # near zero a ratio says nothing
    yield "descriptors grown", result.get("fds_grown"), "", None
    yield "threads grown", result.get("threads_grown"), "", None
    yield "events lost", result.get("lost"), "events", None


def _peers(result: Mapping[str, Any]) -> Iterator[_Row]:
    for row in (result.get("ours") or {}, *result["peers"]):
        name = row.get("name")
        yield f"{name}: cores", row.get("cpu_cores"), "cores", False
        yield f"{name}: looks", row.get("looks_per_s"), "looks/s", True


_READ: Final[dict[str, Callable[[Mapping[str, Any]], Iterator[_Row]]]] = {
    "decode": _decode,
    "detect": _detect,
    "pipeline": _pipeline,
    "latency": _latency,
    "delivery": _events,
    "central": _events,
    "cameras": _cameras,
    "soak": _soak,
    "peers": _peers,
}

"""How fast, and how surely, events travel: outbox with fsync, broker, central with its store, and the confirmation.

Two nodes in turn, against a broker and a central of their own: one sends at a steady rate (latency), one as fast as its
outbox can keep events (throughput). Everything is the real product, each in a process of its own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.stack import Stack
from common.processes import Part, ProcessGroup

Progress = Callable[[int, int], None]


def bench_delivery(
    *,
    steady: int = 2_000,
    per_s: float = 100.0,
    burst: int = 5_000,
    folder: Path | None = None,
    progress: Progress = lambda done, of: None,
) -> dict[str, Any]:
    """Send `steady` events at `per_s`, then `burst` events at once, and ask central what it has.

    p50_ms, p95_ms and p99_ms are of the steady part: from `put` until central's confirmation is back at the node, the
    commits of both included. events_per_s is of the burst: from its first `put` to its last confirmation.
    """
    with ExitStack() as leave:
        data = folder or Path(leave.enter_context(tempfile.TemporaryDirectory()))
        stack = Stack(ProcessGroup(data))
        leave.callback(stack.stop)
        stack.start_central()
        total = steady + burst
        first = _send(stack, "steady", ["--events", str(steady), "--per-s", str(per_s)], lambda n: progress(n, total))
        second = _send(stack, "burst", ["--events", str(burst)], lambda n: progress(steady + n, total))
        stored = Counter(event["id"] for event in _stored(stack))
        kept = [event_id for node in ("steady", "burst") for event_id in _kept(data, node)]
    return {
        "published": len(kept),
        "stored": len(stored.keys() & set(kept)),
        "lost": len(set(kept) - stored.keys()),
        "double": sum(count > 1 for count in stored.values()),
        "events_per_s": round(burst / second["took_s"], 1),
        **_percentiles(first["way_ms"]),
        "steady_per_s": per_s,
        "put_ms": _percentiles(first["put_ms"]),
        "burst": {"events": burst, "put_ms": _percentiles(second["put_ms"]), **_percentiles(second["way_ms"])},
        "resent": first["resent"] + second["resent"],
        "limits": {"fsync_per_s": _fsyncs_per_s(folder)},
    }


def _send(stack: Stack, node: str, more: Sequence[str], progress: Callable[[int], None]) -> dict[str, Any]:
    data = stack.group.data
    log = data / f"{node}.log"
    command = [sys.executable, "-m", "benchmarks.delivery_node", str(data), f"mqtt://127.0.0.1:{stack.broker_port}"]
    with log.open("wb") as sink:
        process = subprocess.Popen([*command, "--node", node, *more], stdout=sink, stderr=sink)
    part = Part(node, process, log)
    stack.group.parts.append(part)
    while process.poll() is None:
        progress(len(_kept(data, node)))
        time.sleep(0.2)
    if process.returncode != 0:
        raise RuntimeError(f"the sending node has failed; its log ends: {log.read_text()[-500:]}")
    stack.group.parts.remove(part)
    report: dict[str, Any] = json.loads((data / f"{node}.report.json").read_text(encoding="ascii"))
    return report


def _kept(data: Path, node: str) -> list[str]:
    """Return the ids of the events that the outbox has promised to keep."""
    file = data / f"{node}.diary"
    lines = file.read_text(encoding="ascii").splitlines() if file.exists() else []
    return [line.split()[2] for line in lines if line.startswith("kept ") and line.count(" ") == 2]


def _stored(stack: Stack) -> Iterator[dict[str, Any]]:
    """Yield every event that central lists."""
    after = 0
    while True:
        url = f"{stack.console}/api/v1/events?limit=1000&after={after}"
        request = urllib.request.Request(url, headers={"Authorization": f"Bearer {stack.reader_token}"})
        with urllib.request.urlopen(request, timeout=30.0) as answer:
            page = json.load(answer)
        if not page["events"]:
            return
        yield from page["events"]
        after = page["next"]


def _percentiles(values_ms: Sequence[float]) -> dict[str, float]:
    if not values_ms:
        return {}
    p50, p95, p99 = np.percentile(np.asarray(values_ms), [50, 95, 99])
    return {"p50_ms": round(float(p50), 2), "p95_ms": round(float(p95), 2), "p99_ms": round(float(p99), 2)}


def _fsyncs_per_s(folder: Path | None, count: int = 200) -> float:
    """How many small writes this disk makes durable in a second: an outbox without group commit can't be faster."""
    with tempfile.NamedTemporaryFile(dir=folder) as file:
        began_s = time.monotonic()
        for _ in range(count):
            file.write(b"x" * 1024)
            file.flush()
            os.fsync(file.fileno())
        return round(count / (time.monotonic() - began_s), 1)

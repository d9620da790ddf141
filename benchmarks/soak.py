"""A long run of the real product while its cameras break at random: what grows, what drifts, what is lost."""

from __future__ import annotations

import random
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx
import numpy as np
import psutil

from benchmarks.stack import Stack
from benchmarks.trends import Slope, grown, theil_sen

MB: Final = 2**20
ALLOWED_MB_PER_H: Final = 1.0
TELLING_S: Final = 900.0  # of samples after the warm-up: less shows how a process starts, not whether it grows
READY_WITHIN_S: Final = 120.0
DRAIN_WITHIN_S: Final = 60.0  # health comes every ten seconds, and the last events must be counted
WARM_UP_S: Final = 600.0  # caches, allocators and pools reach their size
WARM_UP_SHARE: Final = 0.25  # of a run that is shorter than that
USUAL_FAULTS: Final = ("cut", "cut", "stall:0:12", "half_open:0:12", "refuse:0:8", "garbage:0:3", "jump:0:5")


@dataclass(frozen=True, slots=True)
class Sample:
    """What the node holds at one moment. latency_ms: frame arrived → judged, p95, median over the cameras."""

    at_s: float
    rss_mb: float
    fds: int
    threads: int
    latency_ms: float | None
    online: int
    central_rss_mb: float


@dataclass(slots=True)
class Troublemaker:
    """Says which camera breaks when and how: each about every `every_s` seconds, without memory (a Poisson process)."""

    cameras: Sequence[str]
    faults: Sequence[str]
    every_s: float
    rng: random.Random
    due_s: float = 0.0
    done: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.due_s = self._gap_s()

    def take(self, now_s: float) -> Iterator[tuple[str, str]]:
        """Yield (camera, fault) for whatever is due at `now_s` seconds after the start."""
        while self.due_s <= now_s:
            camera, fault = self.rng.choice(self.cameras), self.rng.choice(self.faults)
            self.done[fault.partition(":")[0]] += 1
            self.due_s += self._gap_s()
            yield camera, fault

    def _gap_s(self) -> float:
        return self.rng.expovariate(len(self.cameras) / self.every_s)


def bench_soak(
    stack: Stack,
    clip: Path,
    camera: Mapping[str, Any],
    *,
    hours: float,
    cameras: int,
    faults: Sequence[str] = USUAL_FAULTS,
    fault_every_s: float = 60.0,
    sample_every_s: float = 5.0,
    seed: int = 1,
    inference: Mapping[str, Any] | None = None,
    tell: Callable[[Sample, float], None] = lambda sample, share: None,
) -> dict[str, Any]:
    """Run `cameras` copies of `clip` for `hours`, breaking each about every `fault_every_s`, and say what changed.

    `camera` is a camera's part of a node's file without id and url. The slope is taken after a warm-up.
    """
    stack.start_central()
    stack.start_cameras([clip], copies=cameras)
    names = [f"{clip.stem}-{n:03d}" for n in range(1, cameras + 1)]
    node = stack.start_edge(
        [{"id": f"cam-{n}", "url": stack.rtsp(name), **camera} for n, name in enumerate(names)], dict(inference or {})
    )
    central = next(part for part in stack.group.parts if part.name == "central")
    processes = psutil.Process(node.process.pid), psutil.Process(central.process.pid)
    wait_for(lambda: _online(stack) == cameras, stack, READY_WITHIN_S)
    troubles = Troublemaker(names, faults, fault_every_s, random.Random(seed))
    samples = list(_run(stack, processes, troubles, hours * 3600, sample_every_s, tell))
    every_camera_is_back = wait_for(lambda: _online(stack) == cameras, stack, READY_WITHIN_S)
    sessions = sum(one["health"].get("session", 0) for one in ask(stack, "cameras")["cameras"])
    fate = _fate(stack)
    return {
        "cameras": cameras,
        "hours": hours,
        **growth(samples, warm_up_s(hours * 3600)),
        "faults": sum(troubles.done.values()),
        "faults_by_kind": dict(troubles.done),
        "reconnects": sessions,
        "all_online_at_end": every_camera_is_back,
        **fate,
        "series": _series(samples),
    }


def warm_up_s(seconds: float) -> float:
    """Return the part of a run's beginning that says nothing about growth."""
    return min(WARM_UP_S, WARM_UP_SHARE * seconds)


def growth(samples: Sequence[Sample], after_s: float) -> dict[str, Any]:
    """Return slopes, growth and drift after the warm-up, and whether memory, descriptors and threads hold still.

    `steady` is None while the run is too short to tell, or the interval of the slope reaches over the allowed value.
    """
    times = [one.at_s for one in samples]
    rss = theil_sen(times, [one.rss_mb for one in samples], after_s=after_s)
    central = theil_sen(times, [one.central_rss_mb for one in samples], after_s=after_s)
    fds = grown(times, [one.fds for one in samples], after_s=after_s)
    threads = grown(times, [one.threads for one in samples], after_s=after_s)
    late = [np.nan if one.latency_ms is None else one.latency_ms for one in samples]
    drift = grown(times, late, after_s=after_s)
    return {
        "rss_mb_per_h": None if rss is None else round(rss.per_h, 2),
        "rss_mb_per_h_between": None if rss is None else [round(rss.low_per_h, 2), round(rss.high_per_h, 2)],
        "central_rss_mb_per_h": None if central is None else round(central.per_h, 2),
        "rss_mb": round(samples[-1].rss_mb, 1) if samples else None,
        "fds_grown": fds,
        "threads_grown": threads,
        "latency_drift_ms": None if drift is None else round(drift, 1),
        "warm_up_s": round(after_s, 1),
        "samples": len(samples),
        "steady": _is_steady(rss, fds, threads) if times and times[-1] - after_s >= TELLING_S else None,
    }


def _is_steady(rss: Slope | None, fds: float | None, threads: float | None) -> bool | None:
    if (fds or 0) > 1 or (threads or 0) > 1 or (rss is not None and rss.low_per_h > ALLOWED_MB_PER_H):
        return False
    return None if rss is None or rss.high_per_h > ALLOWED_MB_PER_H else True


def break_camera(port: int, name: str, fault: str) -> None:
    """Ask the simulator on this machine to break one of its cameras. Raises OSError or RuntimeError."""
    body = f"fault: {fault}\r\n"
    head = f"SET_PARAMETER rtsp://127.0.0.1:{port}/{name} RTSP/1.0\r\nCSeq: 1\r\n"
    request = f"{head}Content-Type: text/parameters\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    with socket.create_connection(("127.0.0.1", port), timeout=5.0) as link:
        link.sendall(request.encode("ascii"))
        answer = link.recv(2000).decode("ascii", "replace")
    if not answer.startswith("RTSP/1.0 200"):
        raise RuntimeError(f"{name} was not to be broken by {fault!r}: {answer.splitlines()[:1]}")


def _run(
    stack: Stack,
    processes: tuple[psutil.Process, psutil.Process],
    troubles: Troublemaker,
    seconds: float,
    every_s: float,
    tell: Callable[[Sample, float], None],
) -> Iterator[Sample]:
    began_s = time.monotonic()
    due_s = 0.0
    while (now_s := time.monotonic() - began_s) < seconds:
        stack.group.check()
        for camera, fault in troubles.take(now_s):
            _break_if_it_answers(stack.rtsp_port, camera, fault)
        if now_s >= due_s:
            due_s += every_s
            sample = _sample(stack, processes, now_s)
            tell(sample, now_s / seconds)
            yield sample
        time.sleep(max(0.0, min(due_s, troubles.due_s, now_s + 1.0, seconds) - (time.monotonic() - began_s)))


def _break_if_it_answers(port: int, camera: str, fault: str) -> None:
    """A camera that refuses or hangs already cannot be asked: it is broken as it is."""
    try:
        break_camera(port, camera, fault)
    except OSError:
        return
    except RuntimeError as refused:
        if " 503 " not in str(refused):
            raise


def _sample(stack: Stack, processes: tuple[psutil.Process, psutil.Process], now_s: float) -> Sample:
    node, central = processes
    healths = [one["health"] for one in ask(stack, "cameras")["cameras"] if one["health"]]
    late = [health["latency_ms"]["p95"] for health in healths if health.get("latency_ms")]
    return Sample(
        at_s=now_s,
        rss_mb=node.memory_info().rss / MB,
        fds=node.num_fds(),
        threads=node.num_threads(),
        latency_ms=float(np.median(late)) if late else None,
        online=sum(health.get("state") == "online" for health in healths),
        central_rss_mb=central.memory_info().rss / MB,
    )


def _series(samples: Sequence[Sample]) -> dict[str, list[Any]]:
    return {
        "at_s": [round(one.at_s, 1) for one in samples],
        "rss_mb": [round(one.rss_mb, 2) for one in samples],
        "central_rss_mb": [round(one.central_rss_mb, 2) for one in samples],
        "fds": [one.fds for one in samples],
        "threads": [one.threads for one in samples],
        "latency_ms": [one.latency_ms for one in samples],
        "online": [one.online for one in samples],
    }


def _fate(stack: Stack) -> dict[str, Any]:
    """End the node as an installer would, so that nothing more is published, and ask what became of its events.

    The node numbers its events without a gap for each boot: the highest number that was seen anywhere is how many it
    published, as far as central can know; what it still kept on disk then is on its way, not lost.
    """
    node = next(part for part in stack.group.parts if part.name == "edge")
    wait_for(lambda: _health(stack)["outbox"]["depth"] == 0, stack, DRAIN_WITHIN_S)
    told = _health(stack)
    stack.group.parts.remove(node)
    node.process.terminate()
    node.process.wait(30.0)
    ids, seqs = Counter[str](), set[int]()
    for row in _events(stack):
        ids[row["event"]["id"]] += 1
        seqs.add(row["event"]["data"]["seq"])
    published = max([told["outbox"]["last_seq"], *seqs])
    return {
        "published": published,
        "stored": len(seqs),
        "waiting": told["outbox"]["depth"],
        "lost": max(0, published - len(seqs) - told["outbox"]["depth"]),
        "double": sum(count > 1 for count in ids.values()),
    }


def _events(stack: Stack) -> Iterator[dict[str, Any]]:
    after = 0
    while (page := ask(stack, f"events?limit=1000&after={after}"))["events"]:
        yield from page["events"]
        after = page["next"]


def _health(stack: Stack) -> dict[str, Any]:
    health: dict[str, Any] = ask(stack, "nodes")["nodes"][0]["health"]
    return health


def _online(stack: Stack) -> int:
    return sum(one["state"] == "online" for one in ask(stack, "cameras")["cameras"])


def ask(stack: Stack, what: str) -> dict[str, Any]:
    """Return what central answers to `GET /api/v1/WHAT`."""
    headers = {"Authorization": f"Bearer {stack.reader_token}"}
    answer = httpx.get(f"{stack.console}/api/v1/{what}", headers=headers, timeout=20.0, trust_env=False)
    answer.raise_for_status()
    found: dict[str, Any] = answer.json()
    return found


def wait_for(is_so: Callable[[], bool], stack: Stack, within_s: float) -> bool:
    """Wait until it is so, as long as all parts run, and return whether it came about."""
    until_s = time.monotonic() + within_s
    while not is_so():
        stack.group.check()
        if time.monotonic() > until_s:
            return False
        time.sleep(0.5)
    return True

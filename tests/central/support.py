"""What the tests of central share: events as a node would send them, and a central to send them to."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI

from central.app import build
from central.config import CentralConfig
from central.store import Store, migrate
from mqtt.event import Event, uuid7
from mqtt.subscriber import Received
from mqtt.topics import NodeTopics

T0 = datetime(2026, 3, 1, 2, 0, tzinfo=UTC)
NODE = NodeTopics("lam-dong", "box-01")
JPEG = b"\xff\xd8\xff\xe0" + b"a picture " * 100
MP4 = b"\x00\x00\x00\x18ftypisom" + b"a clip " * 100
_SEQ = itertools.count(1)


def at(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def event(
    phase: str = "start",
    *,
    started: float = 0.0,
    time_s: float | None = None,
    kind: str = "security.intrusion",
    camera: str | None = "cam-01",
    zone: str = "gate",
    severity: str = "high",
    boot: str = "boot-1",
    seq: int | None = None,
    evidence: Sequence[dict[str, Any]] = (),
    detail: dict[str, Any] | None = None,
    **data: Any,
) -> Event:
    """Return an event of the episode that started at `started` seconds; `time_s` is when it is said."""
    when = at(started if time_s is None else time_s)
    source = f"/{NODE.site}/{NODE.node}" + (f"/{camera}" if camera else "")
    body: dict[str, Any] = {
        "phase": phase,
        "severity": severity,
        "confidence": 0.8,
        "zone": zone,
        "started_at": at(started),
        "ended_at": when if phase == "end" else None,
        "area": "24848",
        "evidence": list(evidence),
        "detail": detail or {},
        "boot_id": boot,
        "seq": next(_SEQ) if seq is None else seq,
        "captured_at": when,
        "published_at": when,
        **data,
    }
    subject = f"{camera}:{kind.split('.')[1]}:{zone}"
    return Event(id=uuid7(when), source=source, type=f"vn.ioc.{kind}.v1", time=when, subject=subject, data=body)  # type: ignore[arg-type]


def received(*events: Event, channel: str = "event") -> list[Received]:
    return [Received(NODE, channel, e, e.to_bytes(), e.time) for e in events]  # type: ignore[arg-type]


def new_store(folder: Path) -> Store:
    store = Store(f"sqlite:///{folder}/central.db")
    migrate(store)
    return store


def config_for(folder: Path, **more: Any) -> CentralConfig:
    """Return a configuration in `folder`, of a broker that is not there unless said."""
    return CentralConfig.model_validate(
        {
            "broker": {"url": "mqtt://127.0.0.1:9"},
            "store": {"url": f"sqlite:///{folder}/central.db"},
            "evidence": {"dir": folder / "evidence"},
            "areas": {"24848": "Phường Langbiang - Đà Lạt"},
            **more,
        }
    )


def until(true: Callable[[], object], within_s: float = 10.0) -> None:
    """Return as soon as `true()` is; fail after `within_s`."""
    end_s, tick = time.monotonic() + within_s, threading.Event()
    while not true():
        assert time.monotonic() < end_s, "it did not come true in time"
        tick.wait(0.01)


@contextmanager
def served(config: CentralConfig) -> Iterator[tuple[str, FastAPI]]:
    """Serve central over HTTP on a free port of this machine; give its address and its application."""
    app = build(config)
    server = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, access_log=False, timeout_graceful_shutdown=1)
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        until(lambda: server.started)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}", app
    finally:
        app.state.house.hub.close()
        server.should_exit = True
        thread.join(5.0)

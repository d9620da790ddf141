"""Events to send, brokers to send them to, and a way to wait that is not a sleep."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from mqtt.broker import wait_until_ready
from mqtt.event import Event, EventData, uuid7
from mqtt.intake import DeadLetter, Received
from mqtt.link import BrokerLink

__all__ = ["shutil", "sys"]

ROOT = Path(__file__).resolve().parents[2]


def make_event(
    seq: int,
    boot_id: str,
    *,
    kind: str = "security.intrusion",
    severity: str = "high",
    phase: str = "start",
    source: str = "/lam-dong/box-01/cam-01",
    subject: str = "cam-01/intrusion/gate",
    detail: dict[str, object] | None = None,
) -> Event:
    now = datetime.now(UTC)
    return Event(
        id=uuid7(),
        source=source,
        type=f"vn.ioc.{kind}.v1",
        time=now,
        subject=subject,
        data=EventData.model_validate(
            {
                "phase": phase,
                "severity": severity,
                "confidence": 0.9,
                "started_at": now,
                "boot_id": boot_id,
                "seq": seq,
                "captured_at": now,
                "published_at": now,
                "detail": detail or {},
            }
        ),
    )


def until(true: Callable[[], object], within_s: float = 10.0) -> None:
    """Return as soon as `true()` is; fail after `within_s`."""
    end_s, tick = time.monotonic() + within_s, threading.Event()
    while not true():
        assert time.monotonic() < end_s, "it did not come true in time"
        tick.wait(0.005)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class BrokerProcess:
    """A real broker in a process of its own that can be killed and started again on the same port."""

    def __init__(self, command: list[str], port: int, log: Path, port_311: int | None = None) -> None:
        self.url = f"mqtt://127.0.0.1:{port}"
        self.url_311 = f"mqtt://127.0.0.1:{port_311 or port}"
        self._command, self._log = command, log
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, link: BrokerLink | None = None) -> None:
        """Return when it lets in whoever comes by `link`."""
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(self._command, cwd=ROOT, stdout=log, stderr=log)
        wait_until_ready(link or BrokerLink(self.url, timeout_s=2.0), 30.0)

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()


@contextmanager
def embedded(folder: Path) -> Iterator[BrokerProcess]:
    port, port_311 = free_port(), free_port()
    command = [sys.executable, "-m", "ioc.main", "broker", "run", "--port", str(port), "--port-311", str(port_311)]
    with _running(BrokerProcess(command, port, folder / "broker.log", port_311)) as broker:
        yield broker


@contextmanager
def mosquitto(folder: Path, *settings: str, wait: bool = True) -> Iterator[BrokerProcess]:
    port = free_port()
    file = folder / "mosquitto.conf"
    file.write_text("\n".join([f"listener {port} 127.0.0.1", "allow_anonymous true", *settings]))
    with _running(BrokerProcess(["mosquitto", "-c", str(file)], port, folder / "broker.log"), wait) as broker:
        yield broker


@contextmanager
def _running(broker: BrokerProcess, wait: bool = True) -> Iterator[BrokerProcess]:
    try:
        if wait:
            broker.start()
        yield broker
    finally:
        broker.kill()


class FakeCentral:
    """Stores in memory what it is given; refuses the first `refusals` batches with `refuse`."""

    def __init__(self, refusals: int = 0, refuse: type[Exception] = RuntimeError) -> None:
        self.received: list[Received] = []
        self.dead: list[DeadLetter] = []
        self._refusals, self._refuse = refusals, refuse

    def on_batch(self, batch) -> None:
        if self._refusals:
            self._refusals -= 1
            raise self._refuse("not now")
        self.received += batch

    def on_dead(self, letter: DeadLetter) -> None:
        self.dead.append(letter)

    def events(self) -> list[Event]:
        return [r.message for r in self.received if isinstance(r.message, Event)]

    def messages(self, channel: str) -> list[object]:
        return [r.message for r in self.received if r.channel == channel]

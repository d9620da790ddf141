"""Edge, broker and central are killed in turn while events flow: each event is stored once, one incident per cause."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from benchmarks.delivery_node import PER_CAUSE, cause_of
from benchmarks.stack import Stack
from common.processes import Part, ProcessGroup, answers, listens
from tests.mqtt.support import until

pytestmark = [pytest.mark.system, pytest.mark.timeout(180)]

EVENTS = 1_200
PER_S = 60.0
BEGAN = datetime.now(UTC)


class Scene:
    """The running system, and how each of its three parts is killed and brought back."""

    def __init__(self, folder: Path) -> None:
        self.stack = Stack(ProcessGroup(folder))
        self.folder = folder
        self.stack.start_central()
        self.edge = self._start_edge()

    def kill_edge(self) -> None:
        self.edge.process.kill()
        self.edge.process.wait()
        self.stack.group.parts.remove(self.edge)
        self.edge = self._start_edge()

    def kill_broker(self) -> None:
        port = self.stack.broker_port
        self._replace("broker", ["broker", "run", "--port", str(port)])
        until(lambda: listens(port), 20.0)

    def kill_central(self) -> None:
        self._replace("central", ["central", "run", str(self.folder / "central.yaml")])

    def kill_all(self) -> None:
        for part in self.stack.group.parts:
            part.process.kill()
        self.kill_broker()
        self.kill_central()
        self.kill_edge()

    def diary(self, word: str) -> list[list[str]]:
        """Return the lines that begin with `word`, split."""
        file = self.folder / "box-01.diary"
        lines = file.read_text(encoding="ascii").splitlines() if file.exists() else []
        return [line.split() for line in lines if line.startswith(word + " ")]

    def pages(self, path: str, name: str) -> Iterator[dict[str, object]]:
        """Yield what central's API lists, page after page."""
        after = ""
        while True:
            request = urllib.request.Request(
                f"{self.stack.console}/api/v1/{path}?limit=500{after}",
                headers={"Authorization": f"Bearer {self.stack.reader_token}"},
            )
            with urllib.request.urlopen(request, timeout=10.0) as answer:
                page = json.load(answer)
            yield from page[name]
            if not page[name] or page["next"] is None:
                return
            after = f"&after={page['next']}"

    def _replace(self, name: str, command: list[str]) -> None:
        part = next(p for p in self.stack.group.parts if p.name == name)
        part.process.kill()
        part.process.wait()
        self.stack.group.parts.remove(part)
        self.stack.group.start(name, command)

    def _start_edge(self) -> Part:
        log = self.folder / "edge.log"
        command = [
            sys.executable, "-m", "benchmarks.delivery_node", str(self.folder),
            f"mqtt://127.0.0.1:{self.stack.broker_port}",
            "--events", str(EVENTS), "--per-s", str(PER_S), "--began", BEGAN.isoformat(),
        ]  # fmt: skip
        with log.open("ab") as sink:
            part = Part("edge", subprocess.Popen(command, stdout=sink, stderr=sink), log)
        self.stack.group.parts.append(part)
        return part


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    running = Scene(tmp_path)
    yield running
    running.stack.stop()


def test_every_event_is_stored_once_although_edge_broker_and_central_are_killed_in_turn(scene: Scene) -> None:
    blows: list[Callable[[], None]] = [scene.kill_edge, scene.kill_broker, scene.kill_central] * 2
    for number, blow in enumerate([*blows, scene.kill_all], start=1):
        until(lambda so_far=number: len(scene.diary("kept")) >= so_far * EVENTS // 8, 60.0)
        blow()

    assert scene.edge.process.wait(timeout=60.0) == 0, "the outbox is not empty"
    until(lambda: answers(f"{scene.stack.console}/readyz"), 30.0)
    stored = list(scene.pages("events", "events"))
    incidents = list(scene.pages("incidents", "incidents"))

    kept = {event_id for _, _, event_id in scene.diary("kept")}
    assert len(kept) >= 1_000
    times = Counter(str(event["id"]) for event in stored)
    assert kept - times.keys() == set(), "lost"
    assert [event_id for event_id, count in times.items() if count > 1] == [], "stored twice"
    assert len(times) <= len(scene.diary("try")), "stored without having been tried"

    causes = {cause_of(int(number)) for _, number, _ in scene.diary("kept")}
    assert len(causes) == EVENTS // PER_CAUSE
    assert len(incidents) == len(causes)

    numbers: dict[str, list[int]] = {}
    for event in stored:
        numbers.setdefault(str(event["boot_id"]), []).append(int(str(event["seq"])))
    assert len(numbers) >= 3
    assert all(sorted(seqs) == list(range(1, len(seqs) + 1)) for seqs in numbers.values()), "a gap in seq"

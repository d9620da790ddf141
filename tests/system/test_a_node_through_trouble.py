"""A real node, real RTSP and a real broker, while things break: each trouble stays with its camera, and passes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from edge.config import NodeConfig
from edge.node import Node
from mqtt.event import Event
from mqtt.intake import Received
from mqtt.link import BrokerLink
from mqtt.subscriber import Subscriber
from mqtt.wire import Health
from rtsp.simulator.scene import make_scene
from rtsp.simulator.simulator import Simulator
from tests.mqtt.support import embedded, until

pytestmark = pytest.mark.system

TAMPER = {"kind": "tamper", "offline_after_s": 2.0}


class Ear:
    """What central would hear."""

    def __init__(self, url: str) -> None:
        self.events: list[Event] = []
        self.health: dict[str, Any] = {}
        self._subscriber = Subscriber(BrokerLink(url), self._take, lambda dead: None)

    def __enter__(self) -> Ear:
        self._subscriber.start()
        until(lambda: self._subscriber.connected)
        return self

    def __exit__(self, *_: object) -> None:
        self._subscriber.stop()

    def _take(self, batch: Any) -> None:
        for received in batch:
            assert isinstance(received, Received)
            if isinstance(received.message, Event):
                self.events.append(received.message)
            elif isinstance(received.message, Health):
                self.health = received.message.cameras

    def said(self, camera: str) -> list[tuple[str, str]]:
        return [(e.kind, e.data.phase) for e in self.events if e.camera == camera]


@pytest.fixture(scope="module")
def footage(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("films")
    return [make_scene(folder / f"{name}.mp4", seconds=6.0, fps=10.0, gop=10) for name in ("one", "two")]


@pytest.fixture
def world(footage: list[Path], tmp_path: Path) -> Iterator[tuple[Simulator, Ear, Callable[..., Node]]]:
    with embedded(tmp_path) as broker, Simulator(footage) as simulator, Ear(broker.url) as ear:
        nodes: list[Node] = []

        def start(cameras: list[dict[str, Any]], **more: Any) -> Node:
            document = {
                "node": {"id": "box-01", "site": "lam-dong", "data_dir": tmp_path / "edge"},
                "broker": {"url": broker.url},
                "cameras": cameras,
                **more,
            }
            node = Node(NodeConfig.model_validate(document))
            nodes.append(node)
            node.start()
            return node

        yield simulator, ear, start
        for node in nodes:
            node.stop()


def test_a_camera_that_falls_silent_is_told_and_its_neighbour_goes_on(world: Any):
    simulator, ear, start = world
    node = start([{"id": name, "url": simulator.url(name), "rules": [TAMPER]} for name in ("one", "two")])
    until(lambda: all(post.seat.analysed > 3 for post in node.posts()), 20)
    before = {post.settings.id: post.seat.analysed for post in node.posts()}

    simulator.fault("one", "stall", 5.0)

    until(lambda: ("offline", "start") in ear.said("one"), 20)
    until(lambda: ("offline", "end") in ear.said("one"), 40)
    assert [] == ear.said("two")
    assert all(post.seat.analysed > before[post.settings.id] for post in node.posts())


def test_a_camera_that_refuses_is_reported_with_its_reason_and_without_its_password(world: Any):
    simulator, ear, start = world
    address = simulator.url("one").replace("rtsp://", "rtsp://admin:hunter2@").replace(str(simulator.port), "1")

    start([{"id": "one", "url": address, "rules": [TAMPER]}, {"id": "two", "url": simulator.url("two")}])

    until(lambda: ("offline", "start") in ear.said("one"), 20)
    until(lambda: ear.health.get("one") and ear.health["one"].state == "offline", 30)
    assert "hunter2" not in str(ear.health) + "".join(e.model_dump_json() for e in ear.events)


def test_a_model_that_cannot_be_had_blinds_one_sense_and_says_so(world: Any):
    simulator, ear, start = world
    rule = {"kind": "crowd", "name": "crowd", "at_least": 50, "for_s": 1}

    start([{"id": "one", "url": simulator.url("one"), "rules": [TAMPER, rule]}], inference={"model": "no-such-model"})

    until(lambda: ear.health.get("one") and ear.health["one"].state == "refused", 30)
    assert "no-such-model" in ear.health["one"].error
    simulator.fault("one", "black", 8.0)
    until(lambda: {"dark", "covered"} & {kind for kind, _ in ear.said("one")}, 30)


def test_a_full_disk_under_the_evidence_does_not_stop_the_events(world: Any, tmp_path: Path):
    simulator, ear, start = world
    node = start([{"id": "one", "url": simulator.url("one"), "rules": [TAMPER]}])
    until(lambda: node.posts()[0].seat.analysed > 3, 20)
    for part in ("pending", "sent"):
        for file in (tmp_path / "edge" / "evidence" / part).iterdir():
            file.unlink()
        (tmp_path / "edge" / "evidence" / part).rmdir()

    simulator.fault("one", "black", 8.0)

    until(lambda: {"dark", "covered"} & {kind for kind, _ in ear.said("one")}, 30)
    assert all(not event.data.evidence for event in ear.events)

"""The Mosquitto settings that we ship: a node may speak under its own name, and under no other."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from mqtt.client import connect
from mqtt.courier import Courier
from mqtt.errors import BrokerUnavailable
from mqtt.outbox import Outbox
from mqtt.subscriber import Subscriber
from mqtt.topics import NodeTopics
from tests.mqtt.certificates import Authority
from tests.mqtt.support import ROOT, BrokerProcess, FakeCentral, free_port, make_event, until

pytestmark = pytest.mark.skipif(shutil.which("mosquitto") is None, reason="mosquitto is not installed")

SHIPPED = ROOT / "docs" / "mosquitto"


@pytest.fixture
def rules(tmp_path: Path) -> Iterator[tuple[str, Authority]]:
    """Run the shipped settings, with the paths of this test; yields the broker's url and the authority."""
    authority = Authority.found(tmp_path)
    for name in ("broker", "ioc-central", "box-01"):
        authority.vouch(name)
    shutil.copy(SHIPPED / "acl", tmp_path / "acl")
    port = free_port()
    text = (SHIPPED / "mosquitto.conf").read_text(encoding="utf-8")
    text = text.replace("/etc/mosquitto/ioc", str(tmp_path)).replace("/var/lib/mosquitto/", f"{tmp_path}/")
    text = text.replace("listener 8883", f"listener {port} 127.0.0.1\nuser root")
    (tmp_path / "mosquitto.conf").write_text(text, encoding="utf-8")
    broker = BrokerProcess(["mosquitto", "-c", str(tmp_path / "mosquitto.conf")], port, tmp_path / "broker.log")
    broker.start(authority.link(broker.url, "ioc-central"))
    yield broker.url, authority
    broker.kill()


def test_a_node_reaches_central_under_its_own_name(rules: tuple[str, Authority], tmp_path: Path) -> None:
    url, authority = rules
    with ExitStack() as leave:
        box = Outbox(tmp_path / "o.db")
        leave.callback(box.close)
        central = FakeCentral()
        link = authority.link(url, "ioc-central")
        subscriber = Subscriber(link, central.on_batch, central.on_dead, group="g")
        leave.callback(subscriber.stop)
        subscriber.start()
        until(lambda: subscriber.connected)
        courier = Courier(box, authority.link(url, "box-01"), NodeTopics("lam-dong", "box-01"), version="1")
        leave.callback(courier.stop, 0.0)
        courier.start()

        event = box.put(lambda seq: make_event(seq, box.boot_id))

        until(lambda: box.health().depth == 0)
        assert event in central.events()


def test_a_node_cannot_speak_or_listen_under_another_name(rules: tuple[str, Authority]) -> None:
    url, authority = rules
    answers: list[str | None] = []
    connection = connect(authority.link(url, "box-01"), "box-01", on_taken=lambda mid, error: answers.append(error))

    connection.publish("ioc/v1/lam-dong/box-01/event", b"{}")
    connection.publish("ioc/v1/lam-dong/box-02/event", b"{}")
    connection.publish("ioc/v1/dak-lak/box-01/event", b"{}")
    connection.publish("ioc/v1/lam-dong/box-01/confirm", b"{}")

    until(lambda: len(answers) == 4)
    assert answers == [None, *["Not authorized"] * 3]
    connection.close()


def test_a_courier_under_a_foreign_name_says_what_is_wrong(rules: tuple[str, Authority], tmp_path: Path) -> None:
    url, authority = rules
    with ExitStack() as leave:
        box = Outbox(tmp_path / "o.db")
        leave.callback(box.close)
        courier = Courier(box, authority.link(url, "box-01"), NodeTopics("lam-dong", "box-77"), version="1")
        leave.callback(courier.stop, 0.0)
        courier.start()
        box.put(lambda seq: make_event(seq, box.boot_id, source="/lam-dong/box-77/cam-01"))

        until(lambda: "Not authorized" in (courier.health().error or ""))
        assert box.health().depth == 1


def test_nobody_gets_in_without_a_certificate(rules: tuple[str, Authority], tmp_path: Path) -> None:
    url, authority = rules
    stranger = Authority.found(_folder(tmp_path / "another"))
    stranger.vouch("box-01")
    shutil.copy(authority.folder / "ca.pem", stranger.folder / "ca.pem")

    with pytest.raises(BrokerUnavailable):
        connect(stranger.link(url, "box-01"), "stranger")


def _folder(path: Path) -> Path:
    path.mkdir()
    return path

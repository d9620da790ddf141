"""Courier and subscriber over real brokers: both makes, and both versions of MQTT."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias

import pytest
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from mqtt.client import Connection, Message, Will, connect
from mqtt.courier import Courier
from mqtt.errors import BrokerUnavailable, TryAgain
from mqtt.link import BrokerLink
from mqtt.outbox import Outbox
from mqtt.subscriber import Subscriber
from mqtt.topics import NodeTopics
from mqtt.wire import Command, Confirm, Health, Reply, Status
from tests.mqtt import support
from tests.mqtt.support import FakeCentral, make_event, until

_names = itertools.count(1)


class Node:
    """A box with its outbox and courier."""

    def __init__(self, folder: Path, link: BrokerLink, name: str, **settings: object) -> None:
        self.topics = NodeTopics("lam-dong", name)
        self.box = Outbox(folder / f"{name}.db")
        self.courier = Courier(self.box, link, self.topics, version="1.2.3", waits=quickly, **settings)

    def put(self, **what: object) -> str:
        source = f"/lam-dong/{self.topics.node}/cam-01"
        return self.box.put(lambda seq: make_event(seq, self.box.boot_id, source=source, **what)).id

    @property
    def left(self) -> int:
        return self.box.health().depth


NewNode: TypeAlias = Callable[..., Node]
NewCentral: TypeAlias = Callable[..., Subscriber]


def quickly() -> Iterator[float]:
    return itertools.repeat(0.05)


@pytest.fixture
def leave() -> Iterator[ExitStack]:
    """Whatever was started is stopped, last first."""
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def new_node(leave: ExitStack, tmp_path: Path, link: BrokerLink) -> NewNode:
    def started(broker: BrokerLink = link, *, start: bool = True, name: str = "", **settings: object) -> Node:
        node = Node(tmp_path, broker, name or f"box-{next(_names)}", **settings)
        leave.callback(node.box.close)
        leave.callback(node.courier.stop, 0.0)
        if start:
            node.courier.start()
        return node

    return started


@pytest.fixture
def new_central(leave: ExitStack, link: BrokerLink) -> NewCentral:
    def started(central: FakeCentral, broker: BrokerLink = link, **settings: object) -> Subscriber:
        subscriber = Subscriber(broker, central.on_batch, central.on_dead, waits=quickly, **settings)
        leave.callback(subscriber.stop)
        subscriber.start()
        until(lambda: subscriber.connected)
        return subscriber

    return started


@pytest.fixture
def listen(leave: ExitStack, link: BrokerLink) -> Callable[..., list[Message]]:
    def heard(*topics: str) -> list[Message]:
        messages: list[Message] = []
        connection = connect(link, f"listener-{next(_names)}", on_message=messages.append)
        leave.callback(connection.close)
        connection.subscribe(list(topics), 5.0)
        return messages

    return heard


@pytest.fixture
def talk(leave: ExitStack, link: BrokerLink) -> Connection:
    connection = connect(link, f"talker-{next(_names)}")
    leave.callback(connection.close)
    return connection


def statuses(messages: list[Message]) -> list[str]:
    return [Status.from_bytes(m.payload).state for m in messages]


def test_events_put_before_central_listens_arrive_once_it_does(new_node: NewNode, new_central: NewCentral) -> None:
    node, central = new_node(), FakeCentral()
    until(lambda: node.courier.connected)
    ids = [node.put() for _ in range(20)]
    until(lambda: node.courier.health().in_flight == 20)

    new_central(central)

    until(lambda: node.left == 0)
    mine = [e.id for e in central.events() if e.id in ids]
    assert sorted(set(mine)) == sorted(ids)


def test_events_and_flows_are_confirmed_in_order_within_their_rank(new_node: NewNode, new_central: NewCentral) -> None:
    node, central = new_node(start=False), FakeCentral()
    new_central(central)
    flows = [node.put(kind="traffic.line_count", severity="info") for _ in range(5)]
    alarms = [node.put() for _ in range(5)]
    smoke = node.put(kind="wildfire.smoke")

    node.courier.start()

    until(lambda: node.left == 0)
    mine = [r for r in central.received if r.node == node.topics and r.event_ids]
    assert list(dict.fromkeys(r.event_ids[0] for r in mine if r.channel == "event")) == [smoke, *alarms]
    assert list(dict.fromkeys(r.event_ids[0] for r in mine if r.channel == "flow")) == flows


def test_a_thousand_events_pass_through_small_windows(new_node: NewNode, new_central: NewCentral) -> None:
    node, central = new_node(start=False, window=16), FakeCentral()
    new_central(central, most=50)
    node.box.put_many(
        [lambda seq: make_event(seq, node.box.boot_id, source=f"/lam-dong/{node.topics.node}/cam-01")] * 1_000
    )

    node.courier.start()

    until(lambda: node.left == 0, 30.0)
    seqs = [e.data.seq for e in central.events() if e.node == node.topics.node]
    assert sorted(set(seqs)) == list(range(1, 1_001))


def test_what_central_cannot_store_now_comes_again_and_is_not_confirmed_before(
    new_node: NewNode, new_central: NewCentral
) -> None:
    central = FakeCentral(refusals=8, refuse=TryAgain)
    node = new_node()
    subscriber = new_central(central)
    event_id = node.put()

    until(lambda: subscriber.error is not None)
    assert node.left == 1

    until(lambda: node.left == 0)
    assert event_id in [e.id for e in central.events()]  # once, or again if central greeted the node meanwhile
    assert subscriber.error is None


class Picky(FakeCentral):
    """Stumbles over every batch that holds one certain event."""

    poison = ""

    def on_batch(self, batch) -> None:
        if any(self.poison in r.event_ids for r in batch):
            raise ZeroDivisionError("a bug in central")
        super().on_batch(batch)


def test_an_event_that_central_stumbles_over_is_set_apart_and_the_others_are_stored(
    new_node: NewNode, new_central: NewCentral
) -> None:
    central, node = Picky(), new_node(start=False)
    new_central(central)
    good, central.poison = [node.put() for _ in range(3)], node.put()

    node.courier.start()

    until(lambda: node.left == 0)
    assert {e.id for e in central.events()} >= set(good)
    assert [letter.event_ids for letter in central.dead] == [(central.poison,)]
    assert "ZeroDivisionError" in central.dead[0].reason


def test_malformed_oversized_and_foreign_messages_are_dead_letters_and_block_nothing(
    new_node: NewNode, new_central: NewCentral, talk: Connection
) -> None:
    central, node = FakeCentral(), new_node()
    new_central(central)
    foreign = make_event(1, "boot", source="/lam-dong/another/cam-01")

    talk.publish(node.topics("event"), b"not an event")
    talk.publish(node.topics("event"), b"x" * 300_000)
    talk.publish(node.topics("event"), foreign.to_bytes())
    talk.publish("ioc/v1/LAM DONG/box/event", b"{}")
    talk.publish(node.topics("status"), b'{"state": "asleep"}')
    event_id = node.put()

    until(lambda: node.left == 0 and len(central.dead) == 5)
    assert event_id in [e.id for e in central.events()]
    assert any("larger than" in letter.reason for letter in central.dead)
    assert any("does not belong" in letter.reason for letter in central.dead)


def test_malformed_confirmations_and_commands_are_ignored_by_the_node(
    new_node: NewNode, new_central: NewCentral, talk: Connection
) -> None:
    node, central = new_node(start=False), FakeCentral()
    node.courier.on_command(lambda command: Reply(id=command.id, ok=True))
    node.courier.start()
    until(lambda: node.courier.connected)
    event_id = node.put()

    for payload in (b"", b"[]", b'{"ids": "all"}', b'{"ids": [1]}', b"\xff" * 1000, b"{" * 10_000):
        talk.publish(node.topics("confirm"), payload)
        talk.publish(node.topics("command"), payload)
    talk.publish(node.topics("confirm"), Confirm(ids=("no such id",)).to_bytes())
    new_central(central)

    until(lambda: node.left == 0)
    assert event_id in [e.id for e in central.events()]


def test_a_node_is_born_and_says_goodbye(new_node: NewNode, listen: Callable[..., list[Message]]) -> None:
    node = new_node(start=False)
    heard = listen(node.topics("status"))

    node.courier.start()
    until(lambda: statuses(heard) == ["online"])
    node.courier.stop()

    until(lambda: statuses(heard) == ["online", "offline"])
    status = Status.from_bytes(heard[0].payload)
    assert (status.boot_id, status.version) == (node.box.boot_id, "1.2.3")
    heard_later = listen(node.topics("status"))
    until(lambda: statuses(heard_later) == ["offline"])  # retained


def test_a_node_that_vanishes_is_declared_offline_by_the_broker(
    link: BrokerLink, listen: Callable[..., list[Message]]
) -> None:
    topics = NodeTopics("lam-dong", f"box-{next(_names)}")
    heard = listen(topics("status"))
    offline = Status(state="offline", boot_id="b", version="1", at=datetime.now(UTC))
    connection = connect(link, "vanishing", will=Will(topics("status"), offline.to_bytes()))

    connection.cut()

    until(lambda: statuses(heard) == ["offline"])


def test_a_node_declared_dead_while_alive_contradicts(
    new_node: NewNode, listen: Callable[..., list[Message]], talk: Connection
) -> None:
    node = new_node()
    heard = listen(node.topics("status"))
    until(lambda: statuses(heard)[-1:] == ["online"])

    talk.publish(
        node.topics("status"),
        Status(state="offline", boot_id="old", version="1", at=datetime.now(UTC)).to_bytes(),
        retain=True,
    )

    until(lambda: statuses(heard)[-2:] == ["offline", "online"])


def test_a_command_is_carried_out_once_and_answered_once(
    new_node: NewNode, listen: Callable[..., list[Message]], talk: Connection
) -> None:
    done: list[Command] = []

    def carry_out(command: Command) -> Reply:
        done.append(command)
        if command.do == "clip":
            raise FileNotFoundError("no such clip")
        return Reply(id=command.id, ok=True, result={"camera": command.camera})

    node = new_node(start=False)
    node.courier.on_command(carry_out)
    node.courier.start()
    heard = listen(node.topics("reply"))
    until(lambda: node.courier.connected)

    for command_id, do in (("1", "snapshot"), ("1", "snapshot"), ("2", "clip"), ("1", "snapshot"), ("3", "reload")):
        talk.publish(node.topics("command"), Command(id=command_id, do=do, camera="cam-01").to_bytes())

    until(lambda: len(heard) >= 3)
    replies = [Reply.from_bytes(m.payload) for m in heard]
    assert [(r.id, r.ok) for r in replies] == [("1", True), ("2", False), ("3", True)]
    assert replies[1].error == "FileNotFoundError: no such clip"
    assert [c.id for c in done] == ["1", "2", "3"]


def test_central_sends_commands_and_hears_replies(new_node: NewNode, new_central: NewCentral) -> None:
    node, central = new_node(start=False), FakeCentral()
    node.courier.on_command(lambda command: Reply(id=command.id, ok=True))
    node.courier.start()
    subscriber = new_central(central)
    until(lambda: node.courier.connected)

    subscriber.send_command(node.topics, Command(id="42", do="reload"))

    until(lambda: Reply(id="42", ok=True) in central.messages("reply"))


def test_health_is_sent_when_there_is_a_way_and_dropped_when_there_is_none(
    new_node: NewNode, new_central: NewCentral
) -> None:
    node, central = new_node(start=False), FakeCentral()
    new_central(central)
    health = Health(at=datetime.now(UTC), boot_id=node.box.boot_id, version="1.2.3")

    assert not node.courier.publish_health(health)
    node.courier.start()
    until(lambda: node.courier.connected)
    assert node.courier.publish_health(health)

    until(lambda: health in central.messages("health"))


def test_two_aggregators_of_one_group_share_the_events_and_both_hear_the_births(
    new_node: NewNode, new_central: NewCentral
) -> None:
    one, two = FakeCentral(), FakeCentral()
    new_central(one, group="aggregators")
    new_central(two, group="aggregators")
    node = new_node()
    for _ in range(60):
        node.put()

    until(lambda: node.left == 0)
    mine = [{e.data.seq for e in central.events() if e.node == node.topics.node} for central in (one, two)]
    assert mine[0] | mine[1] == set(range(1, 61))
    assert all(mine)
    until(lambda: all(any(r.node == node.topics for r in c.received if r.channel == "status") for c in (one, two)))


def test_without_mqtt_5_everything_works_over_3_1_1(
    new_node: NewNode, new_central: NewCentral, link_311: BrokerLink
) -> None:
    central, node = FakeCentral(), new_node(link_311)
    new_central(central, link_311, group="old")
    ids = {node.put() for _ in range(50)}

    until(lambda: node.left == 0)
    assert node.courier.health().protocol == "3.1.1"
    assert ids <= {e.id for e in central.events()}
    births = [r.message for r in central.received if r.channel == "status" and r.node == node.topics]
    assert {birth.state for birth in births} == {"online"}  # live, and perhaps retained as well


def test_an_unreachable_broker_is_reported_and_found_when_it_comes(
    new_node: NewNode, tmp_path: Path, leave: ExitStack
) -> None:
    port = support.free_port()
    node = new_node(BrokerLink(f"mqtt://127.0.0.1:{port}", timeout_s=2.0))
    node.put()
    until(lambda: node.courier.health().error is not None)

    command = [support.sys.executable, "-m", "ioc.main", "broker", "run", "--port", str(port)]
    broker = support.BrokerProcess(command, port, tmp_path / "late-broker.log")
    leave.callback(broker.kill)
    broker.start()

    until(lambda: node.courier.connected)
    assert node.courier.health().error is None
    assert node.left == 1  # no central has confirmed it


def test_the_courier_outlives_a_broker_that_is_killed(new_node: NewNode, tmp_path: Path, leave: ExitStack) -> None:
    broker = leave.enter_context(support.embedded(tmp_path))
    link = BrokerLink(broker.url, timeout_s=2.0)
    central = FakeCentral()
    subscriber = Subscriber(link, central.on_batch, central.on_dead, waits=quickly)
    leave.callback(subscriber.stop)
    subscriber.start()
    node = new_node(link)
    until(lambda: node.courier.connected and subscriber.connected)
    first = node.put()
    until(lambda: node.left == 0)

    broker.kill()
    until(lambda: not node.courier.connected and not subscriber.connected)
    second = node.put()
    with pytest.raises(BrokerUnavailable):
        subscriber.send_command(node.topics, Command(id="1", do="reload"))
    broker.start()

    until(lambda: node.left == 0, 20.0)
    assert {first, second} <= {e.id for e in central.events()}
    assert threading.active_count() < 20


def test_a_secret_in_the_address_is_never_shown() -> None:
    link = BrokerLink("mqtt://box:geheim@10.0.0.5")

    assert "geheim" not in f"{link} {link!r} {replace(link, timeout_s=1.0)!r}"
    assert link.credentials() == ("box", "geheim")
    assert link.port == 1883


def test_health_expires_and_events_say_what_they_are(new_node: NewNode, link: BrokerLink, leave: ExitStack) -> None:
    said: dict[str, tuple[object, object, int, bool]] = {}
    ear = Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
    subscribed = threading.Event()
    node = new_node(start=False)

    def note(_client: Client, _data: object, message: MQTTMessage) -> None:
        found = message.properties
        said[message.topic] = (
            getattr(found, "MessageExpiryInterval", None),
            getattr(found, "ContentType", None),
            message.qos,
            message.retain,
        )

    ear.on_message = note
    ear.on_subscribe = lambda *_: subscribed.set()
    ear.connect(link.host, link.port)
    ear.loop_start()
    leave.callback(ear.loop_stop)
    leave.callback(ear.disconnect)
    ear.subscribe([(node.topics("health"), 0), (node.topics("event"), 1), (node.topics("flow"), 1)])
    assert subscribed.wait(5.0)

    node.courier.start()
    until(lambda: node.courier.connected)
    node.courier.publish_health(Health(at=datetime.now(UTC), boot_id=node.box.boot_id, version="1"))
    node.put()
    node.put(kind="traffic.line_count", severity="info")

    until(lambda: {node.topics("health"), node.topics("event"), node.topics("flow")} <= said.keys())
    assert said[node.topics("health")] in {(60, None, 0, False), (59, None, 0, False)}
    assert said[node.topics("event")] == (None, "application/cloudevents+json", 1, False)
    assert said[node.topics("flow")] == (None, "application/cloudevents+json", 1, False)

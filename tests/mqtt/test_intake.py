"""Whatever the network sends is either well formed and speaks for its node, or a dead letter; nothing raises."""

from __future__ import annotations

import contextlib
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mqtt.client import Message
from mqtt.event import Event
from mqtt.intake import CUT_AT_BYTES, DeadLetter, Received, dead, judge
from mqtt.topics import CHANNELS, NodeTopics, parse_topic
from mqtt.wire import LARGEST_MESSAGE_BYTES, MOST_IDS, Command, Confirm, Health, Reply, Status
from tests.mqtt.support import make_event

NOW = datetime(2026, 5, 1, tzinfo=UTC)
TOPIC = "ioc/v1/lam-dong/box-01/event"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=20), inner, max_size=5),
    max_leaves=20,
)


def judged(topic: str, payload: bytes) -> Received | DeadLetter:
    return judge(Message(topic, payload, 1, False, 1), NOW)


def test_an_event_of_the_node_itself_is_received() -> None:
    event = make_event(1, "boot")

    received = judged(TOPIC, event.to_bytes())

    assert isinstance(received, Received)
    assert received.message == event
    assert received.node == NodeTopics("lam-dong", "box-01")
    assert received.event_ids == (event.id,)


@pytest.mark.parametrize("source", ["/lam-dong/box-02/cam-01", "/dak-lak/box-01/cam-01", "/lam-dong/box-02"])
def test_an_event_under_a_foreign_name_is_dead_but_its_id_is_known(source: str) -> None:
    event = make_event(1, "boot", source=source)

    letter = judged(TOPIC, event.to_bytes())

    assert isinstance(letter, DeadLetter)
    assert "does not belong under" in letter.reason
    assert letter.event_ids == (event.id,)


def test_an_event_of_a_newer_schema_is_dead_and_says_why_without_repeating_its_content() -> None:
    document = json.loads(make_event(1, "boot").to_bytes())
    document["type"] = "vn.ioc.security.telepathy.v1"

    letter = judged(TOPIC, json.dumps(document).encode())

    assert isinstance(letter, DeadLetter)
    assert letter.reason.startswith("type: ")
    assert letter.event_ids == (document["id"],)


def test_a_message_that_is_too_large_is_dead_and_kept_only_in_part() -> None:
    letter = judged(TOPIC, b" " * (LARGEST_MESSAGE_BYTES + 1))

    assert isinstance(letter, DeadLetter)
    assert "larger than" in letter.reason
    assert len(letter.payload) == CUT_AT_BYTES


@pytest.mark.parametrize("topic", ["ioc/v1/a/b/confirm", "ioc/v1/a/b/command"])
def test_what_is_meant_for_nodes_is_dead_at_central(topic: str) -> None:
    assert isinstance(judged(topic, b'{"ids": []}'), DeadLetter)


def test_a_well_formed_message_that_could_not_be_stored_becomes_a_dead_letter_with_its_id() -> None:
    event = make_event(1, "boot")
    received = judged(TOPIC, event.to_bytes())
    assert isinstance(received, Received)

    letter = dead(received, "could not be stored")

    assert (letter.topic, letter.event_ids) == (TOPIC, (event.id,))


@pytest.mark.parametrize(
    "payload", [b"[" * 100_000, b'{"a":' * 50_000, b"1" * 5_000, b"\xff\xfe", b"", b"null", b"NaN"]
)
def test_hostile_json_is_dead(payload: bytes) -> None:
    assert isinstance(judged(TOPIC, payload), DeadLetter)


@given(st.text(max_size=80), st.binary(max_size=200))
def test_no_message_raises(topic: str, payload: bytes) -> None:
    assert isinstance(judged(topic, payload), DeadLetter)


@given(st.sampled_from(CHANNELS), JSON)
def test_no_document_raises(channel: str, document: object) -> None:
    payload = json.dumps(document).encode("utf-8", errors="replace")

    assert isinstance(judged(f"ioc/v1/lam-dong/box-01/{channel}", payload), DeadLetter | Received)


@settings(max_examples=200)
@given(st.data())
def test_an_event_with_any_part_replaced_is_received_or_dead(data: st.DataObject) -> None:
    document = json.loads(make_event(1, "boot").to_bytes())
    part = data.draw(st.sampled_from([document, document["data"]]))
    key = data.draw(st.sampled_from(sorted(part)))
    part[key] = data.draw(JSON)

    outcome = judged(TOPIC, json.dumps(document).encode("utf-8", errors="replace"))

    if isinstance(outcome, Received):
        assert isinstance(outcome.message, Event)
        assert Event.from_bytes(outcome.message.to_bytes()) == outcome.message


@given(st.sampled_from([Confirm, Command, Status, Health, Reply, Event]), st.binary(max_size=300) | JSON.map(repr))
def test_every_parser_raises_value_errors_only(model: type, payload: bytes | str) -> None:
    raw = payload if isinstance(payload, bytes) else payload.encode("utf-8", errors="replace")
    with contextlib.suppress(ValueError):
        model.from_bytes(raw)


@given(st.text())
def test_a_topic_is_ours_or_a_value_error(topic: str) -> None:
    try:
        node, channel = parse_topic(topic)
    except ValueError:
        return
    assert node(channel) == topic


@given(st.from_regex(r"[a-z0-9][a-z0-9_-]{0,62}", fullmatch=True), st.sampled_from(CHANNELS))
def test_a_topic_says_whose_it_is(name: str, channel: str) -> None:
    assert parse_topic(f"ioc/v1/{name}/{name}/{channel}") == (NodeTopics(name, name), channel)


@pytest.mark.parametrize("topic", ["ioc/v1/a/b/event\n", "ioc/v1/A/b/event", "ioc/v1/a/b/c/event", "ioc/v1/+/b/event"])
def test_a_topic_that_only_looks_like_ours_is_refused(topic: str) -> None:
    with pytest.raises(ValueError, match="not a topic"):
        parse_topic(topic)


def test_a_confirmation_holds_a_bounded_number_of_ids() -> None:
    with pytest.raises(ValueError):
        Confirm(ids=tuple(str(n) for n in range(MOST_IDS + 1)))


def test_a_command_keeps_what_it_does_not_know_as_arguments() -> None:
    command = Command.from_bytes(b'{"id": "7", "do": "clip", "camera": "cam-01", "seconds": 12}')

    assert (command.do, command.arguments) == ("clip", {"seconds": 12})
    assert Command.from_bytes(command.to_bytes()) == command


def test_health_without_a_value_says_nothing_instead_of_null() -> None:
    health = Health(at=NOW, boot_id="b", version="1")

    assert b"null" not in health.to_bytes()
    assert Health.from_bytes(health.to_bytes()) == health

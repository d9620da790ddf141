"""Judge a message at central's door: well formed and speaking for the node on whose topic it came, or dead."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeAlias

from pydantic import ValidationError
from pydantic_core import from_json

from mqtt.client import Message
from mqtt.event import Event
from mqtt.topics import Channel, NodeTopics, parse_topic
from mqtt.wire import LARGEST_MESSAGE_BYTES, Health, Reply, Status, WeatherReport

Content: TypeAlias = Event | Status | Health | Reply | WeatherReport
CUT_AT_BYTES: Final = 64 * 1024
_PARSERS: Final[dict[Channel, Callable[[bytes], Content]]] = {
    "event": Event.from_bytes,
    "flow": Event.from_bytes,
    "status": Status.from_bytes,
    "health": Health.from_bytes,
    "reply": Reply.from_bytes,
    "weather": WeatherReport.from_bytes,
}


@dataclass(frozen=True, slots=True)
class Received:
    """One message that is well formed and speaks for the node on whose topic it came.

    channel "event" and "flow" carry an `Event`, "status" a `Status`, "health" a `Health`, "reply" a `Reply`,
    "weather" a `WeatherReport`.
    """

    node: NodeTopics
    channel: Channel
    message: Content
    payload: bytes
    received_at: datetime  # UTC
    retained: bool = False

    @property
    def event_ids(self) -> tuple[str, ...]:
        """The id to confirm, if this is an event."""
        return (self.message.id,) if isinstance(self.message, Event) else ()


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that can't be used: malformed, oversized, of the wrong schema or under a foreign name."""

    topic: str
    reason: str
    payload: bytes  # cut at 64 kB
    received_at: datetime  # UTC
    node: NodeTopics | None = None  # whose topic it was, if that could be told
    event_ids: tuple[str, ...] = ()  # the id it carried, if it can be told: confirmed, for it would only come again


def judge(message: Message, at: datetime) -> Received | DeadLetter:
    """Never raises, whatever came from the network."""
    try:
        node, channel = parse_topic(message.topic)
    except ValueError as error:
        return DeadLetter(message.topic[:300], str(error), message.payload[:CUT_AT_BYTES], at)
    try:
        if len(message.payload) > LARGEST_MESSAGE_BYTES:
            raise ValueError(f"message of {len(message.payload)} bytes is larger than {LARGEST_MESSAGE_BYTES}")
        content = _PARSERS[channel](message.payload)
        if isinstance(content, Event) and (content.site, content.node) != (node.site, node.node):
            raise ValueError(f"{content.source} does not belong under {message.topic}")
    except KeyError:
        return _dead(message, node, channel, at, f"{channel} is not for central")
    except ValueError as error:
        return _dead(message, node, channel, at, _short(error))
    return Received(node, channel, content, message.payload, at, message.retained)


def dead(received: Received, reason: str) -> DeadLetter:
    """What was well formed and still could not be stored."""
    payload = received.payload[:CUT_AT_BYTES]
    topic = received.node(received.channel)
    return DeadLetter(topic, reason[:1000], payload, received.received_at, received.node, received.event_ids)


def _dead(message: Message, node: NodeTopics, channel: Channel, at: datetime, reason: str) -> DeadLetter:
    ids = _ids_in(message.payload) if channel in {"event", "flow"} else ()
    return DeadLetter(message.topic, reason, message.payload[:CUT_AT_BYTES], at, node, ids)


def _ids_in(payload: bytes) -> tuple[str, ...]:
    if len(payload) > 16 * LARGEST_MESSAGE_BYTES:
        return ()
    try:
        found = from_json(payload)
    except ValueError:
        return ()
    event_id = found.get("id") if isinstance(found, dict) else None
    return (event_id,) if isinstance(event_id, str) and 0 < len(event_id) <= 64 else ()


def _short(error: ValueError) -> str:
    """One line, without the payload: `data.seq: Input should be greater than or equal to 1; …`."""
    if not isinstance(error, ValidationError):
        return str(error)[:1000]
    problems = error.errors(include_url=False, include_input=False, include_context=False)
    parts = [f"{'.'.join(map(str, item['loc']))}: {item['msg']}".removeprefix(": ") for item in problems[:5]]
    return "; ".join(parts)[:1000]

"""Central's ear: take messages from every node in batches, and acknowledge only what has been stored."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from mqtt.event import Event
from mqtt.link import BrokerLink
from mqtt.topics import Channel, NodeTopics
from mqtt.wire import Command, Health, Reply, Status

Message: TypeAlias = Event | Status | Health | Reply


@dataclass(frozen=True, slots=True)
class Received:
    """One message that is well formed and speaks for the node on whose topic it came.

    channel "event" and "flow" carry an `Event`, "status" a `Status`, "health" a `Health`, "reply" a `Reply`.
    """

    node: NodeTopics
    channel: Channel
    message: Message
    payload: bytes
    received_at: datetime  # UTC
    retained: bool = False


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that can't be used: malformed, oversized, of the wrong schema or under a foreign name."""

    topic: str
    reason: str
    payload: bytes  # cut at 64 kB
    received_at: datetime  # UTC


class Subscriber:
    """Hears `ioc/v1/+/+/{event,flow,status,health,reply}` of all nodes, shared out within `group` where it is set.

    `on_batch` runs on the subscriber's own thread and returns when *everything* in the batch is committed in one
    transaction (repeats included: they are stored already). Then the ids of its events are confirmed to their nodes,
    one message per node, and only then are the messages acknowledged to the broker. It raises `TryAgain` when the
    store is away: nothing is acknowledged and the same messages come again. Any other exception makes the messages
    come one at a time, and those that still fail become dead letters.

    `on_dead` stores a dead letter; the message is acknowledged after it returns, so that it never blocks the queue.
    """

    def __init__(
        self,
        link: BrokerLink,
        on_batch: Callable[[Sequence[Received]], None],
        on_dead: Callable[[DeadLetter], None],
        *,
        group: str | None = None,
        most: int = 500,
    ) -> None:
        raise NotImplementedError

    def start(self) -> None:
        """Connect and stay connected, on threads of its own, until `stop`."""
        raise NotImplementedError

    def stop(self, timeout_s: float = 5.0) -> None:
        """Finish the batch at hand, disconnect, and wait for the threads."""
        raise NotImplementedError

    @property
    def connected(self) -> bool:
        raise NotImplementedError

    def send_command(self, node: NodeTopics, command: Command) -> None:
        """Publish a command; raises BrokerUnavailable when that can't be. The `Reply` comes through `on_batch`."""
        raise NotImplementedError

    def counters(self) -> dict[str, int]:
        """Return received, stored, confirmed, dead, dropped_health, batches, connects: for /metrics."""
        raise NotImplementedError

"""Central's ear: take messages from every node in batches, and acknowledge only what has been stored."""

from __future__ import annotations

import logging
import queue
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

from common.backoff import delays
from common.config import ConfigError
from mqtt.client import Connection, Message, connect
from mqtt.delivery import Delivery
from mqtt.errors import BrokerUnavailable, TryAgain
from mqtt.intake import DeadLetter, Received, judge
from mqtt.link import BrokerLink
from mqtt.topics import NodeTopics
from mqtt.wire import MOST_IDS, Command, Confirm, Status

__all__ = ["DeadLetter", "Received", "Subscriber", "TryAgain"]

log = logging.getLogger(__name__)

SHARED: Final = ("event", "flow", "health", "weather")
FOR_ALL: Final = ("status", "reply")
"""Each of a group hears these: retained status only comes that way, and a reply belongs to whoever asked."""
SETTLED_AFTER_S: Final = 10.0
"""A connection this long earns a fresh start to the waits."""


def soon() -> Iterator[float]:
    return delays(0.25, 10.0)


class Subscriber:
    """Hears `ioc/v1/+/+/…` of all nodes on the channels above, shared out within `group` where it is set.

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
        waits: Callable[[], Iterator[float]] = soon,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._link, self._group, self._most = link, group, most
        self._waits, self._clock, self._monotonic = waits, clock, monotonic
        self._client_id = f"ioc-central-{uuid.uuid4().hex[:12]}"  # a clean start each time: outboxes remember, not we
        self._queue: queue.Queue[tuple[Connection | None, Message]] = queue.Queue(4 * most)
        self._counts: Counter[str] = Counter()
        self._connection: Connection | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="central-subscriber", daemon=True)
        self._delivery = Delivery(on_batch, on_dead, self._stop, waits)
        self._error: str | None = None

    def start(self) -> None:
        """Connect and stay connected, on threads of its own, until `stop`."""
        self._thread.start()

    def stop(self, timeout_s: float = 5.0) -> None:
        """Finish the batch at hand, disconnect, and wait for the threads."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    @property
    def connected(self) -> bool:
        return self._connection is not None

    @property
    def error(self) -> str | None:
        """Why there is no connection, or why nothing can be stored; None when all is well."""
        return self._error or self._delivery.error

    def send_command(self, node: NodeTopics, command: Command) -> None:
        """Publish a command; raises BrokerUnavailable when that can't be. The `Reply` comes through `on_batch`."""
        connection = self._connection
        if connection is None:
            raise BrokerUnavailable("central is not connected to the broker")
        connection.publish(node("command"), command.to_bytes())

    def counters(self) -> dict[str, int]:
        """Return received, stored, confirmed, dead, dropped_health, batches, connects: for /metrics."""
        names = ("received", "stored", "confirmed", "dead", "dropped_health", "batches", "connects")
        return {name: self._counts[name] for name in names}

    def _run(self) -> None:
        waits = self._waits()
        while not self._stop.is_set():
            started_s = self._monotonic()
            try:
                self._listen()
            except (BrokerUnavailable, ConfigError) as error:
                self._report(str(error))
            except Exception as error:
                log.exception("the subscriber stumbled and starts again")
                self._report(f"{type(error).__name__}: {error}")
            if self._monotonic() - started_s >= SETTLED_AFTER_S:
                waits = self._waits()
            self._stop.wait(next(waits))

    def _listen(self) -> None:
        """One connection: subscribe, then batch after batch until it is lost."""
        arrived_on: list[Connection | None] = [None]
        connection = connect(
            self._link,
            self._client_id,
            manual_ack=True,
            receive_maximum=min(65_535, 4 * self._most),
            on_message=lambda message: self._enqueue(arrived_on, message),
        )
        arrived_on[0] = connection
        try:
            shared = f"$share/{self._group}/" if self._group else ""
            filters = [f"{shared}ioc/v1/+/+/{name}" for name in SHARED] + [f"ioc/v1/+/+/{name}" for name in FOR_ALL]
            health = [name for name in filters if name.endswith("/health")]  # some brokers would make it QoS 1
            connection.subscribe(filters, self._link.timeout_s, at_most_once=health)
            self._connection, self._error = connection, None
            self._counts["connects"] += 1
            log.info("connected to the broker", extra={"broker": str(self._link), "protocol": connection.version})
            while not self._stop.is_set() and not connection.lost.is_set():
                if batch := self._gather():
                    self._handle(connection, batch)
            if not self._stop.is_set():
                raise BrokerUnavailable(connection.reason)
        finally:
            self._connection = None
            connection.close(1.0)

    def _enqueue(self, arrived_on: list[Connection | None], message: Message) -> None:
        """On the network thread. While the queue is full no socket is read and the broker waits; health is lost."""
        self._counts["received"] += 1
        while not self._stop.is_set():
            try:
                self._queue.put((arrived_on[0], message), timeout=0.0 if message.qos == 0 else 0.5)
                return
            except queue.Full:
                if message.qos == 0:
                    self._counts["dropped_health"] += 1
                    return

    def _gather(self) -> list[tuple[Connection | None, Message]]:
        """Return what has come while the last batch was stored: the busier it is, the larger the batches."""
        batch: list[tuple[Connection | None, Message]] = []
        try:
            batch.append(self._queue.get(timeout=0.2))
            while len(batch) < self._most:
                batch.append(self._queue.get_nowait())
        except queue.Empty:
            pass
        return batch

    def _handle(self, connection: Connection, batch: list[tuple[Connection | None, Message]]) -> None:
        now = self._clock()
        judged = [judge(message, now) for _, message in batch]
        bad = self._delivery.deliver(judged)
        if bad is None:  # stopped: nothing is confirmed, so it comes again
            return
        self._counts.update(batches=1, dead=bad, stored=len(judged) - bad)
        self._confirm(connection, judged)
        for came_on, message in batch:
            if came_on is connection:
                connection.ack(message)

    def _confirm(self, connection: Connection, judged: Sequence[Received | DeadLetter]) -> None:
        """Tell each node what it may forget; greet those whose retained birth we find: they may have been waiting."""
        ids: dict[NodeTopics, list[str]] = {}
        for item in judged:
            if item.node is not None and item.event_ids:
                ids.setdefault(item.node, []).extend(item.event_ids)
        for node, stored in ids.items():
            for start in range(0, len(stored), MOST_IDS):
                connection.publish(node("confirm"), Confirm(ids=tuple(stored[start : start + MOST_IDS])).to_bytes())
            self._counts["confirmed"] += len(stored)
        for item in judged:
            if isinstance(item, Received) and item.retained and isinstance(item.message, Status):
                connection.publish(item.node("confirm"), Confirm(ids=()).to_bytes())

    def _report(self, error: str) -> None:
        if error != self._error:
            log.warning("the broker cannot be reached", extra={"reason": error})
        self._error = error[:500]

"""Carry events over one connection for as long as it lasts: send, hear what is confirmed, send again the rest."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final, Literal, TypeAlias

from mqtt.client import Connection, Message
from mqtt.commands import CommandDesk
from mqtt.errors import BrokerUnavailable
from mqtt.event import CONTENT_TYPE
from mqtt.flight import Flight
from mqtt.outbox import Outbox
from mqtt.outbox_file import Pending
from mqtt.priority import RANKS
from mqtt.topics import NodeTopics
from mqtt.wire import Confirm, Status

log = logging.getLogger(__name__)

TICK_S: Final = 1.0
HEALTH_EXPIRY_S: Final = 60
State: TypeAlias = Literal["online", "offline"]


class Tally:
    """What the courier has done since boot, over all connections."""

    def __init__(self) -> None:
        self.sent = self.resent = self.confirmed = self.refused = self.malformed = self.overheard = 0
        self.error: str | None = None


class Trip:
    """One connection's worth of carrying. `on_message` and `on_taken` are called by the network thread."""

    def __init__(
        self,
        outbox: Outbox,
        topics: NodeTopics,
        desk: CommandDesk,
        tally: Tally,
        status: Callable[[State], Status],
        *,
        window: int,
        resend_after_s: float,
        taken_within_s: float,
        monotonic: Callable[[], float],
    ) -> None:
        self.flight = Flight(window=window, resend_after_s=resend_after_s)
        self.central_silent = False
        self._outbox, self._topics, self._desk, self._tally, self._status = outbox, topics, desk, tally, status
        self._taken_within_s, self._monotonic = taken_within_s, monotonic
        self._arrived: queue.Queue[Message] = queue.Queue(1_000)
        self._answers: queue.SimpleQueue[tuple[int, str | None]] = queue.SimpleQueue()
        self._untaken: dict[int, tuple[float, str | None]] = {}  # mid → (sent at, command answered by it)
        self._replied: set[str] = set()
        self._marks = [0] * RANKS
        self._read: tuple[int, int] = (-1, -1)  # (events written, generation) when the outbox was last read to its end
        self._health: bytes | None = None
        self._tick_s = float("-inf")

    def on_message(self, message: Message) -> None:
        try:
            self._arrived.put(message, timeout=5.0)
        except queue.Full:
            self._tally.overheard += 1  # a confirmation lost here comes again when the event is sent again
        self._outbox.changed.set()

    def on_taken(self, mid: int, error: str | None) -> None:
        self._answers.put((mid, error))
        self._outbox.changed.set()

    def publish_health(self, payload: bytes) -> None:
        """Send this soon; a newer one replaces it."""
        self._health = payload
        self._outbox.changed.set()

    def run(self, connection: Connection, stop: threading.Event, drain_s: Callable[[], float]) -> None:
        """Carry until `stop`, then up to `drain_s()` until all is confirmed; raises BrokerUnavailable on a cut line."""
        connection.subscribe([self._topics(name) for name in ("confirm", "command", "status")], self._taken_within_s)
        self._announce(connection, "online")
        while not stop.is_set():
            self._turn(connection)
        end_s = self._monotonic() + drain_s()
        while self.flight and self._monotonic() < end_s:
            self._turn(connection, 0.05)
        self._announce(connection, "offline")
        end_s = self._monotonic() + 1.0
        while self._untaken and self._monotonic() < end_s:
            self._outbox.changed.wait(0.05)
            self._outbox.changed.clear()
            self._note_taken()

    def _turn(self, connection: Connection, wait_s: float = TICK_S) -> None:
        self._outbox.changed.clear()
        if connection.lost.is_set():
            raise BrokerUnavailable(connection.reason)
        self._hear(connection)
        now_s = self._monotonic()
        if now_s - self._tick_s >= TICK_S:
            self._tick_s = now_s
            self._tick(connection, now_s)
        self._send_replies(connection)
        if self._health is not None:
            payload, self._health = self._health, None
            connection.publish(self._topics("health"), payload, qos=0, expiry_s=HEALTH_EXPIRY_S)
        if not self._send_new(connection):
            self._outbox.changed.wait(wait_s)

    def _tick(self, connection: Connection, now_s: float) -> None:
        self._outbox.tend()
        self.central_silent = self.flight.silent(now_s)
        for pending in self.flight.overdue(now_s)[: connection.room]:
            self._send(connection, pending)
            self._tally.resent += 1
        oldest_s = min((at for at, _ in self._untaken.values()), default=now_s)
        if now_s - oldest_s > self._taken_within_s:
            raise BrokerUnavailable(f"the broker has taken nothing for {now_s - oldest_s:.0f} s")

    def _send_new(self, connection: Connection) -> bool:
        """Send what has been put since; return True when there is, or may be, more to send at once."""
        if self._outbox.generation != self._read[1]:
            self._marks = [0] * RANKS
        now = (self._outbox.written, self._outbox.generation)
        room = min(self.flight.room, connection.room)
        if now == self._read or room == 0:
            return False
        batch = self._outbox.after(self._marks, room)
        for pending in batch:
            if pending.id not in self.flight:
                self._send(connection, pending)
            self._marks[pending.rank] = pending.row
        if len(batch) < room:
            self._read = now
        else:
            self._read = (-1, now[1])
        return bool(batch)

    def _send(self, connection: Connection, pending: Pending) -> None:
        mid = connection.publish(self._topics(pending.channel), pending.payload, content_type=CONTENT_TYPE)
        now_s = self._monotonic()
        self._untaken[mid] = (now_s, None)
        self.flight.sent(pending, now_s)
        self._tally.sent += 1

    def _send_replies(self, connection: Connection) -> None:
        for reply in self._desk.unsent():
            if reply.id not in self._replied:
                self._replied.add(reply.id)
                mid = connection.publish(self._topics("reply"), reply.to_bytes())
                self._untaken[mid] = (self._monotonic(), reply.id)

    def _hear(self, connection: Connection) -> None:
        """Take in what the network thread has put down: first what the broker took, then what others say."""
        self._note_taken()
        confirmed: list[str] = []
        while not self._arrived.empty():
            message = self._arrived.get()
            if message.topic == self._topics("confirm"):
                confirmed += self._confirmation(message.payload)
            elif message.topic == self._topics("command"):
                if not message.retained:  # a command kept by the broker is not meant for now
                    self._desk.take(message.payload)
            elif message.topic == self._topics("status") and not message.retained:
                self._contradict(connection, message.payload)
        if confirmed:
            self._outbox.delivered(confirmed)

    def _note_taken(self) -> None:
        while not self._answers.empty():
            mid, error = self._answers.get()
            _, reply_id = self._untaken.pop(mid, (0.0, None))
            if error is not None:
                self._tally.refused += 1
                self._tally.error = f"the broker refused a message: {error}"
            elif reply_id is not None:
                self._desk.taken(reply_id)
                self._replied.discard(reply_id)

    def _confirmation(self, payload: bytes) -> tuple[str, ...]:
        try:
            confirm = Confirm.from_bytes(payload)
        except ValueError as error:
            self._tally.malformed += 1
            log.warning("a malformed confirmation was ignored", extra={"reason": str(error)[:300]})
            return ()
        if not confirm.ids:
            self.flight.central_is_back(self._monotonic())
            self._tick_s = float("-inf")
        self._tally.confirmed += self.flight.confirmed(confirm.ids, self._monotonic())
        return confirm.ids

    def _contradict(self, connection: Connection, payload: bytes) -> None:
        """The will of our own dead connection arrived after our birth: say again that we are here."""
        try:
            said = Status.from_bytes(payload)
        except ValueError:
            return
        if said.state == "offline":
            self._announce(connection, "online")

    def _announce(self, connection: Connection, state: State) -> None:
        mid = connection.publish(self._topics("status"), self._status(state).to_bytes(), retain=True)
        self._untaken[mid] = (self._monotonic(), None)


def utc_now() -> datetime:
    return datetime.now(UTC)

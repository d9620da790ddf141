"""Carry events from the outbox to the broker until central confirms each. Only this file knows about trying again."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Final

from common.backoff import delays
from common.config import ConfigError
from mqtt.client import Will, connect
from mqtt.commands import CommandDesk
from mqtt.errors import BrokerUnavailable
from mqtt.link import BrokerLink
from mqtt.outbox import Outbox
from mqtt.topics import NodeTopics
from mqtt.trip import State, Tally, Trip, utc_now
from mqtt.wire import LARGEST_MESSAGE_BYTES, Command, Health, LinkHealth, Reply, Status

log = logging.getLogger(__name__)

STOP_WITHIN_S: Final = 2.0
"""Whoever stops the courier does not wait longer, even if a broker keeps it waiting: its thread ends by itself."""
SETTLED_AFTER_S: Final = 10.0
"""A connection this long earns a fresh start to the waits."""


def soon() -> Iterator[float]:
    return delays(0.25, 15.0)


class Courier:
    """One per node. Announces the node (birth, will, clean offline), sends its events, and takes commands.

    `window` events may be unconfirmed at once. What stays unconfirmed for `resend_after_s` is sent again; while central
    says nothing at all, only a few are. Smoke and security leave first after an outage.
    """

    def __init__(
        self,
        outbox: Outbox,
        link: BrokerLink,
        topics: NodeTopics,
        *,
        version: str,
        window: int = 256,
        resend_after_s: float = 15.0,
        waits: Callable[[], Iterator[float]] = soon,
        clock: Callable[[], datetime] = utc_now,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._outbox, self._link, self._topics, self._version = outbox, link, topics, version
        self._window, self._resend_after_s = window, resend_after_s
        self._waits, self._clock, self._monotonic = waits, clock, monotonic
        self._stop = threading.Event()
        self._drain_s = 0.0
        self._tally = Tally()
        self._desk = CommandDesk(outbox.changed.set)
        self._trip: Trip | None = None
        self._connects = 0
        self._spoken: str | None = None
        self._thread = threading.Thread(target=self._run, name="courier", daemon=True)

    def on_command(self, handle: Callable[[Command], Reply]) -> None:
        """Carry out commands with `handle`, one at a time on a thread of its own; what it raises becomes the answer."""
        self._desk.start(handle)

    def start(self) -> None:
        self._thread.start()

    def stop(self, drain_s: float = 1.0) -> None:
        """Give what is on its way `drain_s` to be confirmed, say goodbye, and end. What is left stays in the outbox."""
        self._drain_s = drain_s
        self._stop.set()
        self._outbox.changed.set()
        self._desk.stop()
        if self._thread.is_alive():
            self._thread.join(drain_s + STOP_WITHIN_S)

    def publish_health(self, health: Health | bytes) -> bool:
        """Send a health message if the broker can be reached now; return False when it can't: health does not wait."""
        payload = health if isinstance(health, bytes) else health.to_bytes()
        trip = self._trip
        if trip is None or len(payload) > LARGEST_MESSAGE_BYTES:
            return False
        trip.publish_health(payload)
        return True

    @property
    def connected(self) -> bool:
        return self._trip is not None

    def health(self) -> LinkHealth:
        trip = self._trip
        return LinkHealth(
            connected=trip is not None,
            protocol="5" if self._spoken == "5" else "3.1.1" if self._spoken else None,
            connects=self._connects,
            in_flight=len(trip.flight) if trip else 0,
            resent=self._tally.resent,
            confirmed=self._tally.confirmed,
            central_silent=trip.central_silent if trip else False,
            error=self._tally.error,
        )

    def _run(self) -> None:
        waits = self._waits()
        while not self._stop.is_set():
            started_s = self._monotonic()
            try:
                self._travel()
            except (BrokerUnavailable, ConfigError) as error:
                self._report(str(error))
            except Exception as error:
                log.exception("the courier stumbled and starts again")
                self._report(f"{type(error).__name__}: {error}")
            if self._monotonic() - started_s >= SETTLED_AFTER_S:
                waits = self._waits()
            self._rest(next(waits))

    def _travel(self) -> None:
        trip = Trip(
            self._outbox, self._topics, self._desk, self._tally, self._status,
            window=self._window, resend_after_s=self._resend_after_s, taken_within_s=2 * self._link.timeout_s,
            monotonic=self._monotonic,
        )  # fmt: skip
        connection = connect(
            self._link,
            f"ioc-{self._topics.site}-{self._topics.node}",  # the same each time: a half-dead twin is thrown out
            will=Will(self._topics("status"), self._status("offline").to_bytes()),
            on_message=trip.on_message,
            on_taken=trip.on_taken,
            on_lost=self._outbox.changed.set,
        )
        self._trip, self._spoken, self._connects = trip, connection.version, self._connects + 1
        log.info("connected to the broker", extra={"broker": str(self._link), "protocol": connection.version})
        try:
            if not self._stop.is_set():
                self._tally.error = None
                trip.run(connection, self._stop, lambda: self._drain_s)
            connection.close()
        except BaseException:
            connection.cut()
            raise
        finally:
            self._trip = None

    def _report(self, error: str) -> None:
        if error != self._tally.error:
            log.warning("the broker cannot be reached: events wait in the outbox", extra={"reason": error})
        self._tally.error = error[:500]

    def _rest(self, wait_s: float) -> None:
        """Wait for the next attempt; meanwhile the outbox is looked after."""
        until_s = self._monotonic() + wait_s
        while not self._stop.is_set() and (left_s := until_s - self._monotonic()) > 0:
            self._outbox.tend()
            self._stop.wait(min(left_s, 1.0))

    def _status(self, state: State) -> Status:
        return Status(state=state, boot_id=self._outbox.boot_id, version=self._version, at=self._clock())

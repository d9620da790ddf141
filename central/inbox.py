"""The idempotent entry at central: drop repeats, merge, commit; only then may the node forget."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

import sqlalchemy as sa

from central import danger, presence
from central.batch import Batch, Change
from central.store import Store, StoreUnavailable
from central.store.tables import dead_letters
from common.fire_danger import DangerTable
from mqtt.event import Event
from mqtt.subscriber import DeadLetter, Received
from mqtt.topics import NodeTopics
from mqtt.wire import Health, Status, WeatherReport

log = logging.getLogger(__name__)

MOST_DEAD_LETTERS = 2_000

Tell = Callable[[Sequence[Change]], None]


def now_utc() -> datetime:
    return datetime.now(UTC)


class Inbox:
    """Takes batches from the subscriber's thread. Each is one transaction: all of it is stored, or none."""

    def __init__(
        self,
        store: Store,
        tell: Tell,
        *,
        areas: Mapping[str, str] | None = None,
        danger_table: DangerTable = DangerTable(),  # noqa: B008  frozen
        clock: Callable[[], datetime] = now_utc,
    ) -> None:
        self._store = store
        self._tell = tell
        self._areas = areas or {}
        self._danger_table = danger_table
        self._clock = clock
        self.stored = 0
        self.repeated = 0
        self.trouble: str | None = None  # why the last batch could not be kept

    def take(self, batch: Sequence[Received]) -> None:
        """Store a batch and show it; raises StoreUnavailable when nothing of it was kept."""
        try:
            changes = self._take(batch)
        except StoreUnavailable as error:
            self.trouble = str(error)
            raise
        self.trouble = None
        self._tell(changes)

    def _take(self, batch: Sequence[Received]) -> list[Change]:
        with self._store.write() as connection:
            work = Batch(connection, self._clock())
            work.events([r for r in batch if isinstance(r.message, Event)])
            for received in batch:
                if isinstance(received.message, Status):
                    work.status(received.node, received.message, received.retained)
                elif isinstance(received.message, Health):
                    work.health(received.node, received.message)
                elif isinstance(received.message, WeatherReport):
                    danger.keep(connection, received.message.days, self._danger_table, self._clock())
            changes = work.finish(self._areas)
        self.stored += work.stored
        self.repeated += work.repeated
        return changes

    def take_absence(self, node: NodeTopics) -> None:
        """Open the incident of a node that fell silent: central itself has to tell that."""
        with self._store.write() as connection:
            now = self._clock()
            work = Batch(connection, now)
            since = presence.report(connection, node)
            if since is None:
                return
            work.own(presence.node_event(node, "start", since, now))
            work.show(node)
            changes = work.finish(self._areas)
        self._tell(changes)

    def bury(self, letter: DeadLetter) -> None:
        """Keep what could not be used, with the reason, and forget the oldest of them."""
        with self._store.write() as connection:
            cursor = connection.execute(
                sa.insert(dead_letters)
                .values(
                    at=letter.received_at,
                    topic=letter.topic[:500],
                    reason=letter.reason[:1000],
                    bytes=len(letter.payload),
                    payload=letter.payload[: 64 * 1024],
                )
                .returning(dead_letters.c.cursor)
            ).scalar_one()
            connection.execute(sa.delete(dead_letters).where(dead_letters.c.cursor <= cursor - MOST_DEAD_LETTERS))
        log.warning("dead letter", extra={"topic": letter.topic[:200], "reason": letter.reason[:200]})

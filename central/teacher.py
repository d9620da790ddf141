"""Tell each node what its operators' verdicts have taught: whenever that changes, and when the node begins anew."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa

from central.inbox import now_utc
from central.nuisance import Learned, learn
from central.store import Store
from central.store.nuisance_rows import latest_step, removals, verdicts
from central.store.tables import nodes
from mqtt.nuisance import MOST_AREAS, NuisanceArea
from mqtt.topics import NodeTopics
from mqtt.wire import Command

LEARN_AGAIN: Final = timedelta(minutes=10)  # areas expire by themselves


class Teacher:
    """Asked about once a second. `send` raises BrokerUnavailable; what could not be sent is sent at the next look."""

    def __init__(
        self,
        store: Store,
        send: Callable[[NodeTopics, Command], None],
        *,
        clock: Callable[[], datetime] = now_utc,
    ) -> None:
        self._store, self._send, self._clock = store, send, clock
        self._mark: tuple[int, int] | None = None
        self._learned_at: datetime | None = None
        self._areas: dict[NodeTopics, tuple[NuisanceArea, ...]] = {}
        self._told: dict[NodeTopics, tuple[str | None, tuple[NuisanceArea, ...]]] = {}  # boot, areas

    def look(self) -> None:
        """Learn when there is something new, and tell the nodes that do not know it."""
        with self._store.read() as db:
            self._learn(db)
            query = sa.select(nodes.c.site, nodes.c.node, nodes.c.boot_id).where(nodes.c.state == "online")
            boots = {NodeTopics(site, node): boot for site, node, boot in db.execute(query)}
        for node, boot in boots.items():
            self._tell(node, boot)
        for gone in self._told.keys() - boots.keys():
            del self._told[gone]

    def _learn(self, db: sa.Connection) -> None:
        mark, now = latest_step(db), self._clock()
        if mark == self._mark and self._learned_at is not None and now - self._learned_at < LEARN_AGAIN:
            return
        self._mark, self._learned_at, self._areas = mark, now, {}
        for one in areas_now(db, now):
            self._areas[one.node] = (*self._areas.get(one.node, ()), one.area)[:MOST_AREAS]

    def _tell(self, node: NodeTopics, boot: str | None) -> None:
        """A node that starts is told also that there is nothing: it may know areas from its disk."""
        areas = self._areas.get(node, ())
        if self._told.get(node) == (boot, areas):
            return
        fields = {"id": uuid.uuid4().hex, "do": "nuisance", "areas": [a.model_dump(mode="json") for a in areas]}
        self._send(node, Command.model_validate(fields))
        self._told[node] = (boot, areas)


def areas_now(db: sa.Connection, now: datetime) -> list[Learned]:
    """Return every area that counts now."""
    return learn(verdicts(db, now), removals(db, now), now)

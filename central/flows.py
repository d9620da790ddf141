"""Traffic counts by line, direction, label and interval, out of the nodes' flow messages."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from central.store.tables import flows
from mqtt.event import Event

log = logging.getLogger(__name__)


def keep(db: sa.Connection, events: Sequence[Event]) -> None:
    """Write the counts of flow events that are stored for the first time."""
    rows = [row for event in events for row in rows_of(event)]
    if rows:
        db.execute(sa.insert(flows), rows)


def rows_of(event: Event) -> Iterator[dict[str, Any]]:
    """Yield one row for each direction and label of an interval; an interval in which nothing passed yields none."""
    data = event.data
    counts = data.detail.get("counts")
    if not isinstance(counts, Mapping) or event.camera is None:
        log.warning("flow without counts", extra={"event_id": event.id})
        return
    for direction, labels in counts.items():
        for label, count in labels.items() if isinstance(labels, Mapping) else ():
            if isinstance(count, int) and count >= 0:
                yield {
                    "event_id": event.id,
                    "direction": str(direction)[:32],
                    "label": str(label)[:200],
                    "site": event.site,
                    "node": event.node,
                    "camera": event.camera,
                    "line": data.line or str(data.detail.get("line", ""))[:200],
                    "from_at": data.started_at,
                    "to_at": data.ended_at or event.time,
                    "count": count,
                }

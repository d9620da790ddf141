"""Forget what is older than it has to be kept: this runs for years."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import sqlalchemy as sa

from central.store import Store
from central.store.tables import (
    audit,
    cameras,
    events,
    evidence_of,
    flows,
    incidents,
    nodes,
    nuisance_removals,
    sequences,
    sessions,
    weather,
)

_CHUNK: Final = 500  # rows of one transaction: the inbox must not wait long


def forget(store: Store, before: datetime) -> int:
    """Delete finished or long over incidents with all that belongs to them, and events, flows and audit of that age."""
    gone = _forget_incidents(store, before)
    for table, age in (
        (events, events.c.stored_at),
        (flows, flows.c.to_at),
        (audit, audit.c.at),
        (nuisance_removals, nuisance_removals.c.at),
        (sequences, sequences.c.seen_at),
        (sessions, sessions.c.expires_at),
    ):
        gone += _forget_rows(store, table, age, before)
    with store.write() as db:
        gone += db.execute(sa.delete(weather).where(weather.c.day < before.date())).rowcount
    with store.write() as db:  # boxes that are gone for good
        for table in (cameras, nodes):
            gone += db.execute(sa.delete(table).where(table.c.heard_at < before)).rowcount
    return gone


def _forget_incidents(store: Store, before: datetime) -> int:
    gone = 0
    while True:
        with store.write() as db:
            old = sa.select(incidents.c.id).where(incidents.c.last_at < before, incidents.c.condition == "cleared")
            ids = list(db.execute(old.limit(_CHUNK)).scalars())
            for table in (evidence_of, events, audit):
                db.execute(sa.delete(table).where(table.c.incident_id.in_(ids)))
            db.execute(sa.delete(incidents).where(incidents.c.id.in_(ids)))
        gone += len(ids)
        if len(ids) < _CHUNK:
            return gone


def _forget_rows(store: Store, table: sa.Table, age: sa.Column[datetime], before: datetime) -> int:
    """Delete in portions. Events of incidents that are still open stay with them."""
    gone = 0
    key = next(iter(table.primary_key.columns))
    while True:
        with store.write() as db:
            old = sa.select(key).where(age < before)
            if "incident_id" in table.c:
                old = old.where(table.c.incident_id.is_(None))
            keys = list(db.execute(old.limit(_CHUNK)).scalars())
            count = db.execute(sa.delete(table).where(key.in_(keys), age < before)).rowcount if keys else 0
        gone += count
        if len(keys) < _CHUNK:
            return gone

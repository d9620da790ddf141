"""Part what was united by mistake: each camera's events go back into an incident of their own, and stay apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import sqlalchemy as sa

from central.incidents import Incident, incident_key, refold
from central.store.incident_rows import by_id, from_row, part, update
from central.store.tables import events, incidents
from mqtt.event import Event


class CannotPart(Exception):  # noqa: N818  the operator's step does not fit the incident
    """This camera's part cannot be taken out of the incident."""


def take_out(db: sa.Connection, home: Incident, camera: str) -> tuple[Incident, Incident]:
    """Take what `camera` (site/node/camera) told out of `home`; return (home, the other) as they are written.

    The other is the incident that was taken in, with its old number, new again. Raises CannotPart.
    """
    told = [Event.model_validate(body) for body in db.execute(_bodies(home.id)).scalars()]
    theirs = [event for event in told if event.source == f"/{camera}"]
    ours = [event for event in told if event.source != f"/{camera}"]
    guest_id = _taken_in(db, home.id, {incident_key(event) for event in theirs})
    row = by_id(db, guest_id) if guest_id else None
    if row is None or not ours:
        raise CannotPart(f"{camera} did not come from another incident")
    left = replace(refold(home, ours, home.episodes), apart=home.apart | {row["id"]})
    other = replace(
        refold(from_row(row), theirs, home.episodes), handling="new", assignee=None, apart=left.apart | {home.id}
    )
    update(db, left, new_version=True)
    part(db, home.id, other, [event.id for event in theirs])
    return left, other


def _bodies(incident_id: str) -> sa.Select[tuple[object]]:
    return sa.select(events.c.body).where(events.c.incident_id == incident_id).order_by(events.c.cursor)


def _taken_in(db: sa.Connection, home_id: str, keys: set[str]) -> str | None:
    found: Sequence[str] = db.execute(
        sa.select(incidents.c.id)
        .where(incidents.c.merged_into == home_id, incidents.c.key.in_(sorted(keys)))
        .order_by(incidents.c.number)
    ).scalars().all()  # fmt: skip
    return found[0] if found else None

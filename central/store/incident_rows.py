"""Incidents between the pure world and the database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from central.crossing import Sight
from central.incidents import FINISHED, REJOIN_WITHIN, Episode, Facts, Incident, Shot
from central.store.tables import audit, counters, events, evidence_of, incidents
from common.geodesy import Ellipse

_CHUNK = 400  # values in one IN (…): below every database's limit


def next_number(connection: sa.Connection, name: str, count: int = 1) -> int:
    """Take `count` numbers from a counter and return the first."""
    column = counters.c.value
    taken = connection.execute(
        sa.update(counters).where(counters.c.name == name).values(value=column + count).returning(column)
    ).scalar()
    if taken is None:
        connection.execute(sa.insert(counters).values(name=name, value=count))
        taken = count
    return int(taken) - count + 1


def latest_change(connection: sa.Connection) -> int:
    """Return the cursor of the latest change of any incident."""
    return int(connection.execute(sa.select(counters.c.value).where(counters.c.name == "changed")).scalar() or 0)


def candidates(connection: sa.Connection, keys: Iterable[str], since: datetime) -> dict[str, list[Incident]]:
    """Return the incidents of each key that could still take in events as old as `since`.

    An incident that has taken in others stands under their keys too, and keys that share one share their list.
    """
    found: dict[str, list[Incident]] = {}
    wanted = list(dict.fromkeys(keys))
    for start in range(0, len(wanted), _CHUNK):
        rows = connection.execute(
            sa.select(incidents).where(
                incidents.c.key.in_(wanted[start : start + _CHUNK]),
                incidents.c.last_at >= since - REJOIN_WITHIN,
                incidents.c.merged_into.is_(None),
            )
        ).mappings()
        for row in rows:
            found.setdefault(row["key"], []).append(from_row(row))
    _link(connection, found, wanted, since)
    return found


def _link(connection: sa.Connection, found: dict[str, list[Incident]], wanted: Sequence[str], since: datetime) -> None:
    taken_in, home = incidents.alias("taken_in"), incidents
    for start in range(0, len(wanted), _CHUNK):
        rows = connection.execute(
            sa.select(taken_in.c.key.label("was"), home)
            .join(taken_in, taken_in.c.merged_into == home.c.id)
            .where(
                taken_in.c.key.in_(wanted[start : start + _CHUNK]),
                taken_in.c.key != home.c.key,
                home.c.last_at >= since - REJOIN_WITHIN,
                home.c.merged_into.is_(None),
            )
        ).mappings()
        for row in rows:
            _share(found, row["was"], row["key"], from_row(row))


def _share(found: dict[str, list[Incident]], key: str, home_key: str, home: Incident) -> None:
    """Let both keys have one list, with `home` in it once."""
    one, other = found.setdefault(home_key, []), found.setdefault(key, [])
    if one is not other:
        one.extend(other)
        for name, group in found.items():
            if group is other:
                found[name] = one
    if all(known.id != home.id for known in one):
        one.append(home)


def burning(connection: sa.Connection, site: str, since: datetime) -> list[Incident]:
    """Return the site's unfinished wildfires that lasted until `since` at least."""
    rows = connection.execute(
        sa.select(incidents).where(
            incidents.c.site == site,
            incidents.c.category == "wildfire",
            incidents.c.handling.not_in(sorted(FINISHED)),
            incidents.c.last_at >= since,
            incidents.c.merged_into.is_(None),
        )
    ).mappings()
    return [from_row(row) for row in rows]


def by_id(connection: sa.Connection, incident_id: str) -> sa.RowMapping | None:
    return connection.execute(sa.select(incidents).where(incidents.c.id == incident_id)).mappings().first()


def active_of_node(connection: sa.Connection, site: str, node: str) -> list[Incident]:
    """Return the active incidents of which the node may have told: a fire has several tellers."""
    rows = connection.execute(
        sa.select(incidents).where(
            incidents.c.site == site,
            sa.or_(incidents.c.node == node, incidents.c.category == "wildfire"),
            incidents.c.condition == "active",
            incidents.c.merged_into.is_(None),
        )
    ).mappings()
    return [from_row(row) for row in rows]


def insert(connection: sa.Connection, opened: Sequence[Incident], counts: Mapping[str, int], now: datetime) -> None:
    """Write incidents that are new."""
    if not opened:
        return
    number = next_number(connection, "incident", len(opened))
    changed = next_number(connection, "changed", len(opened))
    rows = [
        {
            **to_row(incident),
            "number": number + place,
            "changed": changed + place,
            "opened_at": now,
            "event_count": counts.get(incident.id, 0),
            "version": 1,
        }
        for place, incident in enumerate(opened)
    ]
    connection.execute(sa.insert(incidents), rows)


def update(connection: sa.Connection, incident: Incident, *, more_events: int = 0, new_version: bool = False) -> None:
    """Write what has become of an incident; `new_version` when what people decide on has changed."""
    connection.execute(
        sa.update(incidents)
        .where(incidents.c.id == incident.id)
        .values(
            **{key: value for key, value in to_row(incident).items() if key != "id"},
            changed=next_number(connection, "changed"),
            event_count=incidents.c.event_count + more_events,
            version=incidents.c.version + int(new_version),
        )
    )


def touch(connection: sa.Connection, incident_ids: Iterable[str]) -> None:
    """Number a change of incidents whose evidence has come: nothing else in them moves."""
    for incident_id in incident_ids:
        connection.execute(
            sa.update(incidents).where(incidents.c.id == incident_id).values(changed=next_number(connection, "changed"))
        )


def absorb(connection: sa.Connection, home: str, other: str) -> None:
    """Move everything of `other` to `home`, and leave a pointer behind."""
    for table in (events, evidence_of, audit):
        connection.execute(sa.update(table).where(table.c.incident_id == other).values(incident_id=home))
    connection.execute(sa.update(incidents).where(incidents.c.merged_into == other).values(merged_into=home))
    moved = sa.select(incidents.c.event_count).where(incidents.c.id == other).scalar_subquery()
    connection.execute(
        sa.update(incidents).where(incidents.c.id == home).values(event_count=incidents.c.event_count + moved)
    )
    connection.execute(
        sa.update(incidents)
        .where(incidents.c.id == other)
        .values(
            merged_into=home,
            handling="closed",
            condition="cleared",
            changed=next_number(connection, "changed"),
            version=incidents.c.version + 1,
        )
    )


def part(connection: sa.Connection, home: str, other: Incident, event_ids: Sequence[str]) -> None:
    """Undo `absorb`: `other` stands for itself again, with these events and what proves them."""
    for start in range(0, len(event_ids), _CHUNK):
        some = event_ids[start : start + _CHUNK]
        connection.execute(sa.update(events).where(events.c.id.in_(some)).values(incident_id=other.id))
        connection.execute(sa.update(evidence_of).where(evidence_of.c.event_id.in_(some)).values(incident_id=other.id))
    moved = len(event_ids)
    connection.execute(
        sa.update(incidents).where(incidents.c.id == home).values(event_count=incidents.c.event_count - moved)
    )
    connection.execute(
        sa.update(incidents).where(incidents.c.id == other.id).values(merged_into=None, event_count=moved)
    )
    update(connection, other, new_version=True)


def to_row(incident: Incident) -> dict[str, Any]:
    facts = incident.facts
    return {
        "id": incident.id,
        "key": incident.key,
        "category": incident.category,
        "kind": incident.kind,
        "site": incident.site,
        "node": incident.node,
        "camera": incident.camera,
        "area": facts.area,
        "severity": incident.severity,
        "condition": incident.condition,
        "handling": incident.handling,
        "handled_at": incident.handled_at,
        "assignee": incident.assignee,
        "started_at": incident.started_at,
        "last_at": incident.last_at,
        "ended_at": incident.ended_at,
        "facts": {
            "told": [facts.told[0].isoformat(), facts.told[1]],
            "zone": facts.zone,
            "line": facts.line,
            "position": facts.position,
            "detail": facts.detail,
            "labels": list(facts.labels),
            "confidence": incident.confidence,
            "episodes": [
                [
                    e.started_at.isoformat(),
                    e.boot_id,
                    e.cause,
                    e.last_at.isoformat(),
                    e.ended_at and e.ended_at.isoformat(),
                    e.node,
                ]
                for e in incident.episodes
            ],
            "picture": _shot_out(incident.picture),
            "clip": _shot_out(incident.clip),
            "sights": [_sight_out(sight) for sight in incident.sights],
            "apart": sorted(incident.apart),
        },
    }


def from_row(row: Mapping[Any, Any]) -> Incident:
    facts = row["facts"]
    return Incident(
        id=row["id"],
        key=row["key"],
        category=row["category"],
        kind=row["kind"],
        site=row["site"],
        node=row["node"],
        camera=row["camera"],
        severity=row["severity"],
        confidence=facts["confidence"],
        facts=Facts(
            told=(_time(facts["told"][0]), facts["told"][1]),
            zone=facts["zone"],
            line=facts["line"],
            area=row["area"],
            position=facts["position"],
            detail=facts["detail"],
            labels=tuple(facts["labels"]),
        ),
        episodes=tuple(
            Episode(_time(start), boot, cause, _time(last), _time(end) if end else None, *node)
            for start, boot, cause, last, end, *node in facts["episodes"]
        ),
        picture=_shot_in(facts["picture"]),
        clip=_shot_in(facts["clip"]),
        handling=row["handling"],
        handled_at=row["handled_at"],
        assignee=row["assignee"],
        sights=sights_in(facts),
        apart=frozenset(facts.get("apart", ())),
    )


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _shot_out(shot: Shot | None) -> dict[str, Any] | None:
    if shot is None:
        return None
    return {"at": shot.at.isoformat(), "sha256": shot.sha256, "media_type": shot.media_type, "bytes": shot.bytes}


def _shot_in(data: dict[str, Any] | None) -> Shot | None:
    return None if data is None else Shot(_time(data["at"]), data["sha256"], data["media_type"], data["bytes"])


def sights_in(facts: Mapping[str, Any]) -> tuple[Sight, ...]:
    """Return the bearings that a row's `facts` hold."""
    return tuple(_sight_in(data) for data in facts.get("sights", ()))


def _sight_out(sight: Sight) -> dict[str, Any]:
    return {**asdict(sight), "at": sight.at.isoformat()}


def _sight_in(data: dict[str, Any]) -> Sight:
    own = data["ellipse"]
    return Sight(**{**data, "at": _time(data["at"]), "ellipse": own and Ellipse(**own)})

"""Incidents, nodes and cameras as the API and the live stream show them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa

from central import danger
from central.crossing import locate
from central.gaps import Gaps
from central.sights import shown_fix, shown_sight
from central.store.incident_rows import sights_in
from central.store.tables import cameras, evidence, nodes, sequences
from central.store.tables import incidents as table
from central.vision import UNSEEN, vision

A_DAY: Final = timedelta(days=1)
_WITH_CAMERA = table.outerjoin(
    cameras,
    sa.and_(
        cameras.c.site == table.c.site,
        cameras.c.node == table.c.node,
        cameras.c.camera == table.c.camera,
    ),
)


def select_incidents() -> sa.Select[Any]:
    """Every column of incidents, and what the camera is called."""
    return sa.select(
        table,
        cameras.c.name.label("camera_name"),
        cameras.c.area.label("camera_area"),
        cameras.c.position.label("camera_position"),
    ).select_from(_WITH_CAMERA)


def incidents_by_id(connection: sa.Connection, ids: Sequence[str], areas: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the summaries of these incidents, in the order of their changes."""
    query = select_incidents().where(table.c.id.in_(ids)).order_by(table.c.changed)
    return incidents(connection, query, areas) if ids else []


def incidents(connection: sa.Connection, query: sa.Select[Any], areas: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the summaries of what `query` (made from `select_incidents`) finds."""
    found = [incident(row, areas) for row in connection.execute(query).mappings()]
    here = stored_evidence(connection, [i[role] for i in found for role in ("picture", "clip") if i[role]])
    for one in found:
        one["evidence_stored"] = [role for role in ("picture", "clip") if one[role] in here]
    _add_danger(connection, found)
    return found


def _add_danger(connection: sa.Connection, found: Sequence[dict[str, Any]]) -> None:
    """Say beside each wildfire which danger its commune was in on the day it began."""
    asked = {
        one["id"]: (one["area"], danger.province_day(datetime.fromisoformat(one["started_at"])))
        for one in found
        if one["category"] == "wildfire" and one["area"]
    }
    levels = danger.on_days(connection, asked.values())
    for one in found:
        one["fire_danger"] = levels.get(asked[one["id"]]) if one["id"] in asked else None


def area_is(area: str) -> sa.ColumnElement[bool]:
    """Match the area that the event named, or else the camera's."""
    return sa.func.coalesce(table.c.area, cameras.c.area) == area


def mentions(text: str) -> sa.ColumnElement[bool]:
    """Match what an operator types: an incident's number, or a part of a name."""
    pattern = "%" + text.lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    columns = (table.c.camera, table.c.node, table.c.kind, table.c.area, table.c.assignee, cameras.c.name)
    found: list[sa.ColumnElement[bool]] = [sa.func.lower(column).like(pattern, escape="\\") for column in columns]
    if text.isdecimal() and len(text) < 18:
        found.append(table.c.number == int(text))
    return sa.or_(*found)


def incident(row: Mapping[Any, Any], areas: Mapping[str, str]) -> dict[str, Any]:
    """Return one incident's summary: what a card in the queue shows."""
    facts, area = row["facts"], row["area"] or row["camera_area"]
    sights = sights_in(facts)
    fix = locate(sights)
    return {
        "id": row["id"],
        "number": row["number"],
        "category": row["category"],
        "kind": row["kind"],
        "severity": row["severity"],
        "confidence": facts["confidence"],
        "condition": row["condition"],
        "state": row["handling"],
        "state_at": stamp(row["handled_at"]),
        "assignee": row["assignee"],
        "site": row["site"],
        "node": row["node"],
        "camera": row["camera"],
        "camera_name": row["camera_name"] or facts["detail"].get("camera_name") or row["camera"],
        "zone": facts["zone"],
        "line": facts["line"],
        "area": area,
        "area_name": areas.get(area) if area else None,
        "position": facts["position"] or row["camera_position"],
        "fix": shown_fix(fix),
        "sights": [shown_sight(sight, fix) for sight in sights],
        "labels": facts["labels"],
        "detail": facts["detail"],
        "started_at": stamp(row["started_at"]),
        "last_at": stamp(row["last_at"]),
        "ended_at": stamp(row["ended_at"]),
        "opened_at": stamp(row["opened_at"]),
        "episodes": len(facts["episodes"]),
        "event_count": row["event_count"],
        "picture": facts["picture"] and facts["picture"]["sha256"],
        "clip": facts["clip"] and facts["clip"]["sha256"],
        "version": row["version"],
        "changed": row["changed"],
        "merged_into": row["merged_into"],
    }


def stamp(at: datetime | None) -> str | None:
    """Return RFC 3339 in UTC."""
    return None if at is None else at.isoformat().replace("+00:00", "Z")


def event(row: Mapping[Any, Any]) -> dict[str, Any]:
    """Return one event: where it came from, when it was stored, and the CloudEvent as it came."""
    return {
        "cursor": row["cursor"],
        "id": row["id"],
        "site": row["site"],
        "node": row["node"],
        "camera": row["camera"],
        "boot_id": row["boot_id"],
        "seq": row["seq"],
        "stored_at": stamp(row["stored_at"]),
        "incident": row["incident_id"],
        "event": row["body"],
    }


def shot(row: Mapping[Any, Any], stored: bool) -> dict[str, Any]:
    """Return one piece of evidence; `stored` says whether it has arrived."""
    return {
        "role": row["role"],
        "sha256": row["sha256"],
        "media_type": row["media_type"],
        "bytes": row["bytes"],
        "at": stamp(row["at"]),
        "event_id": row["event_id"],
        "stored": stored,
    }


def note(row: Mapping[Any, Any]) -> dict[str, Any]:
    """Return one line of an incident's history."""
    return {"at": stamp(row["at"]), "who": row["who"], "action": row["action"], **row["detail"]}


def stored_evidence(connection: sa.Connection, hashes: Sequence[str]) -> set[str]:
    """Return which of these pictures and clips have arrived."""
    if not hashes:
        return set()
    return set(connection.execute(sa.select(evidence.c.sha256).where(evidence.c.sha256.in_(hashes))).scalars())


def all_nodes(connection: sa.Connection) -> list[dict[str, Any]]:
    """Return every node with its state, health and what never came of what it sent."""
    missing: dict[tuple[str, str], int] = {}
    for row in connection.execute(sa.select(sequences)).mappings():
        place = (row["site"], row["node"])
        missing[place] = missing.get(place, 0) + row["missing_count"]
    rows = connection.execute(sa.select(nodes).order_by(nodes.c.site, nodes.c.node)).mappings()
    return [node(row, missing.get((row["site"], row["node"]), 0)) for row in rows]


def node(row: Mapping[Any, Any], missing: int) -> dict[str, Any]:
    return {
        "site": row["site"],
        "node": row["node"],
        "state": row["state"],
        "since": stamp(row["since"]),
        "heard_at": stamp(row["heard_at"]),
        "boot_id": row["boot_id"],
        "version": row["version"],
        "missing_events": missing,
        "health": row["health"],
    }


def all_cameras(connection: sa.Connection, areas: Mapping[str, str], now: datetime) -> list[dict[str, Any]]:
    """Return every camera with its latest health, the state of its node, and how many alarms it raised in a day."""
    query = (
        sa.select(cameras, nodes.c.state.label("node_state"))
        .select_from(cameras.join(nodes, sa.and_(nodes.c.site == cameras.c.site, nodes.c.node == cameras.c.node)))
        .order_by(cameras.c.site, cameras.c.node, cameras.c.camera)
    )
    alarms = _alarms(connection, now - A_DAY)
    return [
        {**camera(row, areas), "alarms_24h": alarms.get((row["site"], row["node"], row["camera"]), 0)}
        for row in connection.execute(query).mappings()
    ]


def _alarms(connection: sa.Connection, since: datetime) -> dict[tuple[str, str, str], int]:
    """Return how many incidents that called somebody each camera has opened since then."""
    query = (
        sa.select(table.c.site, table.c.node, table.c.camera, sa.func.count())
        .where(table.c.last_at >= since, table.c.started_at >= since)
        .where(table.c.severity != "info", table.c.camera.is_not(None), table.c.merged_into.is_(None))
        .group_by(table.c.site, table.c.node, table.c.camera)
    )
    return {(site, node, camera): count for site, node, camera, count in connection.execute(query)}


def camera(row: Mapping[Any, Any], areas: Mapping[str, str]) -> dict[str, Any]:
    health = row["health"] or {}
    return {
        "site": row["site"],
        "node": row["node"],
        "camera": row["camera"],
        "name": row["name"],
        "area": row["area"],
        "area_name": areas.get(row["area"]) if row["area"] else None,
        "position": row["position"],
        "state": health.get("state", "unknown") if row["node_state"] == "online" else "unknown",
        "node_state": row["node_state"],
        "heard_at": stamp(row["heard_at"]),
        "health": {key: value for key, value in health.items() if key != UNSEEN},
        "vision": vision(health, online=row["node_state"] == "online"),
    }


def gaps_of(row: Mapping[Any, Any]) -> Gaps:
    return Gaps(row["highest"], tuple((first, last) for first, last in row["missing"]))

"""Which nodes and cameras are there: from births, deaths and health."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import sqlalchemy as sa

from central import views
from central.incidents import Incident, node_of
from central.store.incident_rows import active_of_node
from central.store.tables import cameras, nodes, sequences
from central.vision import UNSEEN, unseen
from mqtt.event import Event, EventData, uuid7
from mqtt.kinds import event_type
from mqtt.topics import NodeTopics
from mqtt.wire import CameraHealth, Health, Status

CENTRAL_BOOT = "central"  # events that central tells about a node carry no sequence of that node


@dataclass(frozen=True, slots=True)
class Boot:
    boot_id: str
    since: datetime


@dataclass(frozen=True, slots=True)
class StatusChange:
    new_boot: bool = False
    returned_from: datetime | None = None  # start of the reported absence that is over now


def heard_status(db: sa.Connection, node: NodeTopics, status: Status, now: datetime, *, retained: bool) -> StatusChange:
    """Take in a birth or a death."""
    row = db.execute(sa.select(nodes).where(_is(nodes, node))).mappings().first()
    since = status.at if status.state == "online" else now
    values: dict[str, Any] = {"state": status.state, "boot_id": status.boot_id, "version": status.version}
    if row is None:
        db.execute(
            sa.insert(nodes).values(
                site=node.site, node=node.node, since=since, heard_at=_heard(status, now, retained), **values
            )
        )
        return StatusChange(new_boot=status.state == "online")
    if status.state == "offline" and row["state"] == "online" and row["boot_id"] != status.boot_id:
        return StatusChange()  # the will of an earlier life, which came late
    if row["state"] != status.state or row["boot_id"] != status.boot_id:
        values["since"] = since
    if not retained:
        values["heard_at"] = now
    returned_from = row["reported_at"] if status.state == "online" else None
    if returned_from is not None:
        values["reported_at"] = None
    db.execute(sa.update(nodes).where(_is(nodes, node)).values(**values))
    return StatusChange(status.state == "online" and row["boot_id"] != status.boot_id, returned_from)


def _heard(status: Status, now: datetime, retained: bool) -> datetime:
    return min(status.at, now) if retained else now


def heard_health(db: sa.Connection, node: NodeTopics, health: Health, now: datetime) -> StatusChange:
    """Take in a node's health. It may overtake the birth that was sent before it, and then stands for that."""
    row = db.execute(sa.select(nodes).where(_is(nodes, node))).mappings().first()
    body = json.loads(health.model_dump_json(exclude={"cameras"}))
    began_at = health.at - timedelta(seconds=max(0.0, health.uptime_s))
    values: dict[str, Any] = {"heard_at": now, "health": body, "boot_id": health.boot_id, "version": health.version}
    change = StatusChange()
    if row is None:
        values |= {"state": "online", "since": began_at}
        db.execute(sa.insert(nodes).values(site=node.site, node=node.node, **values))
    else:
        change = StatusChange(row["boot_id"] != health.boot_id, row["reported_at"])
        if change.new_boot:
            values["since"] = began_at
        if row["state"] != "online":
            values |= {"state": "online", "since": began_at if change.new_boot else now, "reported_at": None}
        db.execute(sa.update(nodes).where(_is(nodes, node)).values(**values))
    _keep_cameras(db, node, health.cameras, now)
    return change


def _keep_cameras(db: sa.Connection, node: NodeTopics, healths: Mapping[str, CameraHealth], now: datetime) -> None:
    rows = db.execute(sa.select(cameras.c.camera, cameras.c.health).where(_is(cameras, node)))
    known: dict[str, Any] = {row.camera: row.health for row in rows}
    for camera, health in healths.items():
        plain = json.loads(health.model_dump_json())  # no infinities: screens could not read them
        values = {
            "name": health.name or camera,
            "area": health.area,
            "heard_at": now,
            "position": plain.pop("position"),
            "health": {key: value for key, value in plain.items() if key not in {"name", "area"}}
            | {UNSEEN: unseen(plain, known.get(camera), now)},
        }
        if camera in known:
            place = sa.and_(_is(cameras, node), cameras.c.camera == camera)
            db.execute(sa.update(cameras).where(place).values(**values))
        else:
            db.execute(sa.insert(cameras).values(site=node.site, node=node.node, camera=camera, **values))
    gone = known.keys() - healths.keys()
    if healths and gone:  # the installer took them out of the node's file
        db.execute(sa.delete(cameras).where(_is(cameras, node), cameras.c.camera.in_(sorted(gone))))


def present_boots(db: sa.Connection, wanted: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Boot]:
    """Return the running boot of each node (site, node) that is known."""
    wanted = set(wanted)
    rows = db.execute(
        sa.select(nodes.c.site, nodes.c.node, nodes.c.boot_id, nodes.c.since).where(
            nodes.c.node.in_({node for _, node in wanted}), nodes.c.state == "online"
        )
    )
    return {
        (site, node): Boot(boot_id, since) for site, node, boot_id, since in rows if boot_id and (site, node) in wanted
    }


def watched_by_an_earlier_boot(db: sa.Connection, node: NodeTopics, boot_id: str) -> list[Incident]:
    """Return active incidents in which an episode of another boot of this node is open."""
    here = f"{node.site}/{node.node}"
    return [
        incident
        for incident in active_of_node(db, node.site, node.node)
        if any(
            episode.ended_at is None
            and episode.boot_id not in {boot_id, CENTRAL_BOOT}
            and node_of(incident, episode) == here
            for episode in incident.episodes
        )
    ]


def node_event(node: NodeTopics, phase: Literal["start", "end"], since: datetime, now: datetime) -> Event:
    """Return the event by which central says that a node fell silent at `since`, or is back."""
    return Event(
        id=uuid7(now),
        source=f"/{node.site}/{node.node}",
        type=event_type("node", "offline"),
        time=now,
        subject=f"{node.node}/offline",
        data=EventData(
            phase=phase,
            severity="high",
            confidence=1.0,
            started_at=since,
            ended_at=now if phase == "end" else None,
            boot_id=CENTRAL_BOOT,
            seq=1,
            captured_at=now,
            published_at=now,
            clock_synced=True,
        ),
    )


def silent_nodes(db: sa.Connection, *, offline_before: datetime, silent_before: datetime) -> list[NodeTopics]:
    """Return nodes that died before the one time, or were last heard before the other, and were not reported yet."""
    died = sa.and_(nodes.c.state == "offline", nodes.c.since <= offline_before)
    silent = sa.and_(nodes.c.state == "online", nodes.c.heard_at <= silent_before)
    rows = db.execute(sa.select(nodes.c.site, nodes.c.node).where(nodes.c.reported_at.is_(None), sa.or_(died, silent)))
    return [NodeTopics(site, node) for site, node in rows]


def report(db: sa.Connection, node: NodeTopics) -> datetime | None:
    """Remember that the absence of `node` is an incident now.

    Return since when it is away, or None when that has been reported already, by another aggregator for one.
    """
    row = db.execute(sa.select(nodes).where(_is(nodes, node))).mappings().first()
    if row is None or row["reported_at"] is not None:
        return None
    since: datetime = row["since"] if row["state"] == "offline" else row["heard_at"]
    db.execute(sa.update(nodes).where(_is(nodes, node)).values(state="offline", since=since, reported_at=since))
    return since


def shown(db: sa.Connection, changed: Iterable[NodeTopics], areas: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return these nodes as the API shows them, each with its cameras."""
    found = []
    for node in sorted(changed, key=lambda n: (n.site, n.node)):
        row = db.execute(sa.select(nodes).where(_is(nodes, node))).mappings().first()
        if row is None:
            continue
        missing = db.execute(sa.select(sa.func.sum(sequences.c.missing_count)).where(_is(sequences, node))).scalar()
        query = sa.select(cameras, sa.literal(row["state"]).label("node_state")).where(_is(cameras, node))
        rows = db.execute(query.order_by(cameras.c.camera)).mappings()
        found.append({**views.node(row, int(missing or 0)), "cameras": [views.camera(r, areas) for r in rows]})
    return found


def _is(table: sa.Table, node: NodeTopics) -> sa.ColumnElement[bool]:
    return sa.and_(table.c.site == node.site, table.c.node == node.node)

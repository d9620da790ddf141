"""Operators' verdicts and removals, out of the database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from central.nuisance import MEMORY, Box, Removal, Verdict
from central.store.tables import audit, events, incidents, nuisance_removals
from mqtt.topics import NodeTopics

MOST_VERDICTS: Final = 5_000  # the newest; more in a month is a camera to be looked at by an installer
JUDGED: Final = {"false_alarm": True, "resolved": False}


def verdicts(db: sa.Connection, now: datetime) -> list[Verdict]:
    """Return what operators made of the incidents of the last weeks that name a place in the picture."""
    query = (
        sa.select(incidents, events.c.body)
        .join(events, events.c.incident_id == incidents.c.id)
        .where(
            incidents.c.handling.in_(JUDGED), incidents.c.handled_at >= now - MEMORY, incidents.c.camera.is_not(None),
            incidents.c.category != "camera", incidents.c.merged_into.is_(None), events.c.phase == "start",
        )
        .order_by(incidents.c.handled_at.desc(), events.c.cursor)
        .limit(MOST_VERDICTS)
    )  # fmt: skip
    first: dict[str, Verdict] = {}
    for row in db.execute(query).mappings():
        box = _box(row["body"]["data"].get("objects", ()))
        if box is not None and row["id"] not in first:
            first[row["id"]] = _verdict(row, box)
    return list(first.values())


def removals(db: sa.Connection, now: datetime) -> list[Removal]:
    """Return the areas that operators have removed, as long as verdicts from before are remembered."""
    rows = db.execute(sa.select(nuisance_removals).where(nuisance_removals.c.at >= now - MEMORY)).mappings()
    return [Removal(NodeTopics(r["site"], r["node"]), r["camera"], r["kind"], _four(r["box"]), r["at"]) for r in rows]


def remove(db: sa.Connection, removal: Removal, who: str) -> None:
    """Remember that an area was no nuisance, and who said so."""
    where = {"site": removal.node.site, "node": removal.node.node, "camera": removal.camera, "kind": removal.kind}
    db.execute(sa.insert(nuisance_removals).values(**where, box=list(removal.box), at=removal.at, who=who))


def latest_step(db: sa.Connection) -> tuple[int, int]:
    """Return a mark that changes with every verdict and every removal."""
    steps = db.execute(sa.select(sa.func.max(audit.c.cursor))).scalar() or 0
    return int(steps), int(db.execute(sa.select(sa.func.count()).select_from(nuisance_removals)).scalar() or 0)


def _verdict(row: Mapping[Any, Any], box: Box) -> Verdict:
    node = NodeTopics(row["site"], row["node"])
    return Verdict(
        row["id"], node, row["camera"], row["kind"], row["severity"], box, row["started_at"], row["handled_at"],
        JUDGED[row["handling"]],
    )  # fmt: skip


def _box(objects: Sequence[Mapping[str, Any]]) -> Box | None:
    """Return the box around all that the event names."""
    boxes = [thing["box"] for thing in objects]
    if not boxes:
        return None
    low, high = [min(b[i] for b in boxes) for i in (0, 1)], [max(b[i] for b in boxes) for i in (2, 3)]
    return _four([*low, *high])


def _four(box: Sequence[float]) -> Box:
    x0, y0, x1, y1 = (float(v) for v in box)
    return x0, y0, x1, y1

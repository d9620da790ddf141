"""The queue, one incident, and what operators do with it."""

from __future__ import annotations

from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from central import views
from central.accounts import Identity, note
from central.actions import Action, NotNow, act, allowed
from central.api import shapes
from central.api.house import House, HouseDep, Operator, Reader
from central.api.problems import Problem
from central.inbox import now_utc
from central.incidents import Incident
from central.store.incident_rows import by_id, from_row, latest_change, update
from central.store.tables import audit, events, evidence_of, incidents

router = APIRouter(prefix="/api/v1/incidents", tags=["incidents"])

OPEN_STATES = ("new", "acknowledged", "in_progress")
STATES = (*OPEN_STATES, "resolved", "closed", "false_alarm")
MOST_EVENTS = 500  # of one incident on its page
IncidentId = Annotated[str, Path(max_length=36)]


class Act(BaseModel):
    """What an operator does. `version` is the incident's when they looked."""

    model_config = ConfigDict(extra="forbid")
    do: Action
    version: int = Field(ge=1)
    reason: str | None = Field(default=None, max_length=500, description="required for a false alarm")
    comment: str | None = Field(default=None, max_length=2000)
    assignee: str | None = Field(default=None, max_length=64, description="who handles it; oneself when left out")


@router.get("", response_model=shapes.Queue)
def list_incidents(
    house: HouseDep,
    _who: Reader,
    state: Annotated[str | None, Query(max_length=200, description="states with commas, or `open`")] = None,
    category: Annotated[str | None, Query(max_length=200)] = None,
    severity: Annotated[str | None, Query(max_length=200)] = None,
    area: Annotated[str | None, Query(max_length=200)] = None,
    q: Annotated[str | None, Query(max_length=200, description="number, camera, zone or kind")] = None,
    after: Annotated[int | None, Query(ge=0, le=2**62, description="`next` of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> dict[str, Any]:
    """Incidents, newest first. `cursor` is where `/api/v1/stream` goes on from this view."""
    query = views.select_incidents().where(incidents.c.merged_into.is_(None))
    for column, wanted in (
        (incidents.c.handling, _states(state)),
        (incidents.c.category, _words(category)),
        (incidents.c.severity, _words(severity)),
    ):
        if wanted:
            query = query.where(column.in_(wanted))
    if area:
        query = query.where(views.area_is(area))
    if q and q.strip():
        query = query.where(views.mentions(q.strip()))
    if after is not None:
        query = query.where(incidents.c.number < after)
    with house.store.read() as db:
        cursor = latest_change(db)
        found = views.incidents(db, query.order_by(incidents.c.number.desc()).limit(limit + 1), house.config.areas)
    page = found[:limit]
    return {
        "incidents": page,
        "next": page[-1]["number"] if len(found) > limit else None,
        "cursor": cursor,
    }


@router.get("/{incident_id}", response_model=shapes.IncidentWhole)
def one_incident(incident_id: IncidentId, house: HouseDep, _who: Reader) -> dict[str, Any]:
    """One incident with its events, evidence and history."""
    with house.store.read() as db:
        return whole_of(db, incident_id, house)


@router.post("/{incident_id}/actions", response_model=shapes.IncidentWhole)
def act_on_incident(incident_id: IncidentId, wish: Act, house: HouseDep, who: Operator) -> dict[str, Any]:
    """Do something with an incident; 409 when it has changed since the operator looked."""
    _check(wish)
    with house.store.write() as db:
        row = by_id(db, incident_id)
        if row is None or row["merged_into"]:
            raise Problem(404, "there is no such incident", merged_into=row and row["merged_into"])
        if row["version"] != wish.version:
            raise stale(db, row, incident_id)
        before = from_row(row)
        after = _after(before, wish, who)
        update(db, after, new_version=True)
        note(db, who.name, wish.do, _told(before, after, wish), incident_id=incident_id)
        shown = views.incidents_by_id(db, [incident_id], house.config.areas)
        whole = whole_of(db, incident_id, house)
    house.hub.tell([{"type": "incident", "cursor": i["changed"], "incident": i} for i in shown])
    return whole


def _check(wish: Act) -> None:
    if wish.do == "false_alarm" and not (wish.reason or "").strip():
        raise Problem(422, "a false alarm needs a reason: it teaches the system", field="reason")
    if wish.do == "comment" and not (wish.comment or "").strip():
        raise Problem(422, "a comment needs a text", field="comment")


def _after(before: Incident, wish: Act, who: Identity) -> Incident:
    try:
        return act(before, wish.do, who.name, now_utc(), assignee=wish.assignee)
    except NotNow as error:
        raise Problem(409, str(error), type_="/problems/not-now", state=before.handling) from error


def stale(db: sa.Connection, row: sa.RowMapping, incident_id: str) -> Problem:
    last = db.execute(
        sa.select(audit.c.who, audit.c.at, audit.c.action)
        .where(audit.c.incident_id == incident_id)
        .order_by(audit.c.cursor.desc())
        .limit(1)
    ).first()
    return Problem(
        409,
        "the incident has changed since you looked",
        type_="/problems/stale",
        version=row["version"],
        state=row["handling"],
        changed_by=last.who if last else "system",
        changed_at=views.stamp(last.at) if last else None,
        action=last.action if last else None,
    )


def _told(before: Incident, after: Incident, wish: Act) -> dict[str, Any]:
    detail: dict[str, Any] = {"from": before.handling, "to": after.handling}
    if after.assignee != before.assignee:
        detail["assignee"] = after.assignee
    for name in ("reason", "comment"):
        text = (getattr(wish, name) or "").strip()
        if text:
            detail[name] = text
    return detail


def whole_of(db: sa.Connection, incident_id: str, house: House) -> dict[str, Any]:
    found = views.incidents_by_id(db, [incident_id], house.config.areas)
    if not found:
        raise Problem(404, "there is no such incident")
    told = (
        sa.select(events)
        .where(events.c.incident_id == incident_id)
        .order_by(events.c.time.desc(), events.c.cursor.desc())
        .limit(MOST_EVENTS)
    )
    proofs = sa.select(evidence_of).where(evidence_of.c.incident_id == incident_id).order_by(evidence_of.c.at)
    notes = sa.select(audit).where(audit.c.incident_id == incident_id).order_by(audit.c.cursor)
    shots = list(db.execute(proofs).mappings())
    here = views.stored_evidence(db, [shot["sha256"] for shot in shots])
    return {
        **found[0],
        "allowed": allowed(found[0]["state"]),
        "events": [views.event(row) for row in db.execute(told).mappings()],
        "evidence": [views.shot(shot, shot["sha256"] in here) for shot in shots],
        "history": [views.note(row) for row in db.execute(notes).mappings()],
    }


def _states(text: str | None) -> list[str]:
    wanted = _words(text)
    if unknown := set(wanted) - {*STATES, "open"}:
        raise Problem(422, f"there is no state {sorted(unknown)[0]!r}", states=[*STATES, "open"])
    return [s for word in wanted for s in (OPEN_STATES if word == "open" else (word,))]


def _words(text: str | None) -> list[str]:
    return [word.strip() for word in (text or "").split(",") if word.strip()]

"""Every event in the order of its storage, for systems that follow along."""

from __future__ import annotations

from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Query

from central import views
from central.api import shapes
from central.api.house import HouseDep, Reader
from central.store.tables import events

router = APIRouter(prefix="/api/v1/events", tags=["events"])


@router.get("", response_model=shapes.EventPage)
def list_events(
    house: HouseDep,
    _who: Reader,
    after: Annotated[int, Query(ge=0, le=2**62, description="`next` of the page before")] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> dict[str, Any]:
    """Events after a cursor. `next` is where to go on, also when there is nothing new yet."""
    query = sa.select(events).where(events.c.cursor > after).order_by(events.c.cursor).limit(limit)
    with house.store.read() as db:
        rows = list(db.execute(query).mappings())
    return {"events": [views.event(row) for row in rows], "next": rows[-1]["cursor"] if rows else after}

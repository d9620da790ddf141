"""Part a fire that central has united from several cameras by mistake."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from central import views
from central.accounts import note
from central.api import shapes
from central.api.house import HouseDep, Operator
from central.api.incidents import IncidentId, stale, whole_of
from central.api.problems import Problem
from central.parting import CannotPart, take_out
from central.store.incident_rows import by_id, from_row

router = APIRouter(prefix="/api/v1/incidents", tags=["incidents"])


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid")
    camera: str = Field(max_length=200, description="site/node/camera whose events are another fire")
    version: int = Field(ge=1, description="the incident's when the operator looked")


@router.post("/{incident_id}/part", response_model=shapes.IncidentWhole)
def part_incident(incident_id: IncidentId, wish: Part, house: HouseDep, who: Operator) -> dict[str, Any]:
    """Take one camera's events out into the incident that they came from. The two are not united again."""
    with house.store.write() as db:
        row = by_id(db, incident_id)
        if row is None or row["merged_into"]:
            raise Problem(404, "there is no such incident", merged_into=row and row["merged_into"])
        if row["version"] != wish.version:
            raise stale(db, row, incident_id)
        try:
            home, other = take_out(db, from_row(row), wish.camera)
        except CannotPart as error:
            raise Problem(409, str(error), type_="/problems/not-now", state=row["handling"]) from error
        for id_ in (home.id, other.id):
            note(db, who.name, "part", {"camera": wish.camera.rpartition("/")[2]}, incident_id=id_)
        shown = views.incidents_by_id(db, [home.id, other.id], house.config.areas)
        whole = whole_of(db, incident_id, house)
    house.hub.tell([{"type": "incident", "cursor": i["changed"], "incident": i} for i in shown])
    return whole

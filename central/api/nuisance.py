"""What operators' verdicts have taught: the nuisance areas, to be reviewed and removed."""

from __future__ import annotations

from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Path

from central import views
from central.accounts import note
from central.api import shapes
from central.api.house import HouseDep, Operator, Reader
from central.api.problems import Problem
from central.inbox import now_utc
from central.nuisance import Learned, Removal
from central.store.nuisance_rows import remove
from central.store.tables import cameras
from central.teacher import areas_now

router = APIRouter(prefix="/api/v1/nuisance", tags=["nuisance"])


@router.get("", response_model=shapes.Nuisances)
def list_nuisance(house: HouseDep, _who: Reader) -> dict[str, Any]:
    """Every area in which a camera's alarms of one kind are told with a low voice, most verdicts first."""
    with house.store.read() as db:
        names = {(r.site, r.node, r.camera): r.name for r in db.execute(sa.select(cameras))}
        return {"areas": [_shown(one, names) for one in areas_now(db, now_utc())]}


@router.delete("/{area_id}", status_code=204)
def remove_nuisance(area_id: Annotated[str, Path(max_length=64)], house: HouseDep, who: Operator) -> None:
    """Let the camera speak up there again; the verdicts so far count no more."""
    now = now_utc()
    with house.store.write() as db:
        found = next((one for one in areas_now(db, now) if one.area.id == area_id), None)
        if found is None:
            raise Problem(404, "there is no such area, or it has expired")
        area = found.area
        remove(db, Removal(found.node, area.camera, area.kind, area.box, now), who.name)
        note(db, who.name, "nuisance_removed", {"camera": area.camera, "kind": area.kind, "area": area.id})


def _shown(one: Learned, names: dict[tuple[str, str, str], str]) -> dict[str, Any]:
    area = one.area
    return {
        "id": area.id,
        "site": one.node.site,
        "node": one.node.node,
        "camera": area.camera,
        "camera_name": names.get((one.node.site, one.node.node, area.camera), area.camera),
        "kind": area.kind,
        "box": area.box,
        "from_min": area.from_min,
        "to_min": area.to_min,
        "verdicts": area.verdicts,
        "incidents": one.incidents,
        "last_at": views.stamp(one.last_at),
        "expires_at": views.stamp(area.expires_at),
    }

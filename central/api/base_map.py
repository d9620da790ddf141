"""The province's own map, for the console."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from central.api import shapes
from central.api.house import HouseDep, Reader
from central.base_map import read_base_map

router = APIRouter(prefix="/api/v1/map", tags=["map"])


@router.get("", response_model=shapes.BaseMap)
def base_map(house: HouseDep, _who: Reader) -> dict[str, Any]:
    """The base layer that central's file names; none by default. Nothing of the map comes from the internet."""
    settings = house.config.map
    return {"area_key": settings.area_key, "name_key": settings.name_key, "base": read_base_map(settings.file)}

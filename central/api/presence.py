"""Nodes and cameras: state and health."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from central import views
from central.api import shapes
from central.api.house import HouseDep, Reader
from central.inbox import now_utc

router = APIRouter(prefix="/api/v1", tags=["presence"])


@router.get("/nodes", response_model=shapes.Nodes)
def list_nodes(house: HouseDep, _who: Reader) -> dict[str, Any]:
    """Every node with its state, its health, and how many events it numbered that never came."""
    with house.store.read() as db:
        return {"nodes": views.all_nodes(db)}


@router.get("/cameras", response_model=shapes.Cameras)
def list_cameras(house: HouseDep, _who: Reader) -> dict[str, Any]:
    """Every camera with its latest health."""
    with house.store.read() as db:
        return {"cameras": views.all_cameras(db, house.config.areas, now_utc())}

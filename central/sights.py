"""What an event says about where its fire is, taken in with care: it came from outside. Pure."""

from __future__ import annotations

import math
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from central.crossing import Fix, Sight
from common.geodesy import Ellipse
from mqtt.event import Event

KINDS: Final = frozenset({"smoke", "flame"})
MOST_SIGHTS: Final = 24  # of one incident; the oldest are forgotten

_Lat = Annotated[float, Field(ge=-90, le=90)]
_Lon = Annotated[float, Field(ge=-180, le=180)]
_Metres = Annotated[float, Field(ge=0, le=1e6)]


class _Ellipse(BaseModel):
    model_config = ConfigDict(extra="ignore")
    lat: _Lat
    lon: _Lon
    major_m: _Metres
    minor_m: _Metres
    azimuth_deg: float = Field(ge=0, le=360)


class _Bearing(BaseModel):
    model_config = ConfigDict(extra="ignore")
    lat: _Lat
    lon: _Lon
    azimuth_deg: float = Field(ge=0, lt=360)
    error_deg: float = Field(gt=0, le=180)
    range_m: tuple[_Metres, _Metres]


def sight_of(event: Event) -> Sight | None:
    """Return the bearing that a fire's event carries; None where there is none, or it is void or no bearing at all."""
    detail = event.data.detail
    if event.category != "wildfire" or event.camera is None or "bearing" not in detail:
        return None
    try:
        bearing = _Bearing.model_validate(detail["bearing"])
        own = _Ellipse.model_validate(detail["ellipse"]) if "ellipse" in detail else None
    except ValidationError:
        return None
    return Sight(
        camera=event.source[1:],
        cause=str(detail.get("cause", ""))[:200],
        at=event.time,
        lat=bearing.lat,
        lon=bearing.lon,
        azimuth_deg=bearing.azimuth_deg,
        error_deg=bearing.error_deg,
        far_m=bearing.range_m[1],
        ellipse=None if own is None else Ellipse(**own.model_dump()),
    )


def joined(some: tuple[Sight, ...], more: tuple[Sight, ...]) -> tuple[Sight, ...]:
    """Return the latest sight of each cause of each camera: commutative and idempotent."""
    latest: dict[tuple[str, str], Sight] = {}
    for sight in sorted((*some, *more), key=_order):
        latest[sight.camera, sight.cause] = sight
    return tuple(sorted(latest.values(), key=_order)[-MOST_SIGHTS:])


def shown_fix(fix: Fix | None) -> dict[str, Any] | None:
    """Return a place as the API shows it."""
    if fix is None:
        return None
    area = fix.ellipse
    return {
        "lat": round(area.lat, 6), "lon": round(area.lon, 6), "major_m": math.ceil(area.major_m),
        "minor_m": math.ceil(area.minor_m), "azimuth_deg": round(area.azimuth_deg, 1), "by": fix.by,
        "cameras": sorted({sight.camera for sight in fix.sights}),
    }  # fmt: skip


def shown_sight(sight: Sight, fix: Fix | None) -> dict[str, Any]:
    """Return a bearing as the API shows it; `agrees` says whether the place rests on it."""
    return {
        "camera": sight.camera, "at": sight.at.isoformat().replace("+00:00", "Z"), "lat": sight.lat, "lon": sight.lon,
        "azimuth_deg": sight.azimuth_deg, "error_deg": sight.error_deg, "far_m": sight.far_m,
        "agrees": fix is not None and sight in fix.sights,
    }  # fmt: skip


def _order(sight: Sight) -> tuple[Any, ...]:
    return (sight.at, sight.camera, sight.cause, sight.azimuth_deg, sight.error_deg, sight.far_m)

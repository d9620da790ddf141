"""The forest-fire danger of the communes, and the weather that it follows from."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query

from central import danger
from central.api import shapes
from central.api.house import HouseDep, Reader, WeatherTeller
from central.inbox import now_utc
from mqtt.wire import WeatherReport

router = APIRouter(prefix="/api/v1", tags=["fire danger"])


@router.get("/fire-danger", response_model=shapes.FireDanger)
def fire_danger(
    house: HouseDep,
    _who: Reader,
    on: Annotated[date | None, Query(description="the province's day; today when left out")] = None,
    area: Annotated[str | None, Query(max_length=10, description="one commune's code")] = None,
) -> dict[str, Any]:
    """The level of each commune on a day. It supports a warning; it is not the official bulletin."""
    settings, day = house.config.fire_danger, on or danger.province_day(now_utc())
    with house.store.read() as db:
        known = danger.with_borrowed(danger.latest(db, day), settings.weather_of)
    areas = house.config.areas
    levels = [{**found, "area": code, "area_name": areas.get(code)} for code, found in sorted(known.items())]
    table = settings.table()
    return {
        "date": day.isoformat(),
        "official": False,
        "limits": table.limits,
        "note": table.note,
        "levels": [level for level in levels if area in {None, level["area"]}],
    }


@router.post("/weather", status_code=204)
def tell_weather(report: WeatherReport, house: HouseDep, _who: WeatherTeller) -> None:
    """Take in days of weather: the same as over MQTT. A day told again is corrected."""
    with house.store.write() as db:
        danger.keep(db, report.days, house.config.fire_danger.table(), now_utc())

"""The forest-fire danger of each commune: its days of weather in the store, and the index that follows from them.

A day that is told again replaces what was told of it, and every later day's index follows. Days without weather add
nothing and are counted: the index may then be too low.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from central.store.tables import weather
from common.fire_danger import REAL_RAIN_MM, DangerTable, Weather, next_index
from mqtt.wire import WeatherDay

ZONE: Final = ZoneInfo("Asia/Ho_Chi_Minh")  # a day is the province's
FRESH: Final = timedelta(days=1)  # a level of yesterday holds until today's 13 o'clock has been told
_CHUNK: Final = 400


def keep(db: sa.Connection, days: Iterable[WeatherDay], table: DangerTable, now: datetime) -> None:
    """Store these days, and compute anew what follows from them."""
    by_area: dict[str, dict[date, WeatherDay]] = {}
    for day in days:
        by_area.setdefault(day.area, {})[day.date] = day
    for area, told in by_area.items():
        _keep_area(db, area, told, table, now)


def rate(db: sa.Connection, table: DangerTable) -> None:
    """Give every stored day its level by this table: the province may have changed it."""
    for level, above, upto in table.ranges():
        inside = sa.and_(weather.c.danger_index > above, weather.c.danger_index <= upto)
        db.execute(sa.update(weather).where(inside, weather.c.level != level).values(level=level))


def latest(db: sa.Connection, on: date) -> dict[str, dict[str, Any]]:
    """Return each commune's newest day up to `on`, as the API shows it; `stale` where it says nothing of that day."""
    newest = (
        sa.select(weather.c.area, sa.func.max(weather.c.day).label("day"))
        .where(weather.c.day <= on)
        .group_by(weather.c.area)
        .subquery()
    )
    same = sa.and_(weather.c.area == newest.c.area, weather.c.day == newest.c.day)
    rows = db.execute(sa.select(weather).join(newest, same).order_by(weather.c.area)).mappings()
    return {row["area"]: shown(row, on) for row in rows}


def on_days(db: sa.Connection, wanted: Iterable[tuple[str, date]]) -> dict[tuple[str, date], dict[str, Any]]:
    """Return what held in each commune on each day, where that is known."""
    asked = set(wanted)
    found: dict[tuple[str, date], dict[str, Any]] = {}
    areas = sorted({area for area, _ in asked})
    if not asked:
        return found
    first, last = min(day for _, day in asked), max(day for _, day in asked)
    rows: dict[tuple[str, date], Mapping[Any, Any]] = {}
    for start in range(0, len(areas), _CHUNK):
        within = sa.and_(weather.c.area.in_(areas[start : start + _CHUNK]), weather.c.day.between(first - FRESH, last))
        rows |= {(row["area"], row["day"]): row for row in db.execute(sa.select(weather).where(within)).mappings()}
    for area, day in asked:
        row = rows.get((area, day)) or rows.get((area, day - FRESH))
        if row is not None:
            found[area, day] = shown(row, day)
    return found


def shown(row: Mapping[Any, Any], on: date) -> dict[str, Any]:
    return {
        "area": row["area"],
        "date": row["day"].isoformat(),
        "level": row["level"],
        "index": round(row["danger_index"], 1),
        "missing_days": row["missing_days"],
        "stale": on - row["day"] > FRESH,
        "temperature_c": row["temperature_c"],
        "humidity": row["humidity"],
        "rain_mm": row["rain_mm"],
    }


def province_day(at: datetime) -> date:
    """Return the province's calendar day."""
    return at.astimezone(ZONE).date()


def with_borrowed(known: Mapping[str, Any], weather_of: Mapping[str, str]) -> dict[str, Any]:
    """Return what is known, with the communes that take another's weather."""
    return {**{area: known[other] for area, other in weather_of.items() if other in known}, **known}


def _keep_area(
    db: sa.Connection, area: str, told: Mapping[date, WeatherDay], table: DangerTable, now: datetime
) -> None:
    here = weather.c.area == area
    within = weather.c.day.between(min(told), max(told))
    known = {row["day"]: _day(row) for row in db.execute(sa.select(weather).where(here, within)).mappings()}
    news = {day: weather_ for day, weather_ in told.items() if known.get(day) != weather_}
    if not news:
        return  # a file is read again whole when one line is added to it
    first = min(news)
    before = db.execute(
        sa.select(weather).where(here, weather.c.day < first).order_by(weather.c.day.desc()).limit(1)
    ).mappings().first()  # fmt: skip
    later = db.execute(sa.select(weather).where(here, weather.c.day >= first)).mappings()
    days = {**{row["day"]: _day(row) for row in later}, **news}
    rows = _computed(before, [days[day] for day in sorted(days)], table, now)
    db.execute(sa.delete(weather).where(here, weather.c.day >= first))
    db.execute(sa.insert(weather), rows)


def _computed(
    before: Mapping[Any, Any] | None, days: Sequence[WeatherDay], table: DangerTable, now: datetime
) -> list[dict[str, Any]]:
    index, missing, last = (before["danger_index"], before["missing_days"], before["day"]) if before else (0.0, 0, None)
    rows = []
    for day in days:
        index = next_index(index, Weather(day.temperature_c, day.humidity, day.rain_mm))
        gap = 0 if last is None else (day.date - last).days - 1
        missing, last = (0 if day.rain_mm >= REAL_RAIN_MM else missing + gap), day.date
        rows.append({
            "area": day.area, "day": day.date, "temperature_c": day.temperature_c, "humidity": day.humidity,
            "rain_mm": day.rain_mm, "danger_index": index, "missing_days": missing, "level": table.level(index),
            "told_at": now,
        })  # fmt: skip
    return rows


def _day(row: Mapping[Any, Any]) -> WeatherDay:
    return WeatherDay(
        area=row["area"], date=row["day"], temperature_c=row["temperature_c"], humidity=row["humidity"],
        rain_mm=row["rain_mm"],
    )  # fmt: skip

"""Read a table of weather as a province's office writes it: date,area,temperature_c,humidity_percent,rain_mm. Pure."""

from __future__ import annotations

import csv
import io
from typing import Final

from pydantic import ValidationError

from common.config import ConfigError
from mqtt.wire import WeatherDay

COLUMNS: Final = ("date", "area", "temperature_c", "humidity_percent", "rain_mm")
MOST_ROWS: Final = 500_000  # a province's communes over ten years


def read_weather(text: str, name: str) -> list[WeatherDay]:
    """Return the days of a CSV text; raise ConfigError that names file, line and column of its mistakes."""
    table = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))
    missing = [column for column in COLUMNS if column not in (table.fieldnames or ())]
    if missing:
        raise ConfigError(f"{name}:1: the column {missing[0]!r} is missing; the first line must be {','.join(COLUMNS)}")
    days: list[WeatherDay] = []
    mistakes: list[str] = []
    for row in table:
        if len(days) >= MOST_ROWS:
            raise ConfigError(f"{name}:{table.line_num}: more than {MOST_ROWS} days: is this the right file?")
        try:
            days.append(_day(row))
        except (ValueError, TypeError) as error:
            mistakes.append(f"{name}:{table.line_num}: {_why(error)}")
    if mistakes:
        raise ConfigError("\n".join(mistakes[:20]))
    return days


def _day(row: dict[str, str]) -> WeatherDay:
    return WeatherDay.model_validate({
        "date": row["date"].strip(),
        "area": row["area"].strip(),
        "temperature_c": float(row["temperature_c"]),
        "humidity": float(row["humidity_percent"]) / 100,
        "rain_mm": float(row["rain_mm"]),
    })  # fmt: skip


def _why(error: Exception) -> str:
    if isinstance(error, ValidationError):
        problem = error.errors(include_url=False)[0]
        return f"{problem['loc'][0]}: {problem['msg']}"
    return str(error)

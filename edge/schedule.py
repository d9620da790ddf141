"""When a rule is on duty: days and hours in the site's own time, over midnight too."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

SITE_ZONE: Final = timezone(timedelta(hours=7), "Asia/Ho_Chi_Minh")  # no summer time there since 1975
Utc: TypeAlias = datetime  # an aware moment; rules are told it and ask no clock
Day: TypeAlias = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: Final[tuple[Day, ...]] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY_MINUTES: Final = 24 * 60


def _minutes(value: object) -> object:
    """Return minutes since midnight of "22:00". YAML reads an unquoted 22:00 as 1320, which is the same."""
    if isinstance(value, int) and not isinstance(value, bool) and 60 <= value <= DAY_MINUTES:
        return value
    parts = value.split(":") if isinstance(value, str) else []
    if len(parts) == 2 and all(part.isdigit() and len(part) <= 2 for part in parts):
        minutes = int(parts[0]) * 60 + int(parts[1])
        if int(parts[1]) < 60 and minutes <= DAY_MINUTES:
            return minutes
    raise ValueError(f"{value!r} is no time of day; write it as '22:00', in quotes")


Minutes: TypeAlias = Annotated[int, BeforeValidator(_minutes, json_schema_input_type=str)]


class Span(BaseModel):
    """Some hours of some days. One that ends before it begins goes on after midnight, and belongs to its first day."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)
    days: tuple[Day, ...] = Field(default=DAYS, min_length=1, description="on which days it begins: mon, tue, …")
    from_: Minutes = Field(alias="from", description="when it begins, such as '22:00', in the site's own time")
    to: Minutes = Field(description="when it ends; earlier than `from` is on the next day; '24:00' is midnight")

    @model_validator(mode="after")
    def _has_length(self) -> Span:
        if self.from_ == self.to:
            raise ValueError("it ends when it begins; for the whole day write from '00:00' to '24:00'")
        return self

    def covers(self, day: int, minute: float) -> bool:
        """Return whether it is on at `minute` (0 <= m < 1440) of the weekday `day` (0 is Monday)."""
        today, yesterday = DAYS[day] in self.days, DAYS[day - 1] in self.days
        if self.from_ < self.to:
            return today and self.from_ <= minute < self.to
        return (today and minute >= self.from_) or (yesterday and minute < self.to)


def is_on(schedule: Sequence[Span], at: datetime) -> bool:
    """Return whether a rule with this schedule is on duty at `at` (UTC, aware). An empty schedule is always on."""
    local = at.astimezone(SITE_ZONE)
    minute = local.hour * 60 + local.minute + local.second / 60
    return not schedule or any(span.covers(local.weekday(), minute) for span in schedule)

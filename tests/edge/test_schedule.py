"""When a rule is on duty, and what becomes of what it finds outside its hours."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from common.config import ConfigError, read_config
from edge.camera import make_watch
from edge.config import ViewSettings
from edge.duty import Duty
from edge.schedule import Span, is_on
from tests.edge.scenes import finding, frame, person


def span(**settings: Any) -> Span:
    return Span.model_validate(settings)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


NIGHT = (span(days=["fri"], **{"from": "22:00", "to": "05:00"}),)


@pytest.mark.parametrize(
    ("at", "on"),
    [
        ("2026-11-27T14:59", False),  # Friday 21:59 in Vietnam
        ("2026-11-27T15:00", True),
        ("2026-11-27T21:59", True),  # Saturday 04:59: the night belongs to Friday
        ("2026-11-27T22:00", False),
        ("2026-11-28T15:30", False),  # Saturday 22:30
        ("2026-11-26T21:30", False),  # Friday 04:30: that night began on Thursday
    ],
)
def test_a_night_belongs_to_the_day_on_which_it_begins(at: str, on: bool):
    assert is_on(NIGHT, utc(at)) is on


def test_without_a_schedule_a_rule_is_always_on_duty():
    assert is_on((), utc("2026-11-27T03:00"))


def test_the_whole_day_ends_at_midnight():
    sunday = (span(days=["sun"], **{"from": "00:00", "to": "24:00"}),)

    assert [is_on(sunday, utc(f"2026-11-{day}T17:00")) for day in (28, 29)] == [True, False]


def test_hours_that_yaml_reads_as_numbers_mean_the_same(tmp_path: Path):
    text = "rules: [{kind: intrusion, name: it, schedule: [{from: 22:00, to: 05:30}]}]"
    (tmp_path / "view.yaml").write_text(text)

    rule = read_config(tmp_path / "view.yaml", ViewSettings).rules[0]

    assert (rule.schedule[0].from_, rule.schedule[0].to) == (22 * 60, 5 * 60 + 30)


@pytest.mark.parametrize("wrong", ["8", "25:00", "22:60", "evening", "22h"])
def test_what_is_no_time_of_day_is_named_with_its_key(tmp_path: Path, wrong: str):
    text = f"rules: [{{kind: intrusion, name: it, schedule: [{{from: {wrong}, to: '05:00'}}]}}]"
    (tmp_path / "view.yaml").write_text(text)

    with pytest.raises(ConfigError, match=r"schedule\.0.*no time of day; write it as '22:00'"):
        read_config(tmp_path / "view.yaml", ViewSettings)


def test_a_span_without_length_is_refused():
    with pytest.raises(ValidationError, match="for the whole day"):
        span(**{"from": "08:00", "to": "08:00"})


def phases(duty: Duty, *told: tuple[str, bool]) -> list[str | None]:
    heard = [duty.pass_on("it", finding(float(i), phase=phase, ended_s=None), on) for i, (phase, on) in enumerate(told)]
    return [None if one is None else one.phase for one in heard]


def test_what_began_before_the_hours_and_goes_on_starts_with_them():
    assert phases(Duty(), ("start", False), ("update", False), ("update", True), ("end", True)) == [
        None, None, "start", "end",
    ]  # fmt: skip


def test_what_was_over_before_the_hours_is_never_told():
    assert phases(Duty(), ("start", False), ("end", True), ("start", True)) == [None, None, "start"]


def test_what_was_told_is_ended_after_the_hours_too():
    assert phases(Duty(), ("start", True), ("update", False), ("end", False)) == ["start", None, "end"]


def test_counts_that_only_end_are_not_told_outside_the_hours():
    assert phases(Duty(), ("end", False), ("end", True)) == [None, "end"]


def test_a_camera_asks_the_moments_own_utc():
    rules = [{"kind": "intrusion", "name": "it", "after_s": 0.5, "schedule": [{"from": "22:00", "to": "05:00"}]}]
    by_day, by_night = (make_watch(ViewSettings.model_validate({"rules": rules})) for _ in range(2))

    told = []
    for watch, at in ((by_day, utc("2026-11-27T05:00")), (by_night, utc("2026-11-27T17:00"))):
        looks = [frame(i / 5, at=at + timedelta(seconds=i / 5)) for i in range(20)]
        told.append([one for look in looks for one in watch.see(look, {"objects": person()})])

    assert [len(one) for one in told] == [0, 1]

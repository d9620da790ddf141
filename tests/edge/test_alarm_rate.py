"""Alarms per camera and hour, as health tells them."""

from __future__ import annotations

from edge.alarm_rate import MOST_ALARMS, WINDOW_S, AlarmRate
from tests.edge.scenes import finding


def test_only_what_starts_and_calls_somebody_is_an_alarm() -> None:
    rate = AlarmRate(0.0)

    rate.note([finding(1.0), finding(1.0, phase="end"), finding(1.0, severity="info")], 7200.0)

    assert (rate.count(7200.0), rate.per_hour(7200.0)) == (1, 0.5)


def test_an_alarm_counts_for_a_day_and_the_memory_is_bounded() -> None:
    rate = AlarmRate(0.0)
    rate.note([finding(1.0)] * (MOST_ALARMS + 5), 10.0)

    assert rate.count(11.0) == MOST_ALARMS
    assert rate.count(10.0 + WINDOW_S + 1) == 0


def test_the_first_minutes_do_not_make_a_rate_of_sixty_an_hour() -> None:
    rate = AlarmRate(0.0)
    rate.note([finding(1.0)], 60.0)

    assert rate.per_hour(60.0) == 1.0

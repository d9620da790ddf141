"""What a camera's connection says of itself: pictures that come badly, and a clock that is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from edge.rules.base import Finding
from edge.rules.vitals import Vitals
from tests.edge.rules.scenes import rule

STEADY = Vitals(
    at_s=0.0, connected=True, sessions=1, received=0, decoded=0, damaged=0, silent_s=0.04, clock_ahead_s=None
)
Change = Callable[[int, Vitals], Vitals]


def seconds(until_s: int, change: Change = lambda s, vitals: vitals, *, fps: float = 25.0) -> Iterator[Vitals]:
    """Yield what a camera of `fps` says once a second; `change` breaks it."""
    for s in range(until_s):
        sent = int(s * fps)
        yield change(s, replace(STEADY, at_s=1000.0 + s, received=sent, decoded=sent))


def heard(many: Iterator[Vitals], **settings: object) -> list[Finding]:
    of = rule("tamper", **settings)
    return [finding for vitals in many for finding in of.vitals(vitals, vitals.at_s - 1000.0)]


def told(findings: list[Finding]) -> list[tuple[str, str]]:
    return [(f.kind, f.phase) for f in findings if f.phase != "update"]


def slower_from_60s(fps: float, *, until_s: int = 120) -> Change:
    def change(s: int, vitals: Vitals) -> Vitals:
        lost = int(max(0, min(s, until_s) - 60) * (25 - fps))
        return replace(vitals, received=vitals.received - lost, decoded=vitals.decoded - lost)

    return change


def test_a_steady_camera_is_well_whatever_its_rate() -> None:
    assert [heard(seconds(600, fps=fps)) for fps in (25.0, 6.0, 1.0)] == [[], [], []]


def test_a_rate_that_collapses_is_told_once_with_both_rates_and_ends_when_it_recovers() -> None:
    findings = heard(seconds(200, slower_from_60s(3.0)))

    assert told(findings) == [("degraded", "start"), ("degraded", "end")]
    assert 60 < findings[0].time_s < 80
    assert findings[0].detail["fps"] < 10 and findings[0].detail["usual_fps"] == pytest.approx(25, abs=2)


def test_half_the_rate_is_a_longer_exposure_at_night() -> None:
    assert heard(seconds(300, slower_from_60s(12.5, until_s=300))) == []


def test_pictures_that_cannot_be_decoded_are_damage() -> None:
    def lossy(s: int, vitals: Vitals) -> Vitals:
        bad = max(0, s - 60) * 2
        return replace(vitals, damaged=bad, decoded=vitals.decoded - bad)

    findings = heard(seconds(120, lossy))

    assert told(findings) == [("degraded", "start")]
    assert findings[0].detail["damaged"] >= 0.03


def test_now_and_then_a_lost_picture_is_nothing() -> None:
    assert heard(seconds(600, lambda s, v: replace(v, damaged=s // 30))) == []


def test_pictures_that_come_in_bursts_are_a_stutter() -> None:
    findings = heard(seconds(120, lambda s, v: replace(v, silent_s=2.0 if s > 60 and s % 3 == 0 else 0.04)))

    assert told(findings) == [("degraded", "start")]
    assert findings[0].detail["stalled"] >= 0.15


def test_a_connection_that_is_lost_again_and_again_is_told_once() -> None:
    findings = heard(seconds(160, lambda s, v: replace(v, sessions=1 + (max(0, min(s, 120) - 60) // 15))))

    assert told(findings)[:1] == [("degraded", "start")]
    assert findings[0].detail == {"reconnects": 3}


def test_a_new_connection_alone_is_nothing() -> None:
    assert heard(seconds(160, lambda s, v: replace(v, sessions=1 + (s > 60)))) == []


def test_a_camera_that_is_offline_is_not_also_degraded() -> None:
    of = rule("tamper")
    silent = list(of.absent(60.0, 0.0))

    worse = [f for v in seconds(60, lambda s, v: replace(v, silent_s=60.0, received=0)) for f in of.vitals(v, v.at_s)]

    assert [(f.kind, f.phase) for f in silent] == [("offline", "start")]
    assert worse == []


@pytest.mark.parametrize(
    ("ahead", "how"),
    [
        (lambda s: 3600.0, "off"),
        (lambda s: 0.2 if s < 60 else -40.0, "jumped"),
        (lambda s: 0.1 * s, "drifted"),
    ],
)
def test_a_wrong_clock_is_told_once_with_how_it_went_wrong(ahead: Callable[[int], float], how: str) -> None:
    findings = heard(seconds(120, lambda s, v: replace(v, clock_ahead_s=ahead(s))))

    assert told(findings) == [("clock", "start")]
    assert findings[0].detail["how"] == how
    assert abs(findings[0].detail["ahead_s"]) >= 5


def test_a_clock_that_is_set_right_ends_it_and_one_that_hovers_at_the_limit_does_not_flicker() -> None:
    hovers = heard(seconds(300, lambda s, v: replace(v, clock_ahead_s=4.9 + 0.4 * (s % 2 if s > 20 else 1))))
    corrected = heard(seconds(120, lambda s, v: replace(v, clock_ahead_s=9.0 if s < 60 else 0.1)))

    assert told(hovers) == [("clock", "start")]
    assert told(corrected) == [("clock", "start"), ("clock", "end")]


def test_a_camera_that_does_not_tell_its_time_and_one_late_report_are_nothing() -> None:
    assert heard(seconds(300)) == []
    assert heard(seconds(300, lambda s, v: replace(v, clock_ahead_s=-8.0 if s == 100 else 0.0))) == []


def test_reports_that_wait_behind_a_narrow_line_are_no_wrong_clock_but_one_that_runs_ahead_still_is() -> None:
    def late(s: int, vitals: Vitals) -> Vitals:
        queue_s = min(30.0, 0.9 * (s - 60)) if 60 < s < 120 else 0.0
        return replace(slower_from_60s(3.0)(s, vitals), clock_ahead_s=-queue_s)

    def ahead(s: int, vitals: Vitals) -> Vitals:
        return replace(slower_from_60s(3.0)(s, vitals), clock_ahead_s=40.0 if s > 60 else 0.0)

    assert told(heard(seconds(200, late))) == [("degraded", "start"), ("degraded", "end")]
    assert {("clock", "start"), ("degraded", "start")} <= set(told(heard(seconds(200, ahead))))


def test_a_clock_that_was_told_as_wrong_stays_told_when_the_line_becomes_narrow() -> None:
    def change(s: int, vitals: Vitals) -> Vitals:
        return replace(slower_from_60s(3.0)(s, vitals), clock_ahead_s=-40.0)

    findings = heard(seconds(200, change))

    assert [f.phase for f in findings if f.kind == "clock" and f.phase != "update"] == ["start"]

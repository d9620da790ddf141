"""What operators' verdicts teach: areas that need several, end by themselves, and can be taken back."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from central.nuisance import LARGEST, MOST_OF_A_CAMERA, Removal, Verdict, learn
from mqtt.nuisance import is_within
from tests.central.support import NODE

NOW = datetime(2026, 3, 20, 12, 0, tzinfo=UTC)
BOX = (0.40, 0.50, 0.50, 0.70)


def verdict(n: int, *, days: float = 2.0, hour: float = 18.0, minute: int = 0, **more: Any) -> Verdict:
    """Return a false alarm of `days` ago, at `hour` UTC."""
    at = (NOW - timedelta(days=days)).replace(hour=0, minute=0) + timedelta(hours=hour, minutes=minute)
    facts = {"kind": "intrusion", "severity": "high", "box": BOX, "false": True, **more}
    return Verdict(f"i{n}", NODE, "cam-01", at=at, said_at=at + timedelta(minutes=5), **facts)


def three(**more: Any) -> list[Verdict]:
    return [verdict(n, days=n + 1, minute=20 * n, **more) for n in range(3)]


def test_three_verdicts_on_one_place_make_an_area_with_its_time_of_day() -> None:
    (one,) = learn(three(), [], NOW)

    assert (one.area.camera, one.area.kind, one.area.verdicts) == ("cam-01", "intrusion", 3)
    assert (one.area.from_min, one.area.to_min) == (18 * 60 - 45, 18 * 60 + 40 + 45)
    assert one.area.box[0] < BOX[0] and one.area.box[3] > BOX[3]
    assert one.incidents == ("i2", "i1", "i0")


@pytest.mark.parametrize(
    "spoilt",
    [
        lambda: three()[:2],
        lambda: [verdict(n, days=n + 1, box=(0.3 * n, 0.1, 0.3 * n + 0.1, 0.3)) for n in range(3)],
        lambda: [dataclasses.replace(v, camera=f"cam-{n}") for n, v in enumerate(three())],
        lambda: [dataclasses.replace(v, kind=k) for v, k in zip(three(), ("intrusion", "crowd", "fall"), strict=True)],
        lambda: three(kind="smoke"),
        lambda: three(severity="critical"),
        lambda: three(box=(0.0, 0.0, 0.9, 0.9)),
        lambda: [verdict(n, days=n + 1, hour=9 * n) for n in range(3)],
        lambda: [verdict(n, days=16 + n) for n in range(3)],
        lambda: [*three(), verdict(9, days=1, minute=30, false=False)],
    ],
    ids=[
        "two", "elsewhere", "other-cameras", "other-kinds", "smoke", "critical", "half-the-picture", "any-hour",
        "long-ago", "one-was-real",
    ],
)  # fmt: skip
def test_what_is_no_nuisance_makes_no_area(spoilt: Any) -> None:
    assert learn(spoilt(), [], NOW) == []


def test_smoke_and_what_is_critical_take_twice_as_many() -> None:
    six = [verdict(n, days=n + 1, kind="smoke") for n in range(6)]

    assert [one.area.verdicts for one in learn(six, [], NOW)] == [6]


def test_a_whole_day_takes_twice_as_many() -> None:
    six = [verdict(n, days=n + 1, hour=4 * n) for n in range(6)]

    (one,) = learn(six, [], NOW)

    assert one.area.from_min == one.area.to_min


def test_a_real_alarm_at_another_time_of_day_leaves_the_area() -> None:
    assert len(learn([*three(), verdict(9, days=1, hour=6, false=False)], [], NOW)) == 1


def test_an_area_over_midnight_is_one_span() -> None:
    late = [verdict(n, days=n + 1, hour=hour) for n, hour in enumerate((23.5, 0.2, 0.6))]

    (one,) = learn(late, [], NOW)

    assert one.area.from_min > one.area.to_min
    assert is_within(10, one.area.from_min, one.area.to_min)
    assert not is_within(12 * 60, one.area.from_min, one.area.to_min)


def test_an_area_ends_two_weeks_after_the_last_verdict() -> None:
    (one,) = learn(three(), [], NOW)

    assert one.area.expires_at == one.last_at + timedelta(days=14)
    assert learn(three(), [], one.area.expires_at) == []


def test_a_removed_area_comes_back_only_by_new_verdicts() -> None:
    removed = Removal(NODE, "cam-01", "intrusion", BOX, NOW - timedelta(hours=12))
    new = [verdict(10 + n, days=0, hour=1 + n / 3) for n in range(3)]

    assert learn(three(), [removed], NOW) == []
    assert [one.area.verdicts for one in learn([*three(), *new], [removed], NOW)] == [3]


def test_areas_are_bounded_in_number_and_size() -> None:
    many = [
        verdict(3 * n + k, days=k + 1, box=(0.03 * n, 0.1, 0.03 * n + 0.02, 0.2)) for n in range(30) for k in range(3)
    ]

    found = learn(many, [], NOW)

    assert len(found) == MOST_OF_A_CAMERA
    assert all((a.area.box[2] - a.area.box[0]) * (a.area.box[3] - a.area.box[1]) <= LARGEST for a in found)

"""Fire first, then people, then the rest by urgency; counts and information last."""

from __future__ import annotations

import pytest

from mqtt.kinds import KINDS, SEVERITIES
from mqtt.priority import RANKS, is_spare, rank_of
from tests.mqtt.support import make_event


@pytest.mark.parametrize("severity", SEVERITIES)
@pytest.mark.parametrize("kind", [f"{category}.{kind}" for category, kinds in KINDS.items() for kind in kinds])
def test_every_event_has_a_rank(kind: str, severity: str) -> None:
    assert 0 <= rank_of(make_event(1, "b", kind=kind, severity=severity)) < RANKS


def test_smoke_goes_before_people_and_people_before_traffic_and_traffic_before_counts() -> None:
    order = [
        rank_of(make_event(1, "b", kind="wildfire.smoke", severity="info")),
        rank_of(make_event(1, "b", kind="security.fall", severity="low")),
        rank_of(make_event(1, "b", kind="traffic.wrong_way", severity="high")),
        rank_of(make_event(1, "b", kind="camera.frozen", severity="medium")),
        rank_of(make_event(1, "b", kind="traffic.congestion", severity="low")),
        rank_of(make_event(1, "b", kind="traffic.line_count", severity="high")),
    ]

    assert order == sorted(order)
    assert len(set(order)) == 6


def test_an_update_is_worth_less_than_the_start_and_the_end_that_frame_it() -> None:
    assert [is_spare(make_event(1, "b", phase=phase)) for phase in ("start", "update", "end")] == [False, True, False]

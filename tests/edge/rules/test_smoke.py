"""What the smoke rule promises: certain, once, growing, never from one frame."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from edge.geometry import Zone
from edge.rules.base import Scene
from tests.edge.smoke.scenes import STEP_S, Lookout, hill, said, under_cloud, with_patch

PLUME = (0.50, 0.42, 0.54, 0.50)


def growing(step: int) -> tuple[float, float, float, float]:
    """Return a plume that stands on its fire, leans to the right and grows."""
    return (0.50, 0.46 - 0.015 * step, 0.54 + 0.01 * step, 0.50)


def burn(lookout: Lookout, steps: int, score: float = 0.5) -> None:
    for step in range(steps):
        box = growing(step)
        lookout.see(said((box, score)), with_patch(hill(int(lookout.time_s)), box))


def test_a_growing_plume_is_reported_once_within_three_looks():
    lookout = Lookout()
    lookout.quiet()
    begin_s = lookout.time_s

    burn(lookout, 8)

    starts = [f for f in lookout.findings if f.phase == "start"]
    assert [("smoke", begin_s)] == [(f.kind, f.started_s) for f in starts]
    assert starts[0].time_s - begin_s <= 2 * STEP_S


@pytest.mark.parametrize("score", [0.5, 0.99])
def test_one_look_alone_never_alarms(score):
    lookout = Lookout()
    lookout.quiet()

    lookout.see(said((PLUME, score)), with_patch(hill(1), PLUME))
    lookout.quiet(5)

    assert [] == lookout.findings


def test_what_always_looks_like_smoke_is_not_reported():
    lookout = Lookout()

    for _ in range(200):
        lookout.see(said((PLUME, 0.6)), with_patch(hill(int(lookout.time_s)), PLUME))

    assert [] == lookout.findings


def test_a_fire_beside_a_kiln_is_reported_although_the_kiln_is_not():
    kiln = (0.2, 0.5, 0.24, 0.56)
    lookout = Lookout()
    for _ in range(30):
        lookout.see(said((kiln, 0.6)), with_patch(hill(int(lookout.time_s)), kiln))

    for step in range(4):
        box = growing(step)
        view = with_patch(with_patch(hill(int(lookout.time_s)), kiln), box)
        lookout.see(said((kiln, 0.6), (box, 0.5)), view)

    assert ["start"] == [f.phase for f in lookout.findings if f.phase == "start"]
    assert lookout.findings[0].objects[0].box[0] > 0.4


def test_a_cloud_that_passes_is_not_reported():
    lookout = Lookout()
    lookout.quiet()

    for step in range(12):
        box = (0.1 + 0.06 * step, 0.2, 0.18 + 0.06 * step, 0.3)
        lookout.see(said((box, 0.5)), with_patch(hill(int(lookout.time_s)), box))

    assert [] == lookout.findings


def test_two_plumes_close_together_are_one_fire_and_two_far_apart_are_two():
    left, close, far = (0.30, 0.44, 0.34, 0.50), (0.39, 0.44, 0.43, 0.50), (0.80, 0.44, 0.84, 0.50)
    lookout = Lookout()
    lookout.quiet()

    for _ in range(6):
        view = hill(int(lookout.time_s))
        for box in (left, close, far):
            view = with_patch(view, box)
        lookout.see(said((left, 0.5), (close, 0.5), (far, 0.5)), view)

    assert 2 == lookout.phases.count("start")


def test_severity_grows_with_size_and_flame_and_never_falls():
    lookout = Lookout(severity="medium")
    lookout.quiet()

    burn(lookout, 8)
    large = (0.45, 0.20, 0.75, 0.52)
    for _ in range(3):
        lookout.see(said((large, 0.7), ((0.5, 0.46, 0.53, 0.5), 0.9, "flame")), with_patch(hill(3), large))
    burn(lookout, 2)

    told = [f.severity for f in lookout.findings]
    assert "medium" == told[0]
    assert "high" in told
    assert ["certain", "large", "flame"] == lookout.findings[-1].detail["why"]
    levels = ["info", "low", "medium", "high", "critical"]
    assert sorted(told, key=levels.index) == told


def test_it_ends_when_nothing_has_been_seen_for_long_and_says_since_when():
    lookout = Lookout(gone_s=100)
    lookout.quiet()
    burn(lookout, 4)
    last_s = lookout.time_s - STEP_S

    lookout.quiet(10)

    end = lookout.findings[-1]
    assert ("end", last_s) == (end.phase, end.ended_s)
    assert len({f.key for f in lookout.findings}) == 1


def test_one_look_where_a_fire_is_over_is_not_a_fire_again():
    lookout = Lookout(gone_s=100)
    lookout.quiet()
    burn(lookout, 6)
    lookout.quiet(6)

    burn(lookout, 1, score=0.99)

    assert "end" == lookout.phases[-1]


def test_finish_closes_what_is_open():
    lookout = Lookout()
    lookout.quiet()
    burn(lookout, 4)

    assert ["end"] == [f.phase for f in lookout.rule.finish(lookout.time_s)]
    assert [] == list(lookout.rule.finish(lookout.time_s))


def test_a_masked_zone_never_counts():
    everything = Zone(np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float64))
    lookout = Lookout(Scene(zones={"kiln": everything}), except_zones=["kiln"])
    lookout.quiet()

    burn(lookout, 8)

    assert [] == lookout.findings


def test_without_pictures_boxes_alone_can_confirm_but_later():
    lookout = Lookout()
    for _ in range(60):
        lookout.see(said())

    for step in range(8):
        lookout.see(said((growing(step), 0.5)))

    assert "start" in lookout.phases


def test_a_view_in_fog_is_not_judged_and_says_so():
    lookout = Lookout()
    lookout.quiet(10)
    fog = np.full_like(hill(), 190.0)

    for _ in range(8):
        lookout.see(said(((0.3, 0.3, 0.7, 0.6), 0.8)), fog + hill(int(lookout.time_s)) * 0.01)

    assert "fog" == lookout.rule.sight
    assert [] == lookout.findings


@pytest.mark.parametrize("cloud_to", [0.0, 0.7])
def test_a_shred_of_low_cloud_is_not_told(cloud_to):
    lookout = Lookout()
    lookout.quiet(rough=75.0)

    for step in range(10):
        view = under_cloud(hill(int(lookout.time_s), rough=75.0), cloud_to, x=(0, 0.45))
        lookout.see(said(((0.2, 0.5, 0.26, 0.6 + 0.01 * min(step, 5)), 0.5)), view)

    assert (cloud_to == 0) == ("start" in lookout.phases)
    assert ("cloud" if cloud_to else "clear") == lookout.rule.sight


def test_a_fire_beside_low_cloud_is_told():
    lookout = Lookout()
    lookout.quiet(rough=75.0)

    for step in range(10):
        box = (0.70, 0.62 - 0.015 * step, 0.74 + 0.01 * step, 0.68)
        view = with_patch(hill(int(lookout.time_s), rough=75.0), box)
        lookout.see(said((box, 0.5)), under_cloud(view, 0.7, x=(0, 0.45)))

    assert "cloud" == lookout.rule.sight
    assert "start" in lookout.phases


def looks_until_told(danger, **settings) -> int:
    lookout = Lookout(**settings)
    lookout.quiet()
    for step in range(12):
        box = growing(min(step, 3))
        lookout.see(said((box, 0.35)), with_patch(hill(int(lookout.time_s)), box), danger=danger)
        if lookout.findings:
            return step + 1
    return 99


def test_the_drier_the_day_the_sooner_it_is_told():
    looks = [looks_until_told(level) for level in ("I", "III", "V")]

    assert looks == sorted(looks, reverse=True)
    assert looks[0] > looks[2]
    assert looks_until_told(None) == looks[1]


KILN = Zone(np.array([[0.4, 0.3], [0.7, 0.3], [0.7, 0.6], [0.4, 0.6]], np.float64))
MORNING = datetime(2026, 3, 1, 0, 30, tzinfo=UTC)  # 07:30 in Viet Nam


@pytest.mark.parametrize(
    ("nuisance", "at", "is_told"),
    [
        ({}, MORNING, False),
        ({"schedule": [{"from": "05:00", "to": "09:00"}]}, MORNING, False),
        ({"schedule": [{"from": "05:00", "to": "09:00"}]}, MORNING + timedelta(hours=6), True),
        ({"months": [2, 3]}, MORNING, False),
        ({"months": [10]}, MORNING, True),
        ({"schedule": [{"from": "05:00", "to": "09:00"}]}, None, True),
        ({"more": 1.0}, MORNING, True),
    ],
)
def test_a_nuisance_counts_at_its_hours_and_in_its_months_only(nuisance, at, is_told):
    lookout = Lookout(Scene(zones={"kiln": KILN}), nuisances=[{"zone": "kiln", **nuisance}])
    lookout.quiet()

    for step in range(8):
        box = growing(step)
        lookout.see(said((box, 0.5)), with_patch(hill(int(lookout.time_s)), box), at=at)

    assert is_told == ("start" in lookout.phases)


def test_a_place_that_needs_more_is_told_later():
    def begins(more):
        lookout = Lookout(Scene(zones={"kiln": KILN}), nuisances=[{"zone": "kiln", "more": more}] if more else [])
        lookout.quiet()
        burn(lookout, 12)
        return lookout.findings[0].time_s

    assert begins(None) < begins(3.0)


def test_every_preset_has_its_own_memory_and_its_own_fires():
    lookout = Lookout()
    for _ in range(60):
        for pose in ("north", "south"):
            lookout.see(said(), hill(int(lookout.time_s)), pose=pose)

    for step in range(8):
        box = growing(step)
        lookout.see(said((box, 0.5)), with_patch(hill(int(lookout.time_s)), box), pose="north")
        lookout.see(said(), hill(int(lookout.time_s)), pose="south")
        lookout.see(said((PLUME, 0.9)), with_patch(hill(int(lookout.time_s)), PLUME), pose=None)

    assert ["start"] == [phase for phase in lookout.phases if phase == "start"]
    assert "end" not in lookout.phases


def test_a_suspicion_becomes_the_same_incident_when_it_is_confirmed():
    lookout = Lookout(suspicion=1.0)
    lookout.quiet()

    burn(lookout, 8, score=0.3)

    assert ("start", "low", "suspected") == (
        lookout.findings[0].phase,
        lookout.findings[0].severity,
        lookout.findings[0].detail["stage"],
    )
    assert "confirmed" == lookout.findings[-1].detail["stage"]
    assert 1 == len({finding.key for finding in lookout.findings})


def test_a_suspicion_above_its_confirmation_is_refused():
    with pytest.raises(ValueError, match="must be below"):
        Lookout(suspicion=5.0)


def test_a_fire_hidden_by_fog_is_not_over():
    lookout = Lookout(gone_s=100)
    lookout.quiet()
    burn(lookout, 6)

    for _ in range(20):
        lookout.see(said(), np.full_like(hill(), 190.0) + hill(int(lookout.time_s)) * 0.01)
    assert "end" not in lookout.phases

    lookout.quiet(10)
    assert "end" == lookout.phases[-1]


def test_smoke_is_not_believed_in_the_dark():
    dark = np.full_like(hill(), 8.0)
    lookout = Lookout()
    for _ in range(60):
        lookout.see(said(), dark)

    for step in range(10):
        box = growing(step)
        lookout.see(said((box, 0.8)), with_patch(dark, box, 230.0))

    assert [] == lookout.findings
    assert "night" == lookout.rule.sight


def test_a_drifting_plume_stays_one_fire():
    lookout = Lookout()
    lookout.quiet()

    for step in range(20):
        source = (0.30, 0.44, 0.34, 0.50)
        head = (0.30 + 0.02 * step, 0.40, 0.36 + 0.02 * step, 0.46)
        view = with_patch(with_patch(hill(int(lookout.time_s)), source), head)
        lookout.see(said((source, 0.5), (head, 0.5)), view)

    assert 1 == lookout.phases.count("start")


def test_a_film_played_fast_is_judged_in_the_time_of_the_hill():
    slow, fast = Lookout(), Lookout(speed=60)
    for step in range(70):
        box = growing(step - 60)
        found = said((box, 0.5)) if step >= 60 else said()
        view = with_patch(hill(step), box) if step >= 60 else hill(step)
        slow.see(found, view)
        fast.time_s = (slow.time_s - STEP_S) / 60
        fast.see(found, view)

    assert [finding.phase for finding in slow.findings] == [finding.phase for finding in fast.findings]
    assert fast.findings[0].started_s == pytest.approx(slow.findings[0].started_s / 60)

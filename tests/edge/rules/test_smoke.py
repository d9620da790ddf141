"""What the smoke rule promises: certain, once, growing, never from one frame."""

from __future__ import annotations

import numpy as np
import pytest

from edge.geometry import Zone
from edge.rules.base import Scene
from tests.edge.smoke.scenes import STEP_S, Lookout, hill, said, with_patch

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

    burn(lookout, 4)
    large = (0.45, 0.20, 0.75, 0.52)
    for _ in range(3):
        lookout.see(said((large, 0.7), ((0.5, 0.46, 0.53, 0.5), 0.9, "flame")), with_patch(hill(3), large))
    burn(lookout, 2)

    told = [f.severity for f in lookout.findings]
    assert "medium" == told[0]
    assert "high" in told
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
    for _ in range(5):
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

    assert "fog" == lookout.rule.view
    assert [] == lookout.findings

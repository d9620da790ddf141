"""Counting and fences: one object, one crossing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.detections import Detections
from detectors.picture import Picture
from edge.camera import make_rules
from edge.config import ViewSettings
from edge.rules.base import Finding, Look
from edge.tracks import Tracks
from rtsp.picture import VideoPicture
from tests.edge.rules.scenes import Box, at, looks, rule, starts, stays, straight, tell, thing

UP, DOWN = at(0.5, 0.3), at(0.5, 0.7)


def counted(findings: list[Finding]) -> dict[str, dict[str, int]]:
    sums: dict[str, dict[str, int]] = {"left": {}, "right": {}}
    for finding in findings:
        for direction, labels in finding.detail["counts"].items():
            for label, count in labels.items():
                sums[direction][label] = sums[direction].get(label, 0) + count
    return sums


def count(things: list[object], until_s: float, **more: object) -> dict[str, dict[str, int]]:
    of = rule("line_count", line="mid", **more)
    return counted([*tell(of, looks(things, until_s)), *of.finish(until_s)])  # type: ignore[arg-type]


def test_right_is_the_right_hand_side_of_the_line_as_seen_on_screen() -> None:
    down = thing(1, "car", straight(0, 4, UP, DOWN))
    up = thing(2, "bus", straight(0, 4, at(0.3, 0.7), at(0.3, 0.3)))

    sums = count([down, up], 5)

    assert sums == {"right": {"car": 1}, "left": {"bus": 1}}  # from left to right: right is down


def test_what_stops_and_trembles_on_the_line_is_counted_once() -> None:
    trembling = [(4.2 + i * 0.2, at(0.5, 0.5 + (0.003 if i % 2 else -0.003))) for i in range(50)]
    path = [*straight(0, 4, UP, at(0.5, 0.5)), *trembling, *straight(14.2, 16.2, at(0.5, 0.5), DOWN)]

    assert count([thing(1, "car", path)], 17) == {"right": {"car": 1}, "left": {}}


def test_what_was_out_of_sight_while_it_crossed_is_counted_and_said_to_be_doubtful() -> None:
    path = [*straight(0, 2, UP, at(0.5, 0.45)), *straight(3.6, 5, at(0.5, 0.56), DOWN)]
    of = rule("line_count", line="mid")

    findings = [*tell(of, looks([thing(1, "car", path)], 6)), *of.finish(6.0)]

    assert counted(findings)["right"] == {"car": 1}
    assert findings[-1].detail["error"] == {"left": 0, "right": 1}


def test_a_prediction_that_drifts_over_the_line_counts_nothing() -> None:
    assert count([thing(1, "car", straight(0, 2, UP, at(0.5, 0.49)))], 6) == {"right": {}, "left": {}}


def test_passing_beside_the_end_of_the_line_is_no_crossing() -> None:
    beside = thing(1, "car", straight(0, 4, at(0.97, 0.3, 0.04), at(0.97, 0.7, 0.04)))

    assert count([beside], 5) == {"right": {}, "left": {}}


def test_one_object_under_two_tracks_is_one_count() -> None:
    path = list(straight(0, 4, UP, DOWN))

    assert count([thing(1, "car", path), thing(2, "truck", path)], 5)["right"] in ({"car": 1}, {"truck": 1})


def test_a_rider_and_the_motorcycle_are_one_road_user() -> None:
    bike = thing(1, "motorcycle", straight(0, 4, at(0.5, 0.3, 0.1), at(0.5, 0.7, 0.1)))
    rider = thing(2, "person", straight(0, 4, at(0.5, 0.28, 0.08, 0.14), at(0.5, 0.68, 0.08, 0.14)))

    assert count([bike, rider], 5)["right"] == {"motorcycle": 1}


def test_who_turns_back_is_counted_both_ways() -> None:
    path = [*straight(0, 3, UP, DOWN), *straight(3.2, 6, DOWN, UP)]

    assert count([thing(1, "person", path)], 7) == {"right": {"person": 1}, "left": {"person": 1}}


def test_only_asked_labels_are_counted() -> None:
    car, truck = (
        thing(1, "car", straight(0, 4, UP, DOWN)),
        thing(2, "truck", straight(0, 4, at(0.3, 0.3), at(0.3, 0.7))),
    )

    assert count([car, truck], 5, labels=["truck"])["right"] == {"truck": 1}


def test_each_interval_is_reported_with_its_sums_and_the_last_one_at_the_end() -> None:
    cars = [thing(i, "car", straight(i * 4, i * 4 + 2, UP, DOWN)) for i in range(1, 5)]
    of = rule("line_count", line="mid", interval_s=10)

    findings = [*tell(of, looks(cars, 24)), *of.finish(24.0)]  # type: ignore[arg-type]

    assert [(f.started_s, f.ended_s) for f in findings] == [(0, 10), (10, 20), (20, 24)]
    assert [f.detail["total"]["right"] for f in findings] == [2, 2, 0]
    assert [f.detail["interval_s"] for f in findings] == [10, 10, 4]


def test_each_interval_says_when_each_passed() -> None:
    of = rule("line_count", line="mid", interval_s=10)
    cars = [thing(n, "car", straight(t, t + 2, UP, DOWN)) for n, t in ((1, 1.0), (2, 12.0))]

    findings = [*tell(of, looks(cars, 16)), *of.finish(16.0)]

    first, second = (f.detail["passed_s"]["right"]["car"] for f in findings)
    assert [first, second] == [[pytest.approx(2.2, abs=0.3)], [pytest.approx(3.2, abs=0.3)]]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(0.05, 0.95), min_size=2, max_size=12))
def test_counts_left_and_right_of_one_object_differ_by_one_at_most(heights: list[float]) -> None:
    path: list[tuple[float, Box]] = [(i * 0.2, at(0.5, y)) for i, y in enumerate(heights)]

    sums = count([thing(1, "car", path)], len(heights) * 0.2)

    assert abs(sums["left"].get("car", 0) - sums["right"].get("car", 0)) <= 1


def test_a_fence_reports_each_crossing_with_its_direction() -> None:
    two = [thing(1, "person", straight(0, 3, UP, DOWN)), thing(2, "person", straight(2, 5, at(0.3, 0.7), at(0.3, 0.3)))]

    findings = tell(rule("line_crossing", line="mid"), looks(two, 6))

    assert [(f.phase, f.detail["direction"]) for f in findings] == [
        ("start", "right"), ("end", "right"), ("start", "left"), ("end", "left"),
    ]  # fmt: skip


def test_a_fence_with_a_direction_ignores_the_other() -> None:
    findings = tell(
        rule("line_crossing", line="mid", direction="left"), looks([thing(1, "car", straight(0, 3, UP, DOWN))], 4)
    )

    assert findings == []


def test_who_hesitates_at_the_fence_crosses_it_once() -> None:
    path = [*straight(0, 1, UP, DOWN), *straight(1.2, 2, DOWN, UP), *straight(2.2, 3, UP, DOWN), *stays(3.2, 6, DOWN)]

    findings = starts(tell(rule("line_crossing", line="mid"), looks([thing(1, "person", path)], 6)))

    assert [f.detail["direction"] for f in findings] == ["right", "left"]


def driving_past(cars: int, *, named: Callable[[int], bool]) -> Iterator[Look]:
    """Bright cars drive down over the line of a dark road, one every 4 s; the detector knows those `named`."""
    rng = np.random.default_rng(5)
    for i in range(cars * 20 + 25):
        t, road = i / 5, np.full((180, 320), 60, np.uint8)
        y = ((t - 5) % 4) * 120 - 60 if t >= 5 and (t - 5) // 4 < cars else -100.0
        top = int(max(0, y))
        road[top : max(0, int(y + 40)), 140:180] = 210
        noisy = np.asarray((road + rng.normal(0, 2, road.shape)).clip(0, 255), np.uint8)
        box = np.array([[140 / 320, top / 180, 180 / 320, min(1.0, (y + 40) / 180)]], np.float32)
        number = int((t - 5) // 4)
        seen, at_s, ids = named(number) and -40 < y < 180, np.array([t]), np.array([number])
        car = Tracks(ids, np.array(["car"]), box, box, np.array([0.9], np.float32), at_s, at_s)
        tracks = car if seen else Tracks.none()
        picture = VideoPicture.of(np.repeat(noisy[..., None], 3, axis=2))
        yield Look(t, tracks, Detections.none(), picture)


def test_where_the_detector_is_blind_what_moves_is_counted_and_said_to_be_doubtful() -> None:
    of = rule("line_count", line="mid")

    findings = [*tell(of, driving_past(6, named=lambda _: False)), *of.finish(30.0)]

    assert counted(findings)["right"] == {"vehicle": 6}
    assert findings[-1].detail["by_movement"] is True
    assert findings[-1].detail["error"]["right"] == 6


def test_what_the_detector_knows_is_not_counted_again_by_its_movement() -> None:
    of = rule("line_count", line="mid")

    findings = [*tell(of, driving_past(6, named=lambda _: True)), *of.finish(30.0)]

    assert counted(findings)["right"] == {"car": 6}
    assert findings[-1].detail["by_movement"] is False


def test_where_the_detector_misses_some_the_others_are_counted_beside_them() -> None:
    of = rule("line_count", line="mid")

    findings = [*tell(of, driving_past(8, named=lambda car: car % 2 == 0)), *of.finish(38.0)]

    assert counted(findings)["right"] == {"car": 4, "vehicle": 4}
    assert findings[-1].detail["error"]["right"] == 4


def test_between_two_looks_movement_is_followed_by_glances() -> None:
    of = rule("line_count", line="mid")

    for look in driving_past(6, named=lambda _: False):
        assert look.picture is not None
        of.glance(look.picture, look.time_s)
    list(of.update(Look(30.0, Tracks.none(), Detections.none(), None)))

    assert counted(list(of.finish(30.0)))["right"] == {"vehicle": 6}


def test_movement_does_not_stand_in_where_objects_are_chosen_by_size() -> None:
    of = rule("line_count", line="mid", min_size=0.2)

    findings = [*tell(of, driving_past(6, named=lambda _: False)), *of.finish(30.0)]

    assert of.glances_s is None
    assert counted(findings)["right"] == {}


class Judge:
    """Says of every vehicle how much of a lorry it is, and counts how often it was asked."""

    def __init__(self, share: float, *, at_first: float | None = None) -> None:
        self.share, self.at_first, self.asked = share, at_first, 0

    def lorry_share(self, picture: Picture, box: npt.NDArray[np.float32]) -> float:
        self.asked += 1
        return self.share if self.at_first is None or self.asked > 1 else self.at_first


def bus_past(
    judge: Judge, *, x: float = 0.5, size: float = 0.1, labels: list[str] | None = None
) -> dict[str, dict[str, int]]:
    """Let a bus drive down over the line under the eyes of `judge`, and return what is counted."""
    settings = {"kind": "line_count", "name": "it", "line": "mid", "labels": labels or ["bus", "truck"]}
    view = {"lines": {"mid": {"from": [0.1, 0.5], "to": [0.9, 0.5]}}, "rules": [settings]}
    of = make_rules(ViewSettings.model_validate(view), aspect=1.0, lorries=judge)[0]
    road = VideoPicture.of(np.zeros((64, 64, 3), np.uint8))
    bus = thing(1, "bus", straight(0, 4, at(x, 0.3, size), at(x, 0.95, size)))
    for look in looks([bus], 4):
        list(of.see(replace(look, picture=road)))
    findings = list(of.finish(4.0))
    of.forget([1])
    return counted(findings)


def test_a_bus_that_is_a_lorry_by_its_looks_is_counted_as_a_truck_after_a_few_looks() -> None:
    judge = Judge(0.9)

    counts = bus_past(judge)

    assert counts["right"] == {"truck": 1}
    assert judge.asked == 5


def test_a_bus_that_looks_like_one_stays_one() -> None:
    assert bus_past(Judge(0.6))["right"] == {"bus": 1}


def test_a_bus_that_the_picture_cuts_is_not_judged() -> None:
    judge = Judge(0.9)

    counts = bus_past(judge, x=0.12, size=0.24)

    assert judge.asked == 0
    assert counts["right"] == {"bus": 1}


def test_a_lorry_seen_wrongly_as_it_comes_into_the_picture_is_still_a_lorry() -> None:
    assert bus_past(Judge(0.9, at_first=0.1))["right"] == {"truck": 1}


def test_where_lorries_and_buses_do_not_count_nobody_is_asked() -> None:
    judge = Judge(0.9)

    bus_past(judge, labels=["person"])

    assert judge.asked == 0

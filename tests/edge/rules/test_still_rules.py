"""Things left, taken, and lying on the road."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from detectors.detections import Detections
from edge.rules.base import Finding, Look
from edge.tracks import Tracks
from rtsp.picture import VideoPicture
from tests.edge.rules.scenes import rule, starts, tell
from tests.edge.rules.test_tamper import street

Gray = np.ndarray[Any, np.dtype[np.uint8]]
HEIGHT, WIDTH = street().shape
BAG = (slice(200, 226), slice(230, 262))


def pavement() -> Gray:
    scene = street()
    scene[150:] = 120
    return scene


def with_bag(gray: Gray) -> Gray:
    shown = gray.copy()
    shown[BAG] = 30
    return shown


def person(gray: Gray, x: float) -> Gray:
    """Return the scene with somebody whose middle is at x (0..1)."""
    shown = gray.copy()
    middle = int(x * WIDTH)
    shown[130:226, max(0, middle - 18) : max(0, middle + 18)] = 70
    return shown


def look(time_s: float, gray: Gray, person_x: float | None, rng: np.random.Generator) -> Look:
    noisy = np.asarray((gray + rng.normal(0, 2, gray.shape)).clip(0, 255), np.uint8)
    picture = VideoPicture.of(np.repeat(noisy[..., None], 3, axis=2))
    if person_x is None or not 0.03 < person_x < 0.97:
        return Look(time_s, Tracks.none(), Detections.none(), picture)
    box = np.array([[person_x - 0.04, 130 / HEIGHT, person_x + 0.04, 226 / HEIGHT]], np.float32)
    one = np.array([0.9], np.float32)
    times = np.array([time_s])
    return Look(
        time_s, Tracks(np.array([1]), np.array(["person"]), box, box, one, times, times), Detections.none(), picture
    )


def deposit(leaves_s: float | None = 18.0, until_s: float = 45.0) -> Iterator[Look]:
    """Somebody comes at 10 s, puts a bag down at 14 s, and leaves at `leaves_s`, or stays beside it."""
    rng = np.random.default_rng(3)
    for i in range(int(until_s * 2)):
        t = i / 2
        walks_in = np.interp(t, [10, 14], [0.0, 0.44])
        x = walks_in if leaves_s is None or t < leaves_s else 0.44 - (t - leaves_s) * 0.12
        scene = with_bag(pavement()) if t >= 14 else pavement()
        visible = t >= 10 and x > 0
        yield look(t, person(scene, x) if visible else scene, x if visible else None, rng)


def told(kind: str, looks: Iterator[Look], **settings: Any) -> list[Finding]:
    return starts(tell(rule(kind, zone="gate", **settings), looks))


def test_a_bag_that_is_left_is_reported_after_the_wait() -> None:
    findings = told("abandoned_object", deposit(), after_s=10)

    assert len(findings) == 1
    assert findings[0].time_s == pytest.approx(26, abs=3)
    x0, y0, x1, y1 = findings[0].objects[0].box
    assert x0 < 246 / WIDTH < x1 and y0 < 213 / HEIGHT < y1


def test_a_bag_whose_owner_stays_beside_it_is_not() -> None:
    assert told("abandoned_object", deposit(leaves_s=None), after_s=10) == []


def test_a_shadow_that_comes_by_itself_is_no_object() -> None:
    def shadow() -> Iterator[Look]:
        rng = np.random.default_rng(3)
        for i in range(90):
            scene = pavement()
            scene[BAG] = int(np.interp(i / 2, [12, 30], [120, 60]))
            yield look(i / 2, scene, None, rng)

    assert told("abandoned_object", shadow(), after_s=10) == []


def test_a_change_of_light_is_no_object() -> None:
    rng = np.random.default_rng(3)
    clouds = (
        look(i / 2, np.asarray(pavement() * np.interp(i / 2, [15, 18], [1, 0.6]), np.uint8), None, rng)
        for i in range(90)
    )

    assert told("abandoned_object", clouds, after_s=10) == []


def test_what_lies_on_the_road_is_an_obstacle() -> None:
    assert len(told("obstacle", deposit(), after_s=10)) == 1


def test_who_stood_in_the_first_pictures_does_not_hide_what_is_put_down_there_later() -> None:
    """The detector never saw him: what he leaves in the young background is a ghost that nobody could tell of."""

    def scene() -> Iterator[Look]:
        rng = np.random.default_rng(3)
        for one in deposit():
            if one.time_s < 3.5:
                x = max(0.44 - max(one.time_s - 2.0, 0) * 0.4, 0.0)
                yield look(one.time_s, person(pavement(), x), None, rng)
            else:
                yield one

    assert len(told("obstacle", scene(), after_s=10)) == 1


def taken(until_s: float = 60.0) -> Iterator[Look]:
    """The bag belongs to the scene until somebody takes it at 30 s and is gone by 35 s."""
    rng = np.random.default_rng(3)
    for i in range(int(until_s * 2)):
        t = i / 2
        x = float(np.interp(t, [26, 30], [0.0, 0.44])) if t < 30 else 0.44 - (t - 30) * 0.12
        scene = pavement() if t >= 30 else with_bag(pavement())
        visible = t >= 26 and x > 0
        yield look(t, person(scene, x) if visible else scene, x if visible else None, rng)


def test_what_is_taken_away_is_reported_as_that_and_not_as_left() -> None:
    assert len(told("removed_object", taken(), after_s=10)) == 1
    assert told("abandoned_object", taken(), after_s=10) == []


def test_what_is_left_is_not_reported_as_taken() -> None:
    assert told("removed_object", deposit(), after_s=10) == []


def test_somebody_who_stood_there_for_long_is_not_taken_away_when_he_leaves() -> None:
    def scene() -> Iterator[Look]:
        rng = np.random.default_rng(5)
        for i in range(180):
            t = i / 2
            x = float(np.interp(t, [25, 29, 50, 54], [0.0, 0.44, 0.44, 1.0]))
            there = 25 <= t < 54
            seen = there and not 34 <= t < 48  # the detector loses who does not move
            yield look(t, person(pavement(), x) if there else pavement(), x if seen else None, rng)

    assert told("removed_object", scene(), after_s=8) == []


def test_light_that_falls_where_somebody_walked_is_no_thing() -> None:
    def scene() -> Iterator[Look]:
        rng, textured = np.random.default_rng(5), street()
        for i in range(100):
            t = i / 2
            lit = textured.astype(np.float64)
            if t >= 20:
                lit[180:230, 215:275] = (lit[180:230, 215:275] * 1.35).clip(0, 255)
            shown = np.asarray(lit, np.uint8)
            x = float(np.interp(t, [16, 24], [0.2, 0.9]))
            walks = 16 <= t < 24
            yield look(t, person(shown, x) if walks else shown, x if walks else None, rng)

    assert told("abandoned_object", scene(), after_s=8) == []


def test_what_lies_beside_somebody_is_no_obstacle_while_they_are_there() -> None:
    assert told("obstacle", deposit(leaves_s=None), after_s=10) == []


def test_a_patch_that_has_been_dark_and_light_in_turn_has_lost_no_thing() -> None:
    """Those who wait there cast their shadows on it, whether the detector sees them or not."""

    def scene() -> Iterator[Look]:
        rng = np.random.default_rng(5)
        turns = (20, 27, 31, 38, 42, 49, 53)
        for i in range(140):
            t = i / 2
            dark = sum(t >= turn for turn in turns) % 2 == 0
            x = next((float(np.interp(t - turn, [-1.5, 1.5], [0.1, 0.9])) for turn in turns if abs(t - turn) < 2), None)
            shown = with_bag(pavement()) if dark else pavement()
            yield look(t, shown if x is None else person(shown, x), x, rng)

    assert told("removed_object", scene(), after_s=8) == []


@pytest.mark.parametrize("leaves_s, reported", [(None, 0), (30.0, 1)])
def test_what_came_with_a_vehicle_is_its_shadow_while_one_stands_there(leaves_s: float | None, reported: int) -> None:
    def scene() -> Iterator[Look]:
        for one in deposit(leaves_s=leaves_s, until_s=50.0):
            vehicle = np.where(one.tracks.labels == "person", "car", one.tracks.labels)
            yield replace(one, tracks=replace(one.tracks, labels=vehicle))

    assert len(told("abandoned_object", scene(), after_s=10)) == reported

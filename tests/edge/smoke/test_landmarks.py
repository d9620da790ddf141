"""A camera is found from what it shows of known places, and is as far off as is said."""

import math
from dataclasses import replace

import numpy as np
import pytest

from common.geodesy import EARTH_M, place_at
from edge.smoke.bearing import Pose, angles_of
from edge.smoke.landmarks import CHECKED, Landmark, SurveyError, solve
from edge.smoke.raycast import REFRACTION

LAT, LON, ALTITUDE = 11.94, 108.44, 1500.0


def seen(pose, points, rng, click_error=0.0, altitude=True):
    """Return landmarks that the camera shows at about `points`."""
    marks = []
    for (x, y), (azimuth, elevation) in zip(points, angles_of(pose, points), strict=True):
        distance, turn = rng.uniform(1500, 12_000), math.radians(azimuth)
        lat, lon = place_at(LAT, LON, distance * math.sin(turn), distance * math.cos(turn))
        height = (
            ALTITUDE + distance * math.tan(math.radians(elevation)) + (1 - REFRACTION) * distance**2 / (2 * EARTH_M)
        )
        dx, dy = rng.normal(0, click_error, 2)
        marks.append(Landmark(x + dx, y + dy * pose.aspect, lat, lon, height if altitude else None))
    return marks


def some_pose(rng, **more):
    given = {"azimuth_deg": rng.uniform(0, 360), "tilt_deg": rng.uniform(-8, 3), "roll_deg": rng.normal(0, 2),
             "hfov_deg": rng.uniform(6, 75)}  # fmt: skip
    return Pose(LAT, LON, **{**given, **more})


def scattered(rng, n):
    return np.stack([(np.arange(n) + rng.uniform(0.1, 0.9, n)) / n, rng.uniform(0.2, 0.8, n)], axis=1)


def off_deg(solved, truth):
    apart = angles_of(solved.pose, CHECKED) - angles_of(truth, CHECKED)
    return np.abs((apart + 180) % 360 - 180)


@pytest.mark.parametrize("seed", range(5))
def test_clicks_without_error_give_the_pose_itself(seed):
    rng = np.random.default_rng(seed)
    truth = some_pose(rng, roll_deg=0.0)

    solved = solve(LAT, LON, ALTITUDE, seen(truth, scattered(rng, 5), rng), aspect=truth.aspect)

    assert off_deg(solved, truth).max() < 0.05
    assert solved.pose.hfov_deg == pytest.approx(truth.hfov_deg, rel=0.01)


@pytest.mark.parametrize("marks", [3, 4, 6, 8])
def test_bearings_are_as_far_off_as_is_said(marks):
    rng = np.random.default_rng(marks)
    within, stated = [], []
    for _ in range(60):
        truth = some_pose(rng, distortion=rng.normal(0, 0.02) if marks >= 6 else 0.0)
        solved = solve(LAT, LON, ALTITUDE, seen(truth, scattered(rng, marks), rng, 0.002), aspect=truth.aspect)
        within.append(np.sqrt((off_deg(solved, truth) ** 2).mean()) <= 2 * solved.pose.error_deg)
        stated.append(solved.pose.error_deg / truth.hfov_deg)
    print(f"{marks} landmarks: {np.mean(within):.0%} within two errors, stated {np.median(stated):.2%} of the view")

    assert np.mean(within) >= 0.95


def test_a_landmark_that_is_another_one_is_suspected():
    rng = np.random.default_rng(3)
    truth = some_pose(rng, hfov_deg=50)
    marks = seen(truth, scattered(rng, 7), rng, 0.001)
    marks[2] = replace(marks[2], x=marks[2].x + 0.08)

    assert 2 in solve(LAT, LON, ALTITUDE, marks, aspect=truth.aspect).suspects


def test_one_landmark_and_the_data_sheet_give_azimuth_and_tilt():
    rng = np.random.default_rng(4)
    truth = some_pose(rng, hfov_deg=40, roll_deg=0.0)

    solved = solve(LAT, LON, ALTITUDE, seen(truth, np.array([[0.4, 0.5]]), rng), aspect=truth.aspect, hfov_deg=40)

    assert off_deg(solved, truth).max() < 0.5 < 10 * solved.pose.error_deg


def test_what_does_not_say_enough_is_refused_with_what_is_missing():
    rng = np.random.default_rng(5)
    truth = some_pose(rng, hfov_deg=40)
    marks = seen(truth, scattered(rng, 3), rng)

    with pytest.raises(SurveyError, match="two landmarks"):
        solve(LAT, LON, ALTITUDE, marks[:1], aspect=truth.aspect)
    with pytest.raises(SurveyError, match="altitude"):
        solve(LAT, LON, None, marks, aspect=truth.aspect)
    with pytest.raises(SurveyError, match="one direction"):
        solve(LAT, LON, ALTITUDE, [marks[0], marks[0]], aspect=truth.aspect)

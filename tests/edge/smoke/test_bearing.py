"""Bearings and their crossing, on scenes whose truth is known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.smoke.bearing import EARTH_M, Bearing, Pose, bearing_of_box, bearing_of_point, cross

DA_LAT = Pose(11.94, 108.44, azimuth_deg=30, tilt_deg=0, hfov_deg=60)


def test_the_middle_of_the_picture_is_where_the_camera_looks():
    assert bearing_of_point(DA_LAT, 0.5, 0.5) == pytest.approx((30, 0))


def test_the_right_edge_is_half_the_field_of_view_clockwise():
    assert bearing_of_point(DA_LAT, 1.0, 0.5) == pytest.approx((60, 0))


def test_up_in_the_picture_is_up():
    azimuth, elevation = bearing_of_point(DA_LAT, 0.5, 0.0)

    assert azimuth == pytest.approx(30)
    assert elevation == pytest.approx(math.degrees(math.atan(math.tan(math.radians(30)) * 9 / 16)))


@given(st.floats(-30, 30), st.floats(0, 359.9))
def test_tilt_lifts_the_middle_and_leaves_its_azimuth(tilt, azimuth):
    pose = Pose(0, 0, azimuth, tilt, 60)

    assert bearing_of_point(pose, 0.5, 0.5) == pytest.approx((azimuth, tilt), abs=1e-6)


def test_a_wide_plume_has_a_less_certain_source():
    narrow, wide = (bearing_of_box(DA_LAT, (0.5 - w, 0.4, 0.5 + w, 0.5)) for w in (0.01, 0.2))

    assert wide.error_deg > 3 * narrow.error_deg
    assert narrow.azimuth_deg == pytest.approx(wide.azimuth_deg)


def at(east_m: float, north_m: float) -> Pose:
    lat = 12.0 + math.degrees(north_m / EARTH_M)
    lon = 108.0 + math.degrees(east_m / (EARTH_M * math.cos(math.radians(12.0))))
    return Pose(lat, lon, 0, 0, 60)


def sight(pose: Pose, fire: Pose, error_deg: float, noise_deg: float = 0.0) -> tuple[Pose, Bearing]:
    east = (fire.lon - pose.lon) * math.cos(math.radians(12.0))
    azimuth = math.degrees(math.atan2(east, fire.lat - pose.lat)) + noise_deg
    return pose, Bearing(azimuth % 360, 0, error_deg)


def test_two_true_bearings_cross_at_the_fire():
    fire = at(4000, 7000)

    fix = cross([sight(at(0, 0), fire, 0.5), sight(at(9000, 1000), fire, 0.5)])

    assert fix is not None
    assert (fix.lat, fix.lon) == pytest.approx((fire.lat, fire.lon), abs=1e-4)


def test_bearings_that_part_or_run_side_by_side_cross_nowhere():
    away = (at(0, 0), Bearing(270, 0, 1)), (at(5000, 0), Bearing(90, 0, 1))
    beside = (at(0, 0), Bearing(0, 0, 1)), (at(5000, 0), Bearing(0, 0, 1))

    assert cross(away) is None
    assert cross(beside) is None
    assert cross(away[:1]) is None


def test_the_truth_lies_within_the_95_percent_ellipse_in_about_95_percent_of_scenes():
    rng = np.random.default_rng(7)
    inside = total = 0
    for _ in range(400):
        fire = at(*rng.uniform(3000, 9000, 2))
        cameras = [at(0, 0), at(11000, rng.uniform(-2000, 2000))]
        fix = cross([sight(camera, fire, 0.7, rng.normal(0, 0.7)) for camera in cameras])
        if fix is None:
            continue
        total += 1
        east = math.radians(fire.lon - fix.lon) * EARTH_M * math.cos(math.radians(12.0))
        north = math.radians(fire.lat - fix.lat) * EARTH_M
        turn = math.radians(fix.major_azimuth_deg)
        along = east * math.sin(turn) + north * math.cos(turn)
        across = east * math.cos(turn) - north * math.sin(turn)
        inside += math.hypot(along / fix.major_m, across / fix.minor_m) <= 2.45  # 95 % of a two-dimensional normal

    assert total > 380
    assert inside / total >= 0.93

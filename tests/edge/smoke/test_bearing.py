"""Bearings and their crossing, on scenes whose truth is known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.smoke.bearing import Pose, angles_of, bearing_of_box, bearing_of_point, points_at

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


poses = st.builds(
    Pose,
    lat=st.just(11.94),
    lon=st.just(108.44),
    azimuth_deg=st.floats(0, 359.9),
    tilt_deg=st.floats(-25, 25),
    hfov_deg=st.floats(3, 100),
    roll_deg=st.floats(-15, 15),
    distortion=st.floats(-0.12, 0.12),
)


@given(poses, st.floats(0.02, 0.98), st.floats(0.02, 0.98))
def test_what_is_seen_at_a_bearing_appears_where_it_was_seen(pose, x, y):
    point = np.array([[x, y]])

    assert points_at(pose, angles_of(pose, point)) == pytest.approx(point, abs=1e-6)


def test_a_camera_that_is_rolled_clockwise_sees_the_horizon_rise_to_the_right():
    rolled = Pose(11.94, 108.44, 30, 0, 60, roll_deg=10)

    horizon = points_at(rolled, np.array([[10.0, 0.0], [50.0, 0.0]]))

    assert horizon[1, 1] < 0.5 < horizon[0, 1]


def test_behind_the_camera_nothing_appears():
    assert np.isnan(points_at(DA_LAT, np.array([[210.0, 0.0]]))).all()

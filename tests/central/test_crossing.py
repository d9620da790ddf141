"""Bearings cross at the fire; the stated area holds the truth; what does not belong is left out."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from central.crossing import Sight, cross, locate, may_be_one
from common.geodesy import Ellipse, metres_between, place_at
from tests.central.support import at

LAT, LON = 12.0, 108.0


def place(east_m, north_m):
    return place_at(LAT, LON, east_m, north_m)


def sight(camera, east_m, north_m, fire, *, error_deg=0.5, noise_deg=0.0, **more):
    lat, lon = place(east_m, north_m)
    east, north = metres_between(lat, lon, *fire)
    azimuth = (math.degrees(math.atan2(east, north)) + noise_deg) % 360
    return Sight(f"a/b/{camera}", "forest#1", at(0), lat, lon, azimuth, error_deg, 30_000.0, **more)


FIRE = place(4000, 7000)
WEST, EAST, SOUTH = (
    sight(n, *where, FIRE) for n, where in {"w": (0, 0), "e": (9000, 1000), "s": (3000, -4000)}.items()
)


def distance_m(ellipse, fire=FIRE):
    return math.hypot(*metres_between(ellipse.lat, ellipse.lon, *fire))


def test_true_bearings_cross_at_the_fire():
    assert distance_m(cross([WEST, EAST])) < 60
    assert cross([WEST, EAST, SOUTH]).minor_m < cross([WEST, EAST]).minor_m


def test_bearings_that_part_run_side_by_side_or_meet_out_of_reach_cross_nowhere():
    assert cross([replace(WEST, azimuth_deg=270), replace(EAST, azimuth_deg=90)]) is None
    assert cross([replace(WEST, azimuth_deg=0), replace(EAST, azimuth_deg=0)]) is None
    assert cross([replace(WEST, far_m=2000), EAST]) is None
    assert cross([WEST]) is None


def test_a_bearing_that_the_others_contradict_is_left_out():
    wrong = replace(sight("x", 6000, -3000, place(-3000, 5000)), camera="a/b/x")

    fix = locate([WEST, wrong, EAST, SOUTH])

    assert ({"a/b/w", "a/b/e", "a/b/s"}, "crossing") == ({s.camera for s in fix.sights}, fix.by)
    assert distance_m(fix.ellipse) < 60


def test_one_camera_with_terrain_has_its_own_fix_and_without_it_none():
    alone = Ellipse(*FIRE, 900, 50, 30)

    assert ("terrain", alone) == (
        locate([replace(WEST, ellipse=alone)]).by,
        locate([replace(WEST, ellipse=alone)]).ellipse,
    )
    assert locate([WEST]) is None
    assert locate([]) is None


def test_two_fires_far_apart_on_the_lines_are_not_one_when_the_ground_says_so():
    near = Ellipse(*place(1000, 1750), 300, 50, 30)  # on the line of WEST, but 6 km before the crossing

    assert may_be_one([WEST], [EAST])
    assert not may_be_one([replace(WEST, ellipse=near)], [EAST])


def test_two_cameras_on_one_mast_are_one_when_they_look_the_same_way():
    beside = sight("ptz", 10, 5, FIRE)

    assert may_be_one([WEST], [beside])
    assert not may_be_one([WEST], [replace(beside, azimuth_deg=WEST.azimuth_deg + 15)])
    assert not may_be_one([WEST], [replace(WEST, cause="forest#2")])


@settings(max_examples=50, deadline=None)
@given(st.permutations([WEST, EAST, SOUTH]))
def test_the_order_in_which_they_are_told_changes_nothing(order):
    assert locate(order).ellipse.lat == pytest.approx(locate([WEST, EAST, SOUTH]).ellipse.lat, abs=1e-5)


@pytest.mark.parametrize("cameras", [2, 3, 4])
@pytest.mark.parametrize("error_deg", [0.2, 0.7, 1.5])
def test_the_truth_lies_in_the_stated_area_in_95_of_100_scenes(cameras, error_deg):
    rng = np.random.default_rng(7)
    inside, sizes = [], []
    for _ in range(400):
        fire = place(*rng.uniform(-9000, 9000, 2))
        seen = []
        for n in range(cameras):
            where = rng.uniform(-10_000, 10_000, 2)
            seen.append(sight(f"c{n}", *where, fire, error_deg=error_deg, noise_deg=rng.normal(0, error_deg)))
        ellipse = cross(seen)
        if ellipse is not None:
            inside.append(ellipse.holds(*fire))
            sizes.append(ellipse.major_m)
    share, half_axis_m = float(np.mean(inside)), float(np.median(sizes))
    print(f"{cameras} cameras, {error_deg}°: {len(inside)} of 400, {share:.1%} inside, half axis {half_axis_m:.0f} m")

    assert len(inside) > 300
    assert share >= 0.95

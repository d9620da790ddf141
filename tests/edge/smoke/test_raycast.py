"""The line of sight meets the ground where it should, and the stated area holds the truth as often as it says."""

import math

import numpy as np
import pytest

from common.geodesy import EARTH_M, metres_between, place_at
from edge.smoke.bearing import Bearing, Pose, bearing_of_box, points_at
from edge.smoke.raycast import NEAREST_M, REFRACTION, land
from tests.edge.smoke.landscape import CELL_DEG, CELLS, LAT, LON, height, hills

SIDE_M = CELLS * CELL_DEG * 111_000


def flat():
    return hills(1, height_m=0.0)


def camera(terrain, east_m=SIDE_M / 2, north_m=500.0, mast_m=20.0, **more):
    lat, lon = place_at(LAT, LON, east_m, north_m)
    return Pose(lat, lon, **{"azimuth_deg": 0.0, "tilt_deg": 0.0, "hfov_deg": 60.0, "height_m": mast_m, **more})


def test_on_flat_ground_it_lands_where_the_mast_and_the_angle_say():
    pose = camera(flat(), mast_m=100.0)

    landing = land(pose, Bearing(0.0, -2.0, 0.05, 0.02), flat())

    _, north = metres_between(pose.lat, pose.lon, landing.ellipse.lat, landing.ellipse.lon)
    assert north == pytest.approx(100 / math.tan(math.radians(2)), rel=0.03)
    assert landing.ellipse.azimuth_deg == pytest.approx(0, abs=3) or landing.ellipse.azimuth_deg > 177


def test_what_is_seen_against_the_sky_is_nowhere():
    assert land(camera(flat()), Bearing(0.0, 3.0, 0.2, 0.2), flat()) is None


def test_a_camera_outside_the_known_terrain_places_nothing():
    assert land(Pose(30.0, 100.0, 0, 0, 60), Bearing(0, -1, 0.2, 0.2), flat()) is None


def test_the_same_bearing_gives_the_same_place():
    bearing = Bearing(10.0, -0.8, 0.5, 0.3)

    assert land(camera(flat()), bearing, flat()) == land(camera(flat()), bearing, flat())


def is_seen(terrain, pose, distance_m, azimuth_deg):
    """Return (elevation of the ground there, of the highest ground before it), in degrees."""
    steps = np.arange(NEAREST_M, distance_m, 20.0)
    turn = math.radians(azimuth_deg)
    places = [place_at(pose.lat, pose.lon, d * math.sin(turn), d * math.cos(turn)) for d in (*steps, distance_m)]
    ground = terrain.at(*np.array(places).T)
    far = np.array([*steps, distance_m])
    rise = ground - height(terrain, pose.lat, pose.lon) - pose.height_m - (1 - REFRACTION) * far**2 / (2 * EARTH_M)
    angles = np.degrees(np.arctan2(rise, far))
    return float(angles[-1]), float(angles[:-1].max())


def watch_tower(terrain, rng):
    """Return a camera on the highest of eight places: nobody builds a tower in a valley, nor always on the summit."""
    places = rng.uniform((4000, 1000), (SIDE_M - 4000, 6000), (8, 2))
    east, north = max(places, key=lambda place: height(terrain, *place_at(LAT, LON, *place)))
    return camera(terrain, east, north, rng.uniform(10, 40))


def scene(rng, seed, error_deg):
    """Return a fire that a camera sees, or whose smoke it sees over a crest: (pose believed, box, terrain, fire)."""
    truth, known = hills(seed), hills(seed, noise_m=5.0)
    while True:
        right = watch_tower(truth, rng)
        azimuth, distance = rng.uniform(-35, 35), rng.uniform(800, 12_000)
        ground, crest = is_seen(truth, right, distance, azimuth)
        if ground > crest or (rng.random() < 0.25 and crest - ground < math.degrees(300 / distance)):
            break
    turn = math.radians(azimuth)
    fire = place_at(right.lat, right.lon, distance * math.sin(turn), distance * math.cos(turn))
    looks = azimuth + rng.uniform(-20, 20)
    right = camera(truth, *metres_between(LAT, LON, right.lat, right.lon), right.height_m,
                   azimuth_deg=looks % 360, tilt_deg=rng.uniform(-4, 1))  # fmt: skip
    ((x, y),) = points_at(right, np.array([[azimuth, max(ground, crest)]]))
    wide, tall = rng.uniform(0.01, 0.06), rng.uniform(0.02, 0.08)
    x, y = x + rng.normal(0, 0.25 * wide), y + rng.normal(0, 0.1 * tall)
    wrong = rng.normal(0, error_deg, 2)
    believed = Pose(right.lat, right.lon, (right.azimuth_deg + wrong[0]) % 360, right.tilt_deg + wrong[1], 60.0,
                    error_deg=error_deg, height_m=right.height_m)  # fmt: skip
    return believed, (x - wide / 2, y - tall, x + wide / 2, y), known, fire


@pytest.mark.parametrize("error_deg", [0.1, 0.3, 1.0])
def test_the_truth_lies_in_the_stated_area_in_95_of_100_scenes(error_deg):
    rng = np.random.default_rng(11)
    inside, sizes, placed = 0, [], 0
    for seed in range(120):
        pose, box, terrain, fire = scene(rng, seed % 12, error_deg)
        landing = land(pose, bearing_of_box(pose, box), terrain)
        if landing is None:
            continue
        placed += 1
        inside += landing.ellipse.holds(*fire)
        sizes.append(landing.ellipse.major_m)
    share, half_axis_m = inside / placed, float(np.median(sizes))
    print(f"{error_deg}°: {placed} of 120 placed, {share:.1%} inside, half axis {half_axis_m:.0f} m")

    assert placed >= 60
    assert share >= 0.95

"""A smoke finding says where the fire is, as exactly as is known, and says so when its bearing means nothing."""

import numpy as np
import pytest

from edge.camera import Told
from edge.poses import Stance
from edge.rules.base import Seen
from edge.smoke.placing import Placer, pose_of
from edge.terrain import Grid, Terrain
from tests.edge.scenes import NOON, camera, finding, picture

PLACE = {"lat": 11.94, "lon": 108.44, "height_m": 100, "azimuth_deg": 350, "tilt_deg": -2, "hfov_deg": 60}
PLAIN = Terrain([Grid(np.full((400, 400), 900.0), 12.1, 108.3, 1 / 1000, 1 / 1000, None)])
PRESETS = [
    {"name": "north", "picture": "n.jpg", "azimuth_deg": 0, "tilt_deg": -2, "hfov_deg": 40},
    {"name": "east", "picture": "e.jpg", "azimuth_deg": 90, "tilt_deg": -2, "hfov_deg": 40},
]


def smoke(kind="smoke", phase="start", stance=Stance(), box=(0.495, 0.49, 0.505, 0.5), **detail):  # noqa: B008  frozen
    found = finding(10.0, kind=kind, phase=phase, objects=(Seen(1, kind, box, 0.8),), detail=detail)
    return Told(found, "forest", NOON, NOON, None, picture(), stance)


def at(**more):
    return camera(position={**PLACE, **more})


def test_without_terrain_it_is_a_bearing_from_the_camera_with_an_open_range():
    placed = Placer().place(at(), smoke())

    assert (11.94, 108.44, 350.0, None) == tuple(placed.position.model_dump().values())
    assert (350.0, -2.0, [0, 30_000]) == tuple(
        placed.detail["bearing"][key] for key in ("azimuth_deg", "elevation_deg", "range_m")
    )
    assert "ellipse" not in placed.detail


def test_with_terrain_it_is_the_place_of_the_fire_with_its_error():
    placed = Placer(PLAIN).place(at(error_deg=0.1), smoke())

    north_m = (placed.position.lat - 11.94) * 111_195
    assert north_m == pytest.approx(100 / np.tan(np.radians(2)) * np.cos(np.radians(10)), rel=0.1)
    assert placed.position.accuracy_m == placed.detail["ellipse"]["major_m"] > 100
    assert 350.0 == placed.position.bearing_deg


@pytest.mark.parametrize(
    ("stance", "reason"), [(Stance(void="moved"), "moved"), (Stance("east", void="stuck"), "stuck")]
)
def test_a_camera_that_is_not_where_it_was_measured_gives_no_bearing(stance, reason):
    placed = Placer(PLAIN).place(at(), smoke(stance=stance))

    assert {"bearing_void": reason} == placed.detail
    assert (11.94, None, None) == (placed.position.lat, placed.position.bearing_deg, placed.position.accuracy_m)


def test_while_the_camera_is_reported_moved_its_bearings_are_void():
    placer = Placer()

    placer.place(at(), smoke("moved", "start"))
    during = placer.place(at(), smoke())
    placer.place(at(), smoke("moved", "end"))
    after = placer.place(at(), smoke())

    assert ("moved", None) == (during.detail.get("bearing_void"), after.detail.get("bearing_void"))


def test_each_preset_has_its_own_bearing_and_a_finding_may_name_another_than_the_present_one():
    placer, turning = Placer(), at(poses=PRESETS)

    now = placer.place(turning, smoke(stance=Stance("east")))
    earlier = placer.place(turning, smoke(stance=Stance("east"), pose="north"))
    between = placer.place(turning, smoke(stance=Stance(None)))

    assert (90.0, 0.0) == (now.position.bearing_deg, earlier.position.bearing_deg)
    assert (None, {}) == (between.position.bearing_deg, between.detail)


def test_a_picture_that_has_slid_turns_the_bearing_back():
    slid = pose_of(at().position, "", 16 / 9, (0.01, 0.0))

    assert 349.4 == pytest.approx(slid.azimuth_deg)


def test_what_is_not_a_fire_is_not_placed():
    assert Placer(PLAIN).place(at(), smoke("intrusion")) is None
    assert Placer(PLAIN).place(camera(), smoke()) is None


def test_the_end_of_a_fire_is_where_it_was_even_if_the_camera_looks_elsewhere_by_then():
    placer, turning = Placer(), at(poses=PRESETS)

    started = placer.place(turning, smoke(stance=Stance("east")))
    ended = placer.place(turning, smoke(phase="end", stance=Stance("north")))
    again = placer.place(turning, smoke(phase="end", stance=Stance("north")))

    assert (started, None) == (ended, again.position.bearing_deg)

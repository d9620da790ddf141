"""A camera's pose is recognised from what it shows; one that was turned says so, and fog is no turn."""

import cv2
import numpy as np
import pytest

from common.config import ConfigError
from edge.pose_pictures import keep_learned, pose_watch
from edge.poses import PoseWatch
from rtsp.picture import VideoPicture
from tests.edge.scenes import camera

RNG = np.random.default_rng(4)
PLACE = {"lat": 11.9, "lon": 108.4, "azimuth_deg": 10, "tilt_deg": -2, "hfov_deg": 60}


def panorama():
    """Return hills all around, 4,000 pixels of them: what a mast sees."""
    ground = np.zeros((540, 4000), np.float32)
    for every, share in ((200, 40), (40, 25), (10, 18), (4, 10)):
        rough = RNG.normal(size=(540 // every + 2, 4000 // every + 2)).astype(np.float32)
        ground += share * cv2.resize(rough, (4000, 540), interpolation=cv2.INTER_CUBIC)
    ridge = 180 + 60 * np.sin(np.arange(4000) / 170) + 20 * np.sin(np.arange(4000) / 37)
    sky = np.arange(540)[:, None] < ridge
    return np.where(sky, 215, 90 + ground).clip(0, 255).astype(np.uint8)


HILLS = panorama()


def view(start, *, light=1.0, noise=2.0, fog=0.0, height=540):
    seen = HILLS[:height, round(start) : round(start) + 960].astype(np.float32)
    seen = (1 - fog) * seen * light + fog * 190 + RNG.normal(0, noise, seen.shape)
    return VideoPicture.of(cv2.cvtColor(seen.clip(0, 255).astype(np.uint8), cv2.COLOR_GRAY2BGR))


def gray(start):
    return view(start, noise=0).gray(480, 270)


def watched(watch, *pictures, step_s=20.0):
    return [watch.look(picture, n * step_s) for n, picture in enumerate(pictures)]


def test_a_camera_that_stands_still_stays_in_its_pose_by_any_light():
    stances = watched(PoseWatch(), *(view(500, light=light) for light in np.linspace(1.0, 0.3, 30)), step_s=400)

    assert {("", None)} == {(stance.pose, stance.void) for stance in stances}
    assert max(abs(shift) for stance in stances for shift in stance.shift) < 0.004


def test_a_mount_that_sags_a_little_is_corrected_for():
    stances = watched(PoseWatch(), view(500), view(500 + 15), step_s=1000)

    assert (None, pytest.approx(-15 / 960, abs=0.003)) == (stances[-1].void, stances[-1].shift[0])


@pytest.mark.parametrize("turn", [60, 250, 2500])
def test_a_camera_that_was_turned_is_void_until_it_is_turned_back(turn):
    watch = PoseWatch()

    stances = watched(watch, view(500), *31 * [view(500 + turn)])
    back = watch.look(view(500), 2000.0)

    assert "moved" == stances[-1].void
    assert ("", None) == (back.pose, back.void)


def test_fog_and_a_black_picture_are_no_turn():
    hidden = [view(500, fog=0.99, noise=1), view(500, light=0.02, noise=1)]

    stances = watched(PoseWatch(), view(500), *6 * hidden, view(500))

    assert {("", None)} == {(stance.pose, stance.void) for stance in stances}


def test_presets_are_recognised_by_their_pictures_and_between_them_nothing_is_known():
    watch = PoseWatch({"north": gray(300), "east": gray(1500), "south": gray(2800)})

    stances = watched(watch, view(300), view(900), view(1500, light=0.8), view(2810))

    assert ["north", None, "east", "south"] == [stance.pose for stance in stances]
    assert [None, "unknown", None, None] == [stance.void for stance in stances]


def test_a_patrol_that_no_longer_turns_is_stuck():
    watch = PoseWatch({"north": gray(300), "east": gray(1500)}, patrol_s=60)

    stances = watched(watch, view(300), view(1500), *5 * [view(1500)], view(300))

    assert [None, None, None, None, None, None, "stuck", None] == [stance.void for stance in stances]


def test_a_camera_that_was_turned_while_the_node_was_off_is_noticed(tmp_path):
    settings = camera(position=PLACE)
    first = pose_watch(settings, tmp_path)
    first.look(view(500), 0.0)
    keep_learned(settings, first, tmp_path)

    again = watched(pose_watch(settings, tmp_path), *31 * [view(2500)])
    measured_anew = watched(pose_watch(camera(position={**PLACE, "azimuth_deg": 80}), tmp_path), *4 * [view(2500)])

    assert ("moved", None) == (again[-1].void, measured_anew[-1].void)


def test_a_preset_without_its_picture_is_refused(tmp_path):
    preset = {"name": "north", "picture": str(tmp_path / "no.jpg"), "azimuth_deg": 0, "tilt_deg": 0, "hfov_deg": 40}

    with pytest.raises(ConfigError, match=r"no.jpg: not a picture"):
        pose_watch(camera(position={**PLACE, "poses": [preset]}), tmp_path)

"""`ioc camera calibrate --horizon` on a picture of known hills: the pose comes back, and the scale is drawn over it."""

import json
import subprocess
import sys

import cv2
import numpy as np
import pytest

from edge.smoke.bearing import Pose, points_at
from edge.smoke.raycast import skyline
from edge.terrain import read_terrain
from tests.mqtt.support import ROOT

SIDE = 1201
TRUTH = Pose(11.3, 108.5, azimuth_deg=20.0, tilt_deg=-1.5, hfov_deg=55.0, roll_deg=1.2, height_m=25.0)


@pytest.fixture(scope="module")
def hills(tmp_path_factory):
    rng = np.random.default_rng(2)
    rough = sum(w * cv2.resize(rng.normal(size=(n, n)), (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
                for n, w in ((8, 1.0), (30, 0.4), (120, 0.1)))  # fmt: skip
    rows, columns = np.mgrid[0:SIDE, 0:SIDE] / (SIDE - 1)
    ground = 900 + 120 * rough + 700 * np.exp(-(((1 - rows - 0.3) ** 2 + (columns - 0.5) ** 2) / 0.001))
    file = tmp_path_factory.mktemp("terrain") / "N11E108.hgt"
    ground.astype(">i2").tofile(file)
    return file


def painted(terrain):
    """Return a picture of what the camera sees: sky above the skyline, forest below."""
    xs = np.linspace(0, 1, 1280)
    picture = np.full((720, 1280, 3), (230, 200, 160), np.uint8)
    azimuths = TRUTH.azimuth_deg + np.linspace(-40, 40, 1600)
    line = points_at(TRUTH, np.stack([azimuths, skyline(TRUTH, azimuths, terrain)], axis=1))
    tops = np.interp(xs, line[:, 0], line[:, 1]) * 720
    picture[np.arange(720)[:, None] > tops] = (60, 90, 50)
    return picture


def peaks(terrain, count=5):
    """Return places on the ground that the camera sees, each with where it appears."""
    marks, rng = [], np.random.default_rng(9)
    while len(marks) < count:
        lat, lon = rng.uniform(11.36, 11.6), rng.uniform(108.5, 108.72)
        east = (lon - TRUTH.lon) * 111_195 * np.cos(np.radians(11.4))
        north = (lat - TRUTH.lat) * 111_195
        own = terrain.at(np.array([TRUTH.lat, lat]), np.array([TRUTH.lon, lon]))
        distance = np.hypot(east, north)
        rise = own[1] - own[0] - TRUTH.height_m - 0.87 * distance**2 / (2 * 6371008.8)
        point = points_at(
            TRUTH, np.array([[np.degrees(np.arctan2(east, north)), np.degrees(np.arctan2(rise, distance))]])
        )
        (x, y) = point[0]
        if 0.03 < x < 0.97 and 0.03 < y < 0.97 and all(abs(x - other[0]) > 0.1 for other in marks):
            marks.append((x + rng.normal(0, 0.001), y + rng.normal(0, 0.001), lat, lon))
    return marks


def calibrate(picture, *more):
    """Run the real command; return (exit code, standard output, standard error)."""
    command = [sys.executable, "-m", "ioc.main", "camera", "calibrate", str(picture), "--horizon", *more]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100, check=False)
    return done.returncode, done.stdout, done.stderr


def test_landmarks_give_the_pose_with_its_error_and_a_picture_to_judge_it_by(hills, tmp_path):
    terrain = read_terrain(hills)
    picture, chart = tmp_path / "seen.png", tmp_path / "chart.png"
    cv2.imwrite(str(picture), painted(terrain))
    marks = [part for mark in peaks(terrain) for part in ("--landmark", ",".join(f"{v:.5f}" for v in mark))]

    given = ["--at", f"{TRUTH.lat},{TRUTH.lon}", "--height", "25", "--terrain", str(hills)]
    code, stdout, stderr = calibrate(picture, *given, "--grid", str(chart), "--json", *marks)

    assert 0 == code, stderr
    found = json.loads(stdout)["position"]
    within = 3 * found["error_deg"]
    assert TRUTH.azimuth_deg == pytest.approx(found["azimuth_deg"], abs=within)
    assert TRUTH.tilt_deg == pytest.approx(found["tilt_deg"], abs=within)
    assert found["error_deg"] < 0.4
    assert found["hfov_deg"] == pytest.approx(TRUTH.hfov_deg, rel=0.02)
    assert cv2.absdiff(cv2.imread(str(chart)), cv2.imread(str(picture))).any()


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ([], "--at LAT,LON"),
        (["--at", "11.3"], "2 numbers"),
        (["--at", "11.3,108.5", "--landmark", "0.5,0.5,11.4,108.5"], "two landmarks"),
        (["--at", "11.3,108.5", *2 * ["--landmark", "0.5,0.5,11.4,108.5"]], "altitude"),
    ],
)
def test_what_is_missing_is_said_in_one_sentence(tmp_path, more, message):
    picture = tmp_path / "seen.png"
    cv2.imwrite(str(picture), np.zeros((90, 160, 3), np.uint8))

    code, _, stderr = calibrate(picture, *more)

    assert (2, True) == (code, message in stderr)

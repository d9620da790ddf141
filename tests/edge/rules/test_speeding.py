"""Speeds with their errors, and who is reported for them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from common.config import ConfigError, read_config
from edge.config import ViewSettings
from edge.ground import Ground, GroundSettings
from edge.rules.base import Finding
from edge.rules.speeds import Speeds
from tests.edge.rules.scenes import GROUND, Box, at, looks, rule, starts, straight, tell, thing

PICTURE_M = 50.0
Path_ = list[tuple[float, Box]]


def drive(kmh: float, *, jitter: float = 0.0, seed: int = 1) -> Path_:
    """Down the picture of the scene's camera, from straight above, at 5 looks a second."""
    rng = np.random.default_rng(seed)
    seconds = 0.8 * PICTURE_M / (kmh / 3.6)
    path = straight(0, min(seconds, 6.0), at(0.5, 0.12), at(0.5, 0.12 + min(6.0 / seconds, 1.0) * 0.8))
    off = [rng.normal(0, jitter) for _ in range(200)]
    return [(t, (x0, y0 + d, x1, y1 + d)) for (t, (x0, y0, x1, y1)), d in zip(path, off, strict=False)]


def speeding(
    limit_kmh: float, path: list[tuple[float, tuple[float, float, float, float]]], **more: float
) -> list[Finding]:
    return tell(rule("speeding", limit_kmh=limit_kmh, **more), looks([thing(1, "car", path)], 6))


def test_who_is_clearly_too_fast_is_reported_once_with_speed_error_and_the_warning():
    findings = starts(speeding(50, drive(70)))

    assert len(findings) == 1
    detail = findings[0].detail
    assert detail["speed_kmh"] == pytest.approx(70, rel=0.03)
    assert 0 < detail["error_kmh"] < 5
    assert "not evidence" in detail["use"]


def test_half_as_many_looks_tell_of_speeding_in_the_same_view():
    half_as_many = looks([thing(1, "car", drive(100))], 6, step_s=0.4)

    assert len(starts(tell(rule("speeding", limit_kmh=70), half_as_many))) == 1


def test_who_is_in_view_for_less_than_a_second_is_reported():
    assert len(starts(speeding(110, drive(160)))) == 1


@pytest.mark.parametrize("kmh", [30, 48, 51])
def test_who_keeps_the_limit_or_is_over_it_by_less_than_the_error_is_not(kmh: float):
    assert speeding(50, drive(kmh)) == []


def test_boxes_that_jitter_do_not_speed():
    assert [f for seed in range(20) for f in speeding(50, drive(42, jitter=0.006, seed=seed))] == []


def test_a_coarse_calibration_reports_only_gross_speeding():
    coarse = Ground(GroundSettings.model_validate({**GROUND, "scale_error": 0.2}), 1.0)
    speeds = Speeds(coarse)

    told = [speeds.update(look.tracks, look.time_s) for look in looks([thing(1, "car", drive(60))], 2)]

    speed, error = (float(3.6 * part[0]) for part in told[-1])
    assert speed == pytest.approx(60, rel=0.02)
    assert error == pytest.approx(12, rel=0.1)


def test_the_stated_error_is_the_error():
    ground = Ground(GroundSettings.model_validate({**GROUND, "scale_error": 0.0}), 1.0)
    got, stated = [], []
    for seed in range(60):
        speeds = Speeds(ground)
        for look in looks([thing(1, "car", drive(36, jitter=0.008, seed=seed))], 3):
            told = speeds.update(look.tracks, look.time_s)
        got.append(float(told[0][0]))
        stated.append(float(told[1][0]))

    assert np.mean(stated) == pytest.approx(np.std(got), rel=0.35)


def test_a_box_that_the_border_cuts_has_no_speed():
    ground = Ground(GroundSettings.model_validate(GROUND), 1.0)
    speeds = Speeds(ground)
    leaving = thing(1, "car", straight(0, 3, at(0.5, 0.999, 0.3), at(0.5, 0.999, 0.1)))

    told = [speeds.update(look.tracks, look.time_s) for look in looks([leaving], 3)]

    assert all(np.isnan(speed).all() for speed, _ in told)


def test_without_a_ground_the_file_is_refused_and_says_what_to_do(tmp_path: Path):
    (tmp_path / "view.yaml").write_text("rules: [{kind: speeding, name: fast, limit_kmh: 50}]")

    with pytest.raises(ConfigError, match="ioc camera calibrate"):
        read_config(tmp_path / "view.yaml", ViewSettings)

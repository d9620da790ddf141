"""What a long run says of growth, and how its cameras are broken."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from benchmarks.soak import Sample, Troublemaker, break_camera, growth, warm_up_s
from rtsp.simulator import Simulator


def samples(*, leak_mb_per_h: float = 0.0, fds: tuple[int, int] = (60, 60), seconds: int = 7200) -> list[Sample]:
    rng = random.Random(2)
    return [
        Sample(
            at_s=at_s,
            rss_mb=300 + leak_mb_per_h * at_s / 3600 + rng.gauss(0, 0.3),
            fds=fds[at_s > seconds / 2],
            threads=20,
            latency_ms=None if at_s < 20 else 40 + rng.random(),
            online=8,
            central_rss_mb=120.0,
        )
        for at_s in range(0, seconds, 5)
    ]


def test_a_box_that_holds_still_is_called_steady():
    found = growth(samples(), 600)

    assert found["steady"] is True
    assert abs(found["rss_mb_per_h"]) < 0.2
    assert (found["fds_grown"], found["threads_grown"]) == (0, 0)
    assert abs(found["latency_drift_ms"]) < 1


def test_a_leak_is_not():
    found = growth(samples(leak_mb_per_h=3.0), 600)

    assert found["steady"] is False
    assert found["rss_mb_per_h"] == pytest.approx(3.0, abs=0.2)


def test_descriptors_that_are_never_closed_are_not():
    found = growth(samples(fds=(60, 75)), 600)

    assert found["steady"] is False
    assert found["fds_grown"] == 15


def test_a_run_of_seconds_is_too_short_to_tell():
    assert growth(samples(leak_mb_per_h=900.0, seconds=40), 10)["steady"] is None
    assert growth([], 0)["steady"] is None


def test_the_warm_up_is_never_the_whole_run():
    assert warm_up_s(7200) == 600
    assert warm_up_s(60) == 15


def test_each_camera_breaks_about_as_often_as_asked():
    troubles = Troublemaker(["a", "b", "c", "d"], ["cut", "stall:0:5"], 60.0, random.Random(7))

    broken = [found for now_s in range(0, 36_000, 3) for found in troubles.take(now_s)]

    assert len(broken) == pytest.approx(4 * 600, rel=0.1)
    assert {camera for camera, _ in broken} == {"a", "b", "c", "d"}
    assert troubles.done["cut"] + troubles.done["stall"] == len(broken)


def test_the_same_seed_breaks_the_same_cameras():
    first, second = (Troublemaker(["a", "b"], ["cut", "stall"], 10.0, random.Random(3)) for _ in range(2))

    assert list(first.take(100.0)) == list(second.take(100.0))


@pytest.fixture
def film(tmp_path: Path) -> Path:
    import numpy as np

    from rtsp.simulator.transcode import encode_pictures

    pictures = (np.full((64, 96, 3), shade, np.uint8) for shade in range(0, 100, 4))
    encode_pictures(pictures, tmp_path / "film.mp4", fps=25, gop=5, bitrate_bps=100_000)
    return tmp_path / "film.mp4"


def test_a_simulated_camera_is_broken_over_rtsp(film: Path):
    with Simulator([film]) as simulator:
        break_camera(simulator.port, "film", "stall:0:1")

        with pytest.raises(RuntimeError, match="was not to be broken by 'explode'"):
            break_camera(simulator.port, "film", "explode")
        with pytest.raises(RuntimeError, match="404"):
            break_camera(simulator.port, "nowhere", "cut")

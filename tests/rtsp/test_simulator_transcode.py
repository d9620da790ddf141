"""Clips for demonstrations and benchmarks: of the size, rate and key-frame interval that was asked for."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from rtsp.simulator.clip import Clip, NotServable
from rtsp.simulator.scene import make_scene
from rtsp.simulator.transcode import encode_pictures, to_h264
from tests.rtsp.simulator_films import scene_with_b_frames, small_scene


def test_a_clip_becomes_what_was_asked_for(tmp_path: Path) -> None:
    source = make_scene(tmp_path / "in.mp4", width=320, height=192, fps=10, seconds=3)
    told: list[float] = []

    count = to_h264(
        source, tmp_path / "out.mp4", width=640, height=360, fps=25, gop=25, seconds=2, progress=told.append
    )

    clip = Clip.read(tmp_path / "out.mp4")
    assert count == len(clip.units) == 50
    assert (clip.width, clip.height, round(clip.fps)) == (640, 360, 25)
    assert [number for number, unit in enumerate(clip.units) if unit.key] == [0, 25]
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_the_bit_rate_is_met(tmp_path: Path) -> None:
    pictures = np.random.default_rng(5).integers(0, 255, (1, 180, 320, 3), np.uint8).repeat(2, axis=1).repeat(2, axis=2)
    noise = [np.roll(pictures[0], 7 * n, axis=1) for n in range(75)]
    encode_pictures(noise, tmp_path / "in.mp4", fps=25, gop=25)

    to_h264(tmp_path / "in.mp4", tmp_path / "out.mp4", bitrate_bps=1_000_000)

    assert Clip.read(tmp_path / "out.mp4").bitrate_bps == pytest.approx(1_000_000, rel=0.35)


def test_b_frames_are_gone_afterwards(tmp_path: Path) -> None:
    to_h264(scene_with_b_frames(tmp_path), tmp_path / "out.mp4")

    assert all(unit.sent == unit.captured for unit in Clip.read(tmp_path / "out.mp4").units)


def test_a_failure_leaves_nothing_behind(tmp_path: Path) -> None:
    source = small_scene(tmp_path)

    def give_up(share: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        to_h264(source, tmp_path / "out.mp4", progress=give_up)

    assert list(tmp_path.iterdir()) == [source]


@pytest.mark.parametrize("kind", ["road", "square", "forest", "anything else"])
def test_a_drawn_scene_says_so_in_every_picture(tmp_path: Path, kind: str) -> None:
    path = make_scene(tmp_path / "scene.mp4", kind=kind, fps=10, seconds=1)

    with av.open(str(path)) as container:
        bands = [picture.to_ndarray(format="gray")[:36] for picture in container.decode(video=0)]

    assert len(bands) == 10
    assert all(band.mean() < 60 and (band > 180).mean() > 0.01 for band in bands)  # white letters on black


def test_pictures_that_an_edit_list_hides_are_not_served(shared_data: Path) -> None:
    """This file begins 106 pictures before what it shows, within a group of pictures: it has to be transcoded."""
    with pytest.raises(NotServable, match="edit list"):
        Clip.read(shared_data / "counting" / "m6_video10.mp4")


def test_every_given_clip_can_be_read_or_says_why_not(shared_data: Path) -> None:
    for path in sorted((shared_data / "clips").glob("*.mp4")):
        clip = Clip.read(path)

        assert clip.units[0].key
        assert clip.length > clip.units[-1].sent - clip.units[0].sent

"""Key frames of many cameras through few decoders: each is its own picture, whatever was decoded before it."""

import numpy as np
import pytest

from rtsp.glance import glance
from rtsp.picture import VideoPicture
from tests.rtsp.footage import film, packets_of


def plain(level):
    def picture(number):
        ramp = np.linspace(0, 60, 320, dtype=np.float32)[None].repeat(180, axis=0)
        return np.clip(ramp + level + number % 3, 0, 255).astype(np.uint8)

    return picture


@pytest.fixture(scope="module")
def cameras(tmp_path_factory):
    folder = tmp_path_factory.mktemp("glance")
    films = [film(folder / f"{level}.mp4", plain(level), 20, key_every=10) for level in (20, 100, 180)]
    return [[packet for packet in packets_of(one) if packet.is_key] for one in films]


@pytest.mark.parametrize("shown", [True, False])
def test_key_frames_of_several_cameras_in_turn_are_each_decoded_right(cameras, shown):
    for keys in zip(*cameras, strict=True):
        means = []
        for packet in keys:
            decoded = glance(packet, shown=shown)
            assert decoded is not None
            assert decoded.time_s == packet.time_s
            means.append(float(VideoPicture(decoded.frame).gray(96, 54).mean()))
        assert means == pytest.approx([50, 130, 210], abs=3)


def test_without_the_loop_filter_a_thumbnail_is_nearly_the_same(cameras):
    packet = cameras[1][0]

    with_filter, without = (glance(packet, shown=shown) for shown in (True, False))

    assert with_filter is not None and without is not None
    a, b = (VideoPicture(one.frame).gray(96, 54).astype(np.int16) for one in (with_filter, without))
    assert np.abs(a - b).max() <= 4


def test_garbage_is_none_and_the_next_key_frame_is_whole_again(cameras):
    from dataclasses import replace

    good = cameras[0][0]
    broken = replace(good, raw=type(good.raw)(bytes(good.raw)[:40]))

    assert glance(broken, shown=False) is None
    assert glance(good, shown=False) is not None

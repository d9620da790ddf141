import threading

import av
import cv2
import numpy as np
import pytest
from av.video.reformatter import ColorRange, Colorspace

from rtsp.picture import VideoPicture


def scene(height=720, width=1280):
    """A colourful, smooth picture, (height, width, 3) BGR."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    channels = [127 + 100 * np.sin(x / 150 + k) * np.cos(y / 110 + k) for k in range(3)]
    return np.stack(channels, axis=-1).astype(np.uint8)


def decoded(bgr, *, format="yuv420p", colorspace=Colorspace.ITU709, color_range=ColorRange.MPEG):
    """The picture as a decoder would hand it over."""
    packed = av.VideoFrame.from_ndarray(bgr, format="bgr24")
    frame = packed.reformat(format=format, dst_colorspace=colorspace, dst_color_range=color_range)
    return VideoPicture(frame)


def distance(got, expected):
    assert expected.shape == got.shape
    return float(np.abs(got.astype(int) - expected.astype(int)).mean())


@pytest.mark.parametrize("format", ["yuv420p", "yuvj420p", "yuv422p", "yuv444p", "nv12"])
@pytest.mark.parametrize("region", [(0, 0, 1, 1), (0.25, 0.3, 0.75, 0.8), (0.1, 0.1, 0.35, 0.62)])
def test_scaled_shows_what_converting_everything_first_would_show(format, region):
    bgr = scene()
    full_range = ColorRange.JPEG if format.startswith("yuvj") else ColorRange.MPEG
    picture = decoded(bgr, format=format, color_range=full_range)

    got = picture.scaled(320, 180, region=region)

    x0, y0, x1, y1 = (round(v * side) for v, side in zip(region, (1280, 720, 1280, 720), strict=True))
    assert distance(got, cv2.resize(bgr[y0:y1, x0:x1], (320, 180), interpolation=cv2.INTER_AREA)) < 3


@pytest.mark.parametrize("colorspace", [Colorspace.ITU709, Colorspace.ITU601])
@pytest.mark.parametrize("color_range", [ColorRange.MPEG, ColorRange.JPEG])
def test_colours_come_back_as_they_were(colorspace, color_range):
    bgr = np.full((720, 1280, 3), (40, 180, 220), np.uint8)
    picture = decoded(bgr, colorspace=colorspace, color_range=color_range)

    for pixels in (picture.bgr(), picture.scaled(640, 360), picture.scaled(64, 36)):
        assert distance(pixels, np.broadcast_to(bgr[0, 0], pixels.shape)) <= 4


def test_rgb_is_bgr_the_other_way_round():
    picture = decoded(scene())

    assert 2 > distance(picture.scaled(320, 180, rgb=True), picture.scaled(320, 180)[..., ::-1])


@pytest.mark.parametrize("size", [(1, 1), (3, 5), (101, 57), (640, 641), (1280, 720), (2000, 1500)])
def test_every_size_is_possible(size):
    picture = decoded(scene())

    assert (size[1], size[0], 3) == picture.scaled(*size).shape
    assert (size[1], size[0]) == picture.gray(*size).shape


@pytest.mark.parametrize(
    "region", [(0, 0, 0.0001, 0.0001), (0.9999, 0.9999, 1, 1), (0.5, 0.5, 0.5, 0.5), (-1, -1, 2, 2)]
)
def test_a_region_at_the_edge_still_has_a_pixel(region):
    assert (8, 8, 3) == decoded(scene()).scaled(8, 8, region=region).shape


def test_an_odd_sized_picture_is_scaled_whole():
    bgr = scene(481, 641)
    picture = VideoPicture.of(bgr)

    assert distance(picture.scaled(160, 120), cv2.resize(bgr, (160, 120), interpolation=cv2.INTER_AREA)) < 3


def test_gray_is_the_luma_of_the_region():
    bgr = np.zeros((720, 1280, 3), np.uint8)
    bgr[:, 640:] = 255

    picture = decoded(bgr, color_range=ColorRange.JPEG)

    assert picture.gray(8, 8, region=(0, 0, 0.5, 1)).max() <= 2
    assert picture.gray(8, 8, region=(0.5, 0, 1, 1)).min() >= 253


def test_what_comes_out_cannot_be_written():
    picture = decoded(scene())

    for pixels in (picture.bgr(), picture.scaled(64, 36), picture.gray(64, 36)):
        with pytest.raises(ValueError, match="read-only"):
            pixels[0, 0] = 0


def test_many_threads_may_look_at_one_picture():
    picture, wrong = decoded(scene()), []
    expected = {size: picture.scaled(*size) for size in [(320, 180), (100, 60), (640, 360)]}

    def look():
        for _ in range(20):
            wrong.extend(size for size, pixels in expected.items() if distance(picture.scaled(*size), pixels) > 0)

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [] == wrong

"""A decoded picture that stays in the decoder's YUV planes until somebody needs less of it."""

from __future__ import annotations

import threading
from typing import TypeAlias, cast

import av
import cv2
import numpy as np
import numpy.typing as npt
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter

Image: TypeAlias = npt.NDArray[np.uint8]
Region: TypeAlias = tuple[float, float, float, float]
WHOLE: Region = (0.0, 0.0, 1.0, 1.0)

_PLANAR = {  # (chroma divides width by, height by)
    "yuv420p": (2, 2),
    "yuvj420p": (2, 2),
    "yuv422p": (2, 1),
    "yuvj422p": (2, 1),
    "yuv444p": (1, 1),
    "yuvj444p": (1, 1),
}
_LUMA_FIRST = {*_PLANAR, "nv12", "nv21", "gray"}
_HD_HEIGHT_PX = 720  # from here on an untagged stream is BT.709, below BT.601: what encoders and players do
_LINEAR_UP_TO = 3.5  # times smaller; beyond it, linear sampling skips enough pixels to make fine lines flicker

_AREA, _SAME = Interpolation.AREA, Interpolation.BILINEAR  # without change of size, the latter is twice as fast
_scalers = threading.local()  # swscale contexts are not thread-safe and cost 1 ms to make, so each thread keeps some
_SCALERS_KEPT = 8


class VideoPicture:
    """Implements `detectors.picture.Picture` over one decoded frame. Read-only, safe to share between threads."""

    __slots__ = ("_frame", "_matrix", "_range")

    def __init__(self, frame: av.VideoFrame) -> None:
        self._frame = frame
        self._matrix = _matrix_of(frame)
        self._range = _range_of(frame)

    @classmethod
    def of(cls, bgr: Image) -> VideoPicture:
        """Wrap a (height, width, 3) uint8 BGR array, for still pictures and tests."""
        return cls(av.VideoFrame.from_ndarray(np.ascontiguousarray(bgr), format="bgr24"))

    @property
    def width(self) -> int:
        return self._frame.width

    @property
    def height(self) -> int:
        return self._frame.height

    def bgr(self) -> Image:
        return self._coloured(self._frame, self.width, self.height, "bgr24")

    def scaled(self, width: int, height: int, *, region: Region = WHOLE, rgb: bool = False) -> Image:
        order = "rgb24" if rgb else "bgr24"
        x0, y0, x1, y1 = _pixels(region, self.width, self.height)
        by = max((x1 - x0) / width, (y1 - y0) / height)
        if self._frame.format.name not in _PLANAR:
            return self._scaled_packed(width, height, region, order)
        if region == WHOLE and by > _LINEAR_UP_TO:
            return self._coloured(self._frame, width, height, order)
        small = self._cut(x0, y0, x1, y1, width, height, cv2.INTER_LINEAR if by <= _LINEAR_UP_TO else cv2.INTER_AREA)
        return self._coloured(small, small.width, small.height, order, crop=(width, height))

    def gray(self, width: int, height: int, *, region: Region = WHOLE) -> Image:
        luma = self._luma()
        x0, y0, x1, y1 = _pixels(region, luma.shape[1], luma.shape[0])
        return _frozen(_shrunk(luma[y0:y1, x0:x1], width, height))

    def _cut(self, x0: int, y0: int, x1: int, y1: int, width: int, height: int, interpolation: int) -> av.VideoFrame:
        """Scale a region plane by plane into a small YUV frame of the same kind (chroma needs even sides)."""
        across, down = _PLANAR[self._frame.format.name]
        width, height = width + width % 2, height + height % 2
        small = av.VideoFrame(width, height, self._frame.format.name)
        sizes = [(1, 1), (across, down), (across, down)]
        for source, target, (a, d) in zip(self._frame.planes, small.planes, sizes, strict=True):
            part = _view(source)[y0 // d : -(-y1 // d), x0 // a : -(-x1 // a)]
            cv2.resize(part, (width // a, height // d), dst=_view(target), interpolation=interpolation)
        return small

    def _scaled_packed(self, width: int, height: int, region: Region, order: str) -> Image:
        """Scale what has no planes of its own (still pictures, hardware formats)."""
        if region == WHOLE:
            return self._coloured(self._frame, width, height, order)
        whole = self._coloured(self._frame, self.width, self.height, order)
        x0, y0, x1, y1 = _pixels(region, self.width, self.height)
        return _frozen(_shrunk(whole[y0:y1, x0:x1], width, height))

    def _coloured(
        self, frame: av.VideoFrame, width: int, height: int, order: str, crop: tuple[int, int] | None = None
    ) -> Image:
        scaler = _scaler(frame.width, frame.height, frame.format.name, width, height, order)
        packed = scaler.reformat(
            frame,
            width=width,
            height=height,
            format=order,
            src_colorspace=self._matrix,
            dst_colorspace=self._matrix,
            src_color_range=self._range,
            dst_color_range=ColorRange.JPEG,
            interpolation=_AREA if frame.width > width else _SAME,
            threads=1,
        )
        pixels = cast(Image, packed.to_ndarray())
        return _frozen(pixels if crop is None else pixels[: crop[1], : crop[0]])

    def _luma(self) -> Image:
        if self._frame.format.name in _LUMA_FIRST:
            return _view(self._frame.planes[0])
        return cast(Image, self._frame.to_ndarray(format="gray"))


def _view(plane: av.video.plane.VideoPlane) -> Image:
    """Return the plane as a (height, width) array without copying."""
    rows = np.frombuffer(cast(memoryview, plane), np.uint8, count=plane.line_size * plane.height)
    return rows.reshape(plane.height, plane.line_size)[:, : plane.width]


def _shrunk(pixels: Image, width: int, height: int) -> Image:
    """Scale by area; from a much larger picture only every n-th row is read, enough for four rows to each of ours.

    Enlarging is linear: by area it would repeat pixels, and detectors do not recognise things made of squares.
    """
    skip = max(1, pixels.shape[0] // (height * 4))
    larger = width > pixels.shape[1] or height > pixels.shape[0]
    way = cv2.INTER_LINEAR if larger else cv2.INTER_AREA
    return cast(Image, cv2.resize(pixels[::skip], (width, height), interpolation=way))


def _pixels(region: Region, width: int, height: int) -> tuple[int, int, int, int]:
    x0 = min(max(0, int(region[0] * width)), width - 1)
    y0 = min(max(0, int(region[1] * height)), height - 1)
    x1 = max(x0 + 1, min(width, round(region[2] * width)))
    y1 = max(y0 + 1, min(height, round(region[3] * height)))
    return x0, y0, x1, y1


def _scaler(*key: int | str) -> VideoReformatter:
    """Return this thread's scaler for one pair of sizes and formats; the oldest goes when there are many."""
    kept: dict[tuple[int | str, ...], VideoReformatter] | None = getattr(_scalers, "kept", None)
    if kept is None:
        kept = _scalers.kept = {}
    scaler = kept.get(key)
    if scaler is None:
        if len(kept) >= _SCALERS_KEPT:
            kept.pop(next(iter(kept)))
        scaler = kept[key] = VideoReformatter()
    return scaler


def _matrix_of(frame: av.VideoFrame) -> Colorspace:
    """Return how the frame's chroma was made; an untagged stream follows the convention of its size."""
    named = {1: Colorspace.ITU709, 5: Colorspace.ITU601, 6: Colorspace.ITU601, 7: Colorspace.SMPTE240M}
    known = named.get(int(frame.colorspace))
    if known is not None:
        return known
    return Colorspace.ITU709 if frame.height >= _HD_HEIGHT_PX else Colorspace.ITU601


def _range_of(frame: av.VideoFrame) -> ColorRange:
    if frame.format.name.startswith("yuvj") or int(frame.color_range) == int(ColorRange.JPEG):
        return ColorRange.JPEG
    return ColorRange.MPEG if frame.format.name in _LUMA_FIRST else ColorRange.JPEG


def _frozen(pixels: Image) -> Image:
    pixels = np.ascontiguousarray(pixels)
    pixels.flags.writeable = False
    return pixels

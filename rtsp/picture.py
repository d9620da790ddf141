"""A decoded picture that stays in the decoder's YUV planes until somebody needs less of it."""

from __future__ import annotations

import threading
from typing import cast

import av
import cv2
import numpy as np
import numpy.typing as npt
from av.video.reformatter import Interpolation, VideoReformatter

Image = npt.NDArray[np.uint8]
WHOLE = (0.0, 0.0, 1.0, 1.0)

_scalers = threading.local()  # swscale contexts are not thread-safe and cost 1 ms to make, so each thread keeps one


class VideoPicture:
    """Implements `detectors.picture.Picture` over one decoded frame. Read-only, safe to share between threads."""

    __slots__ = ("_frame",)

    def __init__(self, frame: av.VideoFrame) -> None:
        self._frame = frame

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
        return _frozen(self._frame.to_ndarray(format="bgr24"))

    def scaled(
        self, width: int, height: int, *, region: tuple[float, float, float, float] = WHOLE, rgb: bool = False
    ) -> Image:
        order = "rgb24" if rgb else "bgr24"
        if region == WHOLE:
            return _frozen(_scale(self._frame, width, height, order).to_ndarray())
        whole = self._frame.to_ndarray(format=order)
        return _frozen(cv2.resize(_cut(whole, region), (width, height), interpolation=cv2.INTER_AREA))

    def gray(self, width: int, height: int, *, region: tuple[float, float, float, float] = WHOLE) -> Image:
        luma = self._luma()
        return _frozen(cv2.resize(_cut(luma, region), (width, height), interpolation=cv2.INTER_AREA))

    def _luma(self) -> Image:
        if self._frame.format.name in {"yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "nv12", "gray"}:
            plane = self._frame.planes[0]
            rows = np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)
            return cast(Image, rows[:, : plane.width])
        return self._frame.to_ndarray(format="gray")


def _scale(frame: av.VideoFrame, width: int, height: int, order: str) -> av.VideoFrame:
    scaler = getattr(_scalers, "scaler", None)
    if scaler is None:
        scaler = _scalers.scaler = VideoReformatter()
    return cast(
        av.VideoFrame,
        scaler.reformat(frame, width=width, height=height, format=order, interpolation=Interpolation.AREA),
    )


def _cut(pixels: Image, region: tuple[float, float, float, float]) -> Image:
    if region == WHOLE:
        return pixels
    height, width = pixels.shape[:2]
    x0, y0 = int(region[0] * width), int(region[1] * height)
    x1, y1 = max(x0 + 1, round(region[2] * width)), max(y0 + 1, round(region[3] * height))
    return pixels[y0:y1, x0:x1]


def _frozen(pixels: npt.NDArray[np.uint8]) -> Image:
    pixels = np.ascontiguousarray(pixels)
    pixels.flags.writeable = False
    return pixels

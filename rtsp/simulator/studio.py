"""Make the other films that picture faults need: the same picture for ever, black, half the size."""

from __future__ import annotations

import asyncio
import collections
import io
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from typing import cast

import av
import numpy as np

from rtsp.simulator.camera import Camera
from rtsp.simulator.clip import Clip
from rtsp.simulator.encode import Encoding, encode
from rtsp.simulator.faults import Fault
from rtsp.simulator.nal import Codec
from rtsp.simulator.reel import Film, Reel

STILL_S = 2.0  # a still film's round
HALF_SIZE_S = 10.0  # how much of a long clip is encoded at half size
_DECODERS: dict[Codec, str] = {"H264": "h264", "H265": "hevc", "JPEG": "mjpeg"}


class Closed(Exception):  # noqa: N818  nothing went wrong
    """The studio closes; the film will not be finished."""


class Studio:
    """Encodes on one thread of its own, so that the cameras keep turning. Films that do not change are kept."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="simulator-studio")
        self._closing = threading.Event()
        self._kept: dict[tuple[int, Fault], Film] = {}

    async def film(self, camera: Camera, fault: Fault) -> Film:
        """Return what the camera shows while it suffers the fault."""
        key = (id(camera.film), fault)
        if key in self._kept:
            return self._kept[key]
        reel, n = camera.position
        film = await asyncio.get_running_loop().run_in_executor(self._pool, self._make, fault, camera.film, reel, n)
        if fault is not Fault.FROZEN:
            self._kept[key] = film
        return film

    def close(self) -> None:
        """Stop within a picture's encoding time."""
        self._closing.set()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _make(self, fault: Fault, film: Film, reel: Reel, n: int) -> Film:
        makers: dict[Fault, Callable[[], Clip]] = {
            Fault.FROZEN: lambda: self._still(film.clip, last_picture(reel, n)),
            Fault.BLACK: lambda: self._still(film.clip, _black(film.clip)),
            Fault.RESOLUTION: lambda: self._half_size(film.clip),
        }
        return Film(makers[fault]())

    def _still(self, clip: Clip, picture: av.VideoFrame) -> Clip:
        count = max(2, round(STILL_S * clip.fps))
        return self._encoded(clip, (picture for _ in range(count)), clip.width, clip.height, gop=count)

    def _half_size(self, clip: Clip) -> Clip:
        count = min(len(clip.units), max(1, round(HALF_SIZE_S * clip.fps)))
        pictures = decoded(clip, range(count))
        return self._encoded(clip, pictures, clip.width // 4 * 2, clip.height // 4 * 2, gop=round(2 * clip.fps) or 1)

    def _encoded(self, clip: Clip, pictures: Iterator[av.VideoFrame], width: int, height: int, *, gop: int) -> Clip:
        rate = Fraction(clip.fps).limit_denominator(1001)
        encoding = Encoding(width, height, rate, clip.codec, gop=gop, preset="ultrafast", profile="baseline", threads=1)
        target = io.BytesIO()
        encode(self._until_closed(pictures), target, encoding)
        target.seek(0)
        return Clip.read(target)

    def _until_closed(self, pictures: Iterator[av.VideoFrame]) -> Iterator[av.VideoFrame]:
        for picture in pictures:
            if self._closing.is_set():
                raise Closed
            yield picture


def last_picture(reel: Reel, n: int) -> av.VideoFrame:
    """Return what a viewer sees when the camera has sent picture n - 1 last."""
    shown = max(0, n - 1)
    key = reel.key_until(shown)
    pictures = collections.deque(decoded(reel.film.clip, [at % reel.round for at in range(key, shown + 1)]), maxlen=1)
    return pictures[0] if pictures else _black(reel.film.clip)


def decoded(clip: Clip, numbers: range | list[int]) -> Iterator[av.VideoFrame]:
    """Decode units of a clip; the first must be a key frame."""
    decoder = cast(av.VideoCodecContext, av.CodecContext.create(_DECODERS[clip.codec], "r"))
    decoder.thread_count = 1
    for number in numbers:
        yield from decoder.decode(av.Packet(_stream_of(clip, number)))
    yield from decoder.decode(None)


def _stream_of(clip: Clip, number: int) -> bytes:
    nals = clip.units[number].nals
    return nals[0] if clip.codec == "JPEG" else b"".join(b"\0\0\0\1" + nal for nal in nals)


def _black(clip: Clip) -> av.VideoFrame:
    return av.VideoFrame.from_ndarray(np.zeros((clip.height, clip.width, 3), np.uint8), format="rgb24")

"""Turn any readable video into what a camera would send; for files that RTP cannot carry, and for benchmarks."""

from __future__ import annotations

import itertools
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

from rtsp.simulator.encode import Encoding, encode

USUAL_FPS = Fraction(25)
MOST_FPS = 60


def to_h264(
    src: Path,
    dst: Path,
    *,
    width: int | None = None,
    height: int | None = None,
    fps: float | None = None,
    bitrate_bps: int | None = None,
    gop: int | None = None,
    seconds: float | None = None,
    profile: str = "high",
    threads: int = 0,
    progress: Callable[[float], None] = lambda share: None,
) -> int:
    """Write `src` as H.264 without B-frames and return the number of pictures.

    Size and rate stay as they are unless given (larger than the original is fine); pictures are repeated or left
    out to meet `fps`. `gop` is pictures between key frames (two seconds' worth unless given); `seconds` cuts the
    end off. `progress` is told the share done, 0..1. The file appears whole or not at all.
    """
    with av.open(str(src), metadata_errors="replace") as container:
        if not container.streams.video or container.streams.video[0].codec_context is None:
            raise ValueError(f"{src}: holds no video that can be decoded here")
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        stream.codec_context.thread_count = threads
        rate = Fraction(fps).limit_denominator(1001) if fps else _rate_of(stream)
        length_s = _length_s(container, seconds)
        encoding = Encoding(
            width or stream.codec_context.width // 2 * 2,
            height or stream.codec_context.height // 2 * 2,
            rate,
            bitrate_bps=bitrate_bps,
            gop=gop or max(1, round(2 * rate)),
            profile=profile,
            threads=threads,
        )
        pictures = _at_rate(container.decode(stream), rate, seconds)
        count = _written(_told(pictures, rate, length_s, progress), dst, encoding)
    if not count:
        raise ValueError(f"{src}: holds no pictures")
    progress(1.0)
    return count


def encode_pictures(
    pictures: Iterable[npt.NDArray[np.uint8]], dst: Path, *, fps: float, gop: int, bitrate_bps: int | None = None
) -> int:
    """Write (height, width, 3) uint8 BGR pictures as H.264; return how many. All become as large as the first."""
    frames = (av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="bgr24") for picture in pictures)
    first = next(frames, None)
    if first is None:
        raise ValueError("there are no pictures to encode")
    rate = Fraction(fps).limit_denominator(1001)
    width, height = first.width // 2 * 2, first.height // 2 * 2
    return _written(
        itertools.chain([first], frames), dst, Encoding(width, height, rate, bitrate_bps=bitrate_bps, gop=gop)
    )


def _written(pictures: Iterable[av.VideoFrame], dst: Path, encoding: Encoding) -> int:
    handle, name = tempfile.mkstemp(suffix=".part", dir=dst.parent)
    os.close(handle)
    part = Path(name)
    try:
        count = encode(pictures, part, encoding)
        part.replace(dst)
    finally:
        part.unlink(missing_ok=True)
    return count


def _rate_of(stream: av.VideoStream) -> Fraction:
    """Return the usual rate nearest to what the file says, for files say 25.02 where they mean 25."""
    said = stream.average_rate or stream.guessed_rate
    if not said or not 0 < said <= MOST_FPS:
        return USUAL_FPS
    usual = [Fraction(round(said)), Fraction(round(said) * 1000, 1001)]
    nearest = min(usual, key=lambda rate: abs(rate - said))
    return nearest if abs(nearest - said) < said / 200 else Fraction(said).limit_denominator(1001)


def _length_s(container: av.container.InputContainer, seconds: float | None) -> float:
    whole_s = container.duration / av.time_base if container.duration else 0.0
    return min(whole_s, seconds) if seconds else whole_s


def _at_rate(pictures: Iterator[av.VideoFrame], rate: Fraction, seconds: float | None) -> Iterator[av.VideoFrame]:
    """Repeat or leave out pictures so that they come at `rate`; each is shown until the next one's time."""
    start: float | None = None
    shown: av.VideoFrame | None = None
    count = 0
    for picture in pictures:
        time_s = picture.time if picture.time is not None else count / float(rate)
        start = time_s if start is None else start
        while shown is not None and count < round((time_s - start) * rate):
            if seconds is not None and count >= seconds * rate:
                return
            yield shown
            count += 1
        shown = picture
    if shown is not None and not (seconds is not None and count >= seconds * rate):
        yield shown


def _told(
    pictures: Iterator[av.VideoFrame], rate: Fraction, length_s: float, progress: Callable[[float], None]
) -> Iterator[av.VideoFrame]:
    total = max(1.0, length_s * float(rate))
    for count, picture in enumerate(pictures):
        if count % 25 == 0:
            progress(min(1.0, count / total))
        yield picture

"""Encode pictures the way a camera does: no B-frames, closed groups of pictures, steady bit rate."""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
from av.container import OutputContainer
from av.video.frame import PictureType

from rtsp.simulator.nal import Codec

_ENCODERS = {"H264": "libx264", "H265": "libx265", "JPEG": "mjpeg"}


@dataclass(frozen=True, slots=True)
class Encoding:
    """How to encode. `bitrate_bps` None: constant quality."""

    width: int
    height: int
    fps: Fraction
    codec: Codec = "H264"
    bitrate_bps: int | None = None
    gop: int = 50
    preset: str = "veryfast"
    profile: str = "high"
    threads: int = 0  # 0: as many as the machine has


def encode(pictures: Iterable[av.VideoFrame], target: Path | io.BytesIO, encoding: Encoding) -> int:
    """Write the pictures as a QuickTime/MP4 file, numbered anew at `fps`; return how many there were.

    Pictures of another size or format are converted.
    """
    file = str(target) if isinstance(target, Path) else target
    container_format = "mov" if encoding.codec == "JPEG" else "mp4"
    count = 0
    with av.open(file, "w", format=container_format) as container:
        stream = _stream(container, encoding)
        for picture in pictures:
            ready = picture.reformat(encoding.width, encoding.height, format=stream.pix_fmt)
            ready.pts, ready.time_base = count, 1 / encoding.fps
            ready.pict_type = PictureType.NONE
            container.mux(stream.encode(ready))
            count += 1
        container.mux(stream.encode(None))
    return count


def _stream(container: OutputContainer, encoding: Encoding) -> av.VideoStream:
    options = _options(encoding)
    stream = container.add_stream(_ENCODERS[encoding.codec], rate=encoding.fps, options=options)
    assert isinstance(stream, av.VideoStream)
    stream.width, stream.height = encoding.width, encoding.height
    stream.pix_fmt = "yuvj420p" if encoding.codec == "JPEG" else "yuv420p"
    stream.codec_context.gop_size = encoding.gop
    stream.codec_context.max_b_frames = 0
    stream.codec_context.thread_count = encoding.threads
    if encoding.bitrate_bps is not None:
        stream.bit_rate = encoding.bitrate_bps
    return stream


def _options(encoding: Encoding) -> dict[str, str]:
    if encoding.codec == "JPEG":
        return {"huffman": "default", "qmin": "4", "qmax": "4"}  # RFC 2435 carries no Huffman tables
    if encoding.codec == "H265":
        tuning = f"log-level=none:bframes=0:keyint={encoding.gop}:min-keyint={encoding.gop}:scenecut=0:open-gop=0"
        return {"preset": "ultrafast", "x265-params": tuning, **_rate(encoding)}
    tuning = f"keyint={encoding.gop}:min-keyint={encoding.gop}:scenecut=0:open-gop=0:bframes=0"
    return {"preset": encoding.preset, "profile": encoding.profile, "x264-params": tuning, **_rate(encoding)}


def _rate(encoding: Encoding) -> dict[str, str]:
    if encoding.bitrate_bps is None:
        return {"crf": "23"}
    return {"maxrate": str(encoding.bitrate_bps), "bufsize": str(encoding.bitrate_bps)}


def encode_images(images: Iterable[npt.NDArray[np.uint8]], target: Path, encoding: Encoding) -> int:
    """Write (height, width, 3) BGR arrays as `encode` does; return how many there were."""
    pictures = (av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="bgr24") for image in images)
    return encode(pictures, target, encoding)

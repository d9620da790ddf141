"""One compressed picture on its way from a source into the ring, and what it was encoded with."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import av

from rtsp.frame import Clock


@dataclass(frozen=True, slots=True, eq=False)
class Encoding:
    """What a decoder or a muxer must know about the packets of one session."""

    codec: str  # libav's name of the decoder: h264, hevc, mjpeg, …
    time_base: Fraction
    width: int  # 0 when the stream has not said so yet
    height: int
    fps: float  # as the stream claims; 0 when it does not
    extradata: bytes | None
    intra_only: bool  # every packet decodes without its neighbours (MJPEG)
    template: av.VideoStream  # of a container that is never written: the codec's parameters for remuxing


@dataclass(frozen=True, slots=True, eq=False)
class Packet:
    """A compressed picture with times that can be trusted (see `rtsp.timestamps`).

    `time_s` is camera time, which goes on rising across sessions; `utc_s` is when the picture was taken.
    """

    session: int
    time_s: float
    utc_s: float
    clock: Clock
    arrived_s: float  # monotonic
    is_key: bool
    size_bytes: int
    raw: av.Packet[av.VideoStream]
    encoding: Encoding

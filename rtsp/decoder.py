"""Turn the packets of one session into pictures, and survive what cameras send."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Literal, TypeAlias

import av
from av.error import FFmpegError

from rtsp.hardware import SOFTWARE, Hardware
from rtsp.packet import Encoding, Packet

log = logging.getLogger(__name__)

Skip: TypeAlias = Literal["DEFAULT", "NONREF"]
_STORM_AFTER = 10  # decode errors in a row before the storm is named


@dataclass(frozen=True, slots=True, eq=False)
class Decoded:
    """One decoded picture and its camera time."""

    time_s: float
    key: bool
    frame: av.VideoFrame


class Decoder:
    """A codec of one session, on one thread at a time. Errors are counted, never raised: the next key frame heals."""

    def __init__(self, encoding: Encoding, hardware: Hardware = SOFTWARE, *, loop_filter: bool = True) -> None:
        self.encoding = encoding
        self.errors = 0
        self.in_a_row = 0
        self.device = "software"
        self._hardware = hardware
        self._has_shown = False
        self._loop_filter = loop_filter
        self._codec = self._make()

    def _make(self) -> av.VideoCodecContext:
        codec, self.device = self._hardware.context(self.encoding.codec)
        codec.thread_count = 1  # the pool is as large as the machine; a codec's own threads only add latency
        codec.extradata = self.encoding.extradata
        if self.encoding.width and self.encoding.height:
            codec.width, codec.height = self.encoding.width, self.encoding.height
        if not self._loop_filter:
            codec.options = {"skip_loop_filter": "all"}
        return codec

    @property
    def filters(self) -> bool | None:
        """Whether it filters block edges; None for a device, which always does and is not to be opened anew for it."""
        return self._loop_filter if self.device == "software" else None

    def skip(self, what: Skip) -> None:
        """Say which pictures need not be decoded at all."""
        if self._codec.skip_frame != what:
            self._codec.skip_frame = what

    def decode(self, packet: Packet) -> list[Decoded]:
        """Return the pictures that this packet completes: none, one, or several after reordering."""
        try:
            frames = self._codec.decode(packet.raw)
        except (FFmpegError, ValueError) as error:
            self._failed(error)
            return []
        self.in_a_row = 0
        self.errors += sum(frame.is_corrupt for frame in frames)
        return [self._stamped(frame, packet) for frame in frames if not frame.is_corrupt]

    def decode_alone(self, packet: Packet) -> Decoded | None:
        """Return the picture of a key frame without waiting for its neighbours; the codec starts afresh after it."""
        try:
            self._codec.flush_buffers()
            frames = [*self._codec.decode(packet.raw), *self._codec.decode(None)]
        except (FFmpegError, ValueError) as error:
            self._failed(error)
            frames = []
        self._codec.flush_buffers()
        return self._stamped(frames[0], packet) if frames else None

    def rest(self, packet: Packet) -> list[Decoded]:
        """Return the pictures that wait for their turn, before `packet`; after it only `restart` makes sense."""
        try:
            return [self._stamped(frame, packet) for frame in self._codec.decode(None) if not frame.is_corrupt]
        except (FFmpegError, ValueError) as error:
            self._failed(error)
            return []

    def restart(self) -> None:
        """Forget the pictures so far: what comes next starts at a key frame."""
        self._codec.flush_buffers()

    def _stamped(self, frame: av.VideoFrame, packet: Packet) -> Decoded:
        time_s = packet.time_s
        if frame.pts is not None and packet.raw.pts is not None:
            time_s += float((frame.pts - packet.raw.pts) * self.encoding.time_base)
        return Decoded(time_s, frame.key_frame, frame)

    def _failed(self, error: Exception) -> None:
        self.errors += 1
        self.in_a_row += 1
        if not self._has_shown and self._hardware.gives_up(self.device, self.encoding.codec, self.in_a_row, error):
            self._codec = self._make()
        if self.in_a_row == _STORM_AFTER:
            log.warning("pictures cannot be decoded", extra={"error": str(error), "codec": self.encoding.codec})

"""Put the pieces in which RTP carries pictures together again: RFC 6184 for H.264, RFC 7798 for H.265.

What comes out is an access unit, all of one picture, as a byte stream with start codes. This is done for every packet
of every camera, some tens of thousands a second on a full box: see `rtsp.client.stream`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Final

from rtsp.client.sdp import Codec
from rtsp.errors import SourceError

START: Final = b"\0\0\0\1"
MAX_UNIT_BYTES: Final = 16 * 2**20  # a 4K key frame takes 2 to 4; more is no picture
_RECOVERY_POINT: Final = 6  # SEI payload type (ITU-T H.264, D.1): decoding may begin here


@dataclass(frozen=True, slots=True)
class AccessUnit:
    """One coded picture. `stamp` is its RTP time, which counts in 32 bits."""

    stamp: int
    is_key: bool
    data: bytes


class Assembler(ABC):
    """Joins the payloads of one stream. The codecs differ in their headers only."""

    def __init__(self) -> None:
        self._unit = bytearray()
        self._stamp = -1
        self._done_stamp = -1  # of the unit that was finished last
        self._by_time = False  # the camera marks the end of each piece, not of each picture: wait for the next one
        self._within = False  # a fragmented NAL unit has begun
        self._picture = False  # there is a slice in it; parameter sets by themselves wait for theirs
        self._key = False

    def take(self, data: memoryview, start: int, end: int, stamp: int, marker: bool) -> AccessUnit | None:
        """Take one RTP payload, `data[start:end]`; return the picture that it completes, or that came before it.

        Raises `SourceError` for a picture without an end.
        """
        done = None
        if stamp != self._stamp:
            if self._picture:
                done = self._finish()
            self._stamp = stamp
            if stamp == self._done_stamp:
                self._by_time = True
        self._add(data, start, end)
        if marker and self._picture and not self._by_time and done is None:
            return self._finish()
        if len(self._unit) > MAX_UNIT_BYTES:
            self._unit.clear()
            raise SourceError("garbage", f"a picture of more than {MAX_UNIT_BYTES >> 20} MiB")
        return done

    def _finish(self) -> AccessUnit:
        unit = AccessUnit(self._stamp, self._key, bytes(self._unit))
        self._unit.clear()
        self._done_stamp, self._stamp = self._stamp, -1
        self._picture = self._key = self._within = False
        return unit

    @abstractmethod
    def _add(self, data: memoryview, start: int, end: int) -> None:
        """Append a payload's NAL units, or its part of one."""

    @abstractmethod
    def _note(self, data: memoryview, at: int, kind: int) -> None:
        """Note what kind of NAL unit has begun at `data[at]`."""

    @abstractmethod
    def _kind(self, first: int) -> int:
        """Return a NAL unit's type by its first byte."""

    def _add_one(self, data: memoryview, start: int, end: int) -> None:
        self._unit += START
        self._unit += data[start:end]
        self._note(data, start, self._kind(data[start]))

    def _add_several(self, data: memoryview, start: int, end: int) -> None:
        """Append NAL units that each stand behind their size in two bytes; what overruns is damaged, and left out."""
        while start + 2 < end:
            size = data[start] << 8 | data[start + 1]
            start += 2
            if not 0 < size <= end - start:
                return
            self._add_one(data, start, start + size)
            start += size


class H264(Assembler):
    """RFC 6184: single units, STAP-A and FU-A, the three that non-interleaved mode knows."""

    def _add(self, data: memoryview, start: int, end: int) -> None:
        if end - start < 2:
            return
        first = data[start]
        kind = first & 31  # written out: this is asked of every packet
        if kind == 28:
            head = data[start + 1]
            if head & 0x80:
                self._unit += START
                self._unit.append((first & 0xE0) | (head & 31))
                self._note(data, start + 1, head & 31)
                self._within = True
            if self._within:
                self._unit += data[start + 2 : end]
                self._within = not head & 0x40
        elif 0 < kind < 24:
            self._add_one(data, start, end)
        elif kind == 24:
            self._add_several(data, start + 1, end)

    def _kind(self, first: int) -> int:
        return first & 31

    def _note(self, data: memoryview, at: int, kind: int) -> None:
        if kind == 5:
            self._picture = self._key = True
        elif kind < 5:
            self._picture = True
        elif kind == 6 and at + 1 < len(data) and data[at + 1] == _RECOVERY_POINT:
            self._key = True


class H265(Assembler):
    """RFC 7798 without decoding order numbers: single units, aggregation packets and fragments."""

    def _add(self, data: memoryview, start: int, end: int) -> None:
        if end - start < 3:
            return
        kind = self._kind(data[start])
        if kind == 49:
            head = data[start + 2]
            if head & 0x80:
                self._unit += START
                self._unit.append((data[start] & 0x81) | (head & 63) << 1)
                self._unit.append(data[start + 1])
                self._note(data, start + 2, head & 63)
                self._within = True
            if self._within:
                self._unit += data[start + 3 : end]
                self._within = not head & 0x40
        elif kind == 48:
            self._add_several(data, start + 2, end)
        elif kind < 48:
            self._add_one(data, start, end)

    def _kind(self, first: int) -> int:
        return first >> 1 & 63

    def _note(self, data: memoryview, at: int, kind: int) -> None:
        if kind < 32:
            self._picture = True
            self._key = self._key or 16 <= kind <= 23


def assembler(codec: Codec) -> Assembler:
    """Return what joins a stream of this codec."""
    return H264() if codec == "h264" else H265()

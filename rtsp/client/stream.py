"""Take the bytes of one connection apart: RTP and RTCP between dollar signs, and answers (RFC 2326, section 10.12).

The loop in `Stream.take` runs for every RTP packet: 14 for each 1080p picture at 4 Mbit/s, 70,000 a second for 200
cameras. What it costs, and what reading through libav on a thread for each camera did, stands in 0109.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

from rtsp.client.units import AccessUnit, Assembler
from rtsp.errors import SourceError

_HEAD: Final = struct.Struct(">BBHBBHI")  # "$", channel, length; V P X CC, M PT, sequence number, time
_REPORT: Final = struct.Struct(">BBHIIII")  # of a sender (RFC 3550, 6.4.1): up to the RTP time
_DOLLAR: Final = 0x24
_SENDER_REPORT: Final = 200
NTP_EPOCH_S: Final = 2_208_988_800  # seconds from 1900 to 1970
_ANSWER_AT_MOST: Final = 65_536  # bytes; nobody answers a keep-alive with more
_NOISE_AT_MOST: Final = 2**20  # bytes between two packets that are neither: then it is no RTSP any more


@dataclass(frozen=True, slots=True)
class SenderReport:
    """The camera's word that RTP time `stamp` was `utc_s`."""

    utc_s: float
    stamp: int
    middle: int  # the middle 32 bits of its NTP time, by which a receiver refers to it


class Stream:
    """The state of one connection between two reads."""

    def __init__(self, assembler: Assembler, media_channel: int, control_channel: int) -> None:
        self.report: SenderReport | None = None
        self.source = 0  # SSRC of the camera
        self.highest = 0  # RTP sequence number of the newest packet
        self.answers: list[bytes] = []  # to our keep-alives, the newest last
        self.media_bytes = 0
        self.rest = b""  # the beginning of a packet whose end has not come yet
        self._assembler = assembler
        self._media, self._control = media_channel, control_channel
        self._noise_bytes = 0

    def take(self, data: bytearray, size: int) -> list[AccessUnit]:
        """Return the pictures that `data[:size]` completes; it begins with `rest`, and what is left becomes `rest`.

        Raises `SourceError` ("garbage") when it is no RTSP any more.
        """
        units: list[AccessUnit] = []
        unpack, assembler, media = _HEAD.unpack_from, self._assembler, self._media
        at = 0
        with memoryview(data)[:size] as view:
            while size - at >= _HEAD.size:
                dollar, channel, length, first, second, sequence, stamp = unpack(data, at)
                if dollar != _DOLLAR or channel > self._control + 1:
                    step = self._not_a_packet(data, at, size)
                    if not step:
                        break
                    at += step
                    continue
                end = at + 4 + length
                if end > size:
                    break
                if channel == media and first >> 6 == 2:
                    start = at + 16
                    if first != 0x80:
                        start, end = _bare(view, first, start, end)
                    if start < end:
                        unit = assembler.take(view, start, end, stamp, second >= 0x80)
                        if unit is not None:
                            units.append(unit)
                    self.highest = sequence
                    self.media_bytes += length
                elif channel == self._control:
                    self._heard(view[at + 4 : end])
                at += 4 + length
        self.rest = bytes(data[at:size])
        if units:
            self._noise_bytes = 0
        return units

    def _heard(self, compound: memoryview) -> None:
        """Read a sender's report; it comes first in what RTCP sends at once."""
        if len(compound) < _REPORT.size or compound[1] != _SENDER_REPORT:
            return
        _, _, _, self.source, whole_s, part, stamp = _REPORT.unpack_from(compound)
        if whole_s:
            middle = (whole_s & 0xFFFF) << 16 | part >> 16
            self.report = SenderReport(whole_s - NTP_EPOCH_S + part / 2**32, stamp, middle)

    def _not_a_packet(self, data: bytearray, at: int, size: int) -> int:
        """Return how many bytes to pass over: an answer, or noise up to the next dollar. 0: wait for more."""
        if data.startswith((b"RTSP/", b"OPTIONS", b"ANNOUNCE", b"REDIRECT", b"SET_PAR", b"GET_PAR"), at):
            length = message_length(data, at, size)
            if length is not None and at + length <= size:
                self.answers = [*self.answers[-1:], bytes(data[at : at + length])]
                return length
            if size - at < _ANSWER_AT_MOST:
                return 0
        following = data.find(b"$", at + 1, size)
        step = (size if following < 0 else following) - at
        self._noise_bytes += step
        if self._noise_bytes > _NOISE_AT_MOST:
            raise SourceError("garbage", "what the camera sends is no RTSP any more")
        return step


def _bare(view: memoryview, first: int, start: int, end: int) -> tuple[int, int]:
    """Return where an RTP payload begins and ends, without contributors, extension and padding (RFC 3550, 5.1)."""
    start += 4 * (first & 15)
    if first & 0x10 and start + 4 <= end:
        start += 4 + 4 * (view[start + 2] << 8 | view[start + 3])
    if first & 0x20 and start < end:
        end -= view[end - 1]
    return start, end


def message_length(data: bytes | bytearray, at: int, size: int) -> int | None:
    """Return the length of the RTSP message at `at`, None when its head has not come whole."""
    end = data.find(b"\r\n\r\n", at, size)
    if end < 0:
        return None
    for line in bytes(data[at:end]).split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length" and value.strip().isdigit():
            return end + 4 - at + int(value)
    return end + 4 - at


def receiver_report(own: int, camera: int, highest: int, report: SenderReport | None, age_s: float) -> bytes:
    """Return a receiver's report (RFC 3550, 6.4.2) and its name: some cameras end a session that never sends one."""
    last, delay = (report.middle, min(int(age_s * 65536), 0xFFFFFFFF)) if report else (0, 0)
    block = struct.pack(">IIIIII", camera, 0, highest, 0, last, delay)
    name = struct.pack(">BBHIBB", 0x81, 202, 3, own, 1, 3) + b"ioc" + b"\0\0\0"
    return struct.pack(">BBHI", 0x81, 201, 7, own) + block + name

"""Take H.264 and H.265 byte streams apart into NAL units."""

from __future__ import annotations

import re
from typing import Literal, TypeAlias

Codec: TypeAlias = Literal["H264", "H265", "JPEG"]

_START_CODE = re.compile(rb"\x00\x00\x01")
_DISPENSABLE = {"H264": {9, 10, 11, 12}, "H265": {35, 36, 37, 38}}  # delimiters, end marks, filler: RTP needs none
_PARAMETER_SETS = {"H264": (7, 8), "H265": (32, 33, 34)}
_SAFE_ENTRY = {"H264": {5}, "H265": {16, 17, 18, 19, 20, 21}}


def nal_type(nal: bytes, codec: Codec) -> int:
    """Return the unit's type number as its standard names it."""
    return nal[0] & 31 if codec == "H264" else (nal[0] >> 1) & 63


def is_parameter_set(nal: bytes, codec: Codec) -> bool:
    return nal_type(nal, codec) in _PARAMETER_SETS[codec]


def is_entry_point(nals: list[bytes], codec: Codec) -> bool:
    """Whether decoding may begin at this access unit."""
    return any(nal_type(nal, codec) in _SAFE_ENTRY[codec] for nal in nals)


def useful(nals: list[bytes], codec: Codec) -> list[bytes]:
    """Return the units that a receiver needs."""
    shortest = 1 if codec == "H264" else 2
    return [nal for nal in nals if len(nal) > shortest and nal_type(nal, codec) not in _DISPENSABLE[codec]]


def split_start_codes(stream: bytes) -> list[bytes]:
    """Split an Annex B byte stream; the zero bytes that may follow a unit are no part of it."""
    return [part for part in (piece.rstrip(b"\0") for piece in _START_CODE.split(stream)) if part]


def split_lengths(sample: bytes, prefix_bytes: int) -> list[bytes]:
    """Split an MP4 sample, in which each unit follows its big-endian length; stop at a length that overruns."""
    nals, at = [], 0
    while at + prefix_bytes <= len(sample):
        size = int.from_bytes(sample[at : at + prefix_bytes], "big")
        at += prefix_bytes
        if size > len(sample) - at:
            break
        nals.append(sample[at : at + size])
        at += size
    return [nal for nal in nals if nal]


class Splitter:
    """Splits packets of one stream as its codec configuration (`extradata`) says, and knows its parameter sets.

    Raises `ValueError` for a configuration that makes no sense.
    """

    def __init__(self, codec: Codec, extradata: bytes) -> None:
        self._codec = codec
        self._prefix_bytes = 0  # 0 = start codes
        self.parameter_sets: list[bytes] = []
        if len(extradata) > 6 and extradata[0] == 1:
            try:
                self._read_record(extradata)
            except IndexError:
                raise ValueError("its codec configuration is broken") from None
        elif extradata:
            self.parameter_sets = [nal for nal in split_start_codes(extradata) if is_parameter_set(nal, codec)]

    def split(self, packet: bytes) -> list[bytes]:
        nals = split_lengths(packet, self._prefix_bytes) if self._prefix_bytes else split_start_codes(packet)
        return useful(nals, self._codec)

    def _read_record(self, record: bytes) -> None:
        """Read an AVCDecoderConfigurationRecord or HEVCDecoderConfigurationRecord (ISO/IEC 14496-15)."""
        if self._codec == "H264":
            self._prefix_bytes = (record[4] & 3) + 1
            at = self._read_array(record, 6, record[5] & 31)
            self._read_array(record, at + 1, record[at] if at < len(record) else 0)
            return
        self._prefix_bytes = (record[21] & 3) + 1
        at = 23
        for _ in range(record[22]):
            at = self._read_array(record, at + 3, int.from_bytes(record[at + 1 : at + 3], "big"))
        self.parameter_sets = [nal for nal in self.parameter_sets if is_parameter_set(nal, self._codec)]

    def _read_array(self, record: bytes, at: int, count: int) -> int:
        for _ in range(count):
            size = int.from_bytes(record[at : at + 2], "big")
            if size:
                self.parameter_sets.append(record[at + 2 : at + 2 + size])
            at += 2 + size
        return at

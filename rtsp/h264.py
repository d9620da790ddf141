"""Read the quantiser of an H.264 picture out of its slice header, without decoding it (ITU-T H.264, clause 7.3).

An encoder that must keep a constant bit rate answers movement with a coarser quantiser instead of more bytes. Bytes and
quantiser together tell how much there was to code, whatever the rate control.
"""

from __future__ import annotations

from dataclasses import dataclass

_SLICE, _IDR, _SPS, _PPS = 1, 5, 7, 8
_HEAD_BYTES = 64  # a slice header ends well before
_FIRST_BYTES = 2048  # a picture's first slice begins well before: in front of it stand at most parameter sets and SEI
_HIGH_PROFILES = {100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135}
_FINEST, _COARSEST = -36, 51  # with 14 bits a pixel; with 8 they begin at 0. Anything else is a damaged header
_DOUBLES_EVERY = 6  # quantiser steps that double the step size


@dataclass(frozen=True, slots=True)
class _Sps:
    separate_planes: bool
    chroma: bool
    frame_num_bits: int
    poc_type: int
    poc_bits: int
    poc_always_zero: bool
    frames_only: bool


@dataclass(frozen=True, slots=True)
class _Pps:
    sps: int
    cabac: bool
    bottom_poc: bool
    references: tuple[int, int]
    weighted: bool
    weighted_both: int
    quantiser: int
    redundant: bool


class Bits:
    """Reads bits and Exp-Golomb codes. Past the end it reads zeros, then raises `ValueError`."""

    def __init__(self, data: bytes) -> None:
        data = data.replace(b"\0\0\3", b"\0\0")  # emulation prevention
        self._value = int.from_bytes(data, "big")
        self._left = len(data) * 8

    def u(self, count: int) -> int:
        """Return the next `count` bits."""
        self._left -= count
        if self._left < 0:
            raise ValueError("the header is cut short")
        return (self._value >> self._left) & ((1 << count) - 1)

    def ue(self) -> int:
        """Return the next unsigned Exp-Golomb code."""
        rest = self._value & ((1 << self._left) - 1)
        zeros = self._left - rest.bit_length()
        if zeros > 32:
            raise ValueError("not an Exp-Golomb code")
        self._left -= zeros
        return self.u(zeros + 1) - 1

    def se(self) -> int:
        """Return the next signed Exp-Golomb code."""
        code = self.ue()
        return (code + 1) // 2 if code % 2 else -(code // 2)


class Quantisers:
    """Knows one stream's parameter sets, and with them the quantiser of each picture's first slice."""

    def __init__(self, extradata: bytes | None) -> None:
        self._sps: dict[int, _Sps] = {}
        self._pps: dict[int, _Pps] = {}
        self._length_bytes = 0  # 0: start codes, as cameras send; otherwise the size of MP4's length fields
        if extradata and extradata[0] == 1:
            self._length_bytes = (extradata[4] & 3) + 1
        for unit in _units_of(extradata or b""):
            self._learn(unit)

    def of(self, data: memoryview) -> int | None:
        """Return the quantiser (0..51 with 8 bits) of a coded picture, or None when it cannot be read."""
        head = bytes(data[:_FIRST_BYTES])
        try:
            for unit in self._split(head):
                kind = unit[0] & 31
                if kind in (_SLICE, _IDR):
                    return self._quantiser(unit)
                if kind in (_SPS, _PPS):
                    self._learn(unit)
        except (ValueError, IndexError, KeyError):
            return None
        return None

    def _split(self, data: bytes) -> list[bytes]:
        return _between_start_codes(data) if not self._length_bytes else _lengthed(data, self._length_bytes)

    def _learn(self, unit: bytes) -> None:
        kind = unit[0] & 31 if unit else 0
        try:
            if kind == _SPS:
                number, sps = _read_sps(Bits(unit[1:]))
                self._sps[number] = sps
            elif kind == _PPS:
                number, pps = _read_pps(Bits(unit[1:]))
                self._pps[number] = pps
        except (ValueError, IndexError):
            return

    def _quantiser(self, unit: bytes) -> int:
        bits = Bits(unit[1:_HEAD_BYTES])
        bits.ue()  # first macroblock
        kind = bits.ue() % 5  # 0 P, 1 B, 2 I, 3 SP, 4 SI
        pps = self._pps[bits.ue()]
        sps = self._sps[pps.sps]
        _skip_picture(bits, sps, pps, idr=unit[0] & 31 == _IDR)
        if kind == 1:
            bits.u(1)  # direct spatial prediction
        references = _skip_references(bits, pps, kind)
        if (pps.weighted and kind in (0, 3)) or (pps.weighted_both == 1 and kind == 1):
            _skip_weights(bits, sps, references, both=kind == 1)
        if unit[0] >> 5 & 3:
            _skip_marking(bits, idr=unit[0] & 31 == _IDR)
        if pps.cabac and kind not in (2, 4):
            bits.ue()
        quantiser = pps.quantiser + bits.se()
        if not _FINEST <= quantiser <= _COARSEST:
            raise ValueError(f"there is no quantiser {quantiser}")
        return quantiser


def effort(size_bytes: int, quantiser: int | None) -> float:
    """Return the bytes that the picture would have taken at a quantiser of 26: size grows as the step shrinks."""
    if quantiser is None:
        return float(size_bytes)
    return float(size_bytes * 2 ** ((quantiser - 26) / _DOUBLES_EVERY))


def _units_of(extradata: bytes) -> list[bytes]:
    """Split a decoder's extradata: MP4's avcC record, or start codes."""
    if not extradata or extradata[0] != 1:
        return _between_start_codes(extradata)
    units, at = [], 6
    try:
        for count in (extradata[5] & 31, None):
            if count is None:
                count, at = extradata[at], at + 1
            for _ in range(count):
                size = int.from_bytes(extradata[at : at + 2], "big")
                units.append(extradata[at + 2 : at + 2 + size])
                at += 2 + size
    except IndexError:
        return units
    return units


def _between_start_codes(data: bytes) -> list[bytes]:
    return [unit for unit in data.split(b"\0\0\1")[1:] if unit]


def _lengthed(data: bytes, width: int) -> list[bytes]:
    units, at = [], 0
    while at + width < len(data):
        size = int.from_bytes(data[at : at + width], "big")
        units.append(data[at + width : at + width + size])
        at += width + max(size, 1)
    return units


def _read_sps(bits: Bits) -> tuple[int, _Sps]:
    profile = bits.u(8)
    bits.u(16)
    number, chroma, separate = bits.ue(), 1, False
    if profile in _HIGH_PROFILES:
        chroma = bits.ue()
        separate = chroma == 3 and bool(bits.u(1))
        bits.ue(), bits.ue(), bits.u(1)
        if bits.u(1):
            for index in range(12 if chroma == 3 else 8):
                if bits.u(1):
                    _skip_scaling(bits, 16 if index < 6 else 64)
    frame_num_bits = bits.ue() + 4
    poc_type, poc_bits, always_zero = bits.ue(), 0, False
    if poc_type == 0:
        poc_bits = bits.ue() + 4
    elif poc_type == 1:
        always_zero = bool(bits.u(1))
        bits.se(), bits.se()
        for _ in range(min(bits.ue(), 255)):
            bits.se()
    bits.ue(), bits.u(1), bits.ue(), bits.ue()
    return number, _Sps(
        separate, bool(chroma) and not separate, frame_num_bits, poc_type, poc_bits, always_zero, bool(bits.u(1))
    )


def _skip_scaling(bits: Bits, size: int) -> None:
    last = following = 8
    for _ in range(size):
        if following:
            following = (last + bits.se()) % 256
        last = following or last


def _read_pps(bits: Bits) -> tuple[int, _Pps]:
    number, sps, cabac, bottom_poc = bits.ue(), bits.ue(), bool(bits.u(1)), bool(bits.u(1))
    if bits.ue():
        raise ValueError("slice groups are not read")  # no camera uses them
    references = (bits.ue() + 1, bits.ue() + 1)
    weighted, both = bool(bits.u(1)), bits.u(2)
    quantiser = 26 + bits.se()
    bits.se(), bits.se(), bits.u(1), bits.u(1)
    return number, _Pps(sps, cabac, bottom_poc, references, weighted, both, quantiser, bool(bits.u(1)))


def _skip_picture(bits: Bits, sps: _Sps, pps: _Pps, *, idr: bool) -> None:
    if sps.separate_planes:
        bits.u(2)
    bits.u(sps.frame_num_bits)
    field = not sps.frames_only and bool(bits.u(1))
    if field:
        bits.u(1)
    if idr:
        bits.ue()
    if sps.poc_type == 0:
        bits.u(sps.poc_bits)
    if (sps.poc_type == 0 and pps.bottom_poc and not field) or (sps.poc_type == 1 and not sps.poc_always_zero):
        bits.se()
    if sps.poc_type == 1 and not sps.poc_always_zero and pps.bottom_poc and not field:
        bits.se()
    if pps.redundant:
        bits.ue()


def _skip_references(bits: Bits, pps: _Pps, kind: int) -> tuple[int, int]:
    """Pass the reference lists and their changes; return how many references each list has."""
    first, second = pps.references
    if kind in (2, 4):
        return first, second
    if bits.u(1):
        first = bits.ue() + 1
        second = bits.ue() + 1 if kind == 1 else second
    for _ in range(2 if kind == 1 else 1):
        if bits.u(1):
            while bits.ue() != 3:
                bits.ue()
    if max(first, second) > 32:
        raise ValueError("more references than there can be")
    return first, second


def _skip_weights(bits: Bits, sps: _Sps, references: tuple[int, int], *, both: bool) -> None:
    bits.ue()
    if sps.chroma:
        bits.ue()
    for count in references if both else references[:1]:
        for _ in range(count):
            if bits.u(1):
                bits.se(), bits.se()
            if sps.chroma and bits.u(1):
                bits.se(), bits.se(), bits.se(), bits.se()


def _skip_marking(bits: Bits, *, idr: bool) -> None:
    if idr:
        bits.u(2)
        return
    if not bits.u(1):
        return
    while (operation := bits.ue()) != 0:
        if operation in (1, 2, 3, 4, 6):
            bits.ue()
        if operation == 3:
            bits.ue()

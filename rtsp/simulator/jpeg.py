"""Take baseline JPEGs apart for RTP (RFC 2435), which carries their scans and quantisation tables only."""

from __future__ import annotations

import functools
import struct
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

LARGEST_SIDE_PX = 2040  # the header counts blocks of 8 pixels in one byte
_TABLES_IN_BAND = 255
_FRAME, _HUFFMAN, _SCAN, _QUANTISATION, _RESTART_INTERVAL = 0xC0, 0xC4, 0xDA, 0xDB, 0xDD


class NotCarried(ValueError):  # noqa: N818  its reader transcodes
    """This JPEG is of a kind that RFC 2435 has no words for."""


@dataclass(frozen=True, slots=True)
class Jpeg:
    """What RTP needs of a JPEG. `kind` 0: 4:2:2, 1: 4:2:0; `restart` in blocks, 0 for none."""

    width: int
    height: int
    kind: int
    tables: bytes
    restart: int
    scan: bytes

    @classmethod
    def parse(cls, data: bytes) -> Jpeg:
        """Raise `NotCarried` for whatever is not 8-bit baseline YCbCr with the usual Huffman tables."""
        tables: dict[int, bytes] = {}
        frame, restart = b"", 0
        for marker, body, end in _segments(data):
            if marker == _FRAME:
                frame = body
            elif marker == _QUANTISATION:
                tables |= _quantisation(body)
            elif marker == _RESTART_INTERVAL:
                restart = int.from_bytes(body[:2], "big")
            elif marker == _HUFFMAN and not _usual(body):
                raise NotCarried("it has Huffman tables of its own")
            elif marker == _SCAN:
                return cls._of(frame, tables, restart, data[end:])
            elif 0xC0 < marker < 0xD0 and marker not in (_HUFFMAN, 0xC8, 0xCC):
                raise NotCarried("it is not baseline")
        raise NotCarried("there is no scan in it")

    @classmethod
    def _of(cls, frame: bytes, tables: dict[int, bytes], restart: int, scan: bytes) -> Jpeg:
        if len(frame) < 15 or frame[0] != 8 or frame[5] != 3:
            raise NotCarried("it is not 8-bit colour")
        height, width = struct.unpack("!HH", frame[1:5])
        kind = {0x21: 0, 0x22: 1}.get(frame[7])
        if kind is None or frame[10] != 0x11 or frame[13] != 0x11:
            raise NotCarried("its colours are sampled in an unusual way")
        if not (0 < width <= LARGEST_SIDE_PX and 0 < height <= LARGEST_SIDE_PX):
            raise NotCarried(f"a side is longer than {LARGEST_SIDE_PX} pixels")
        if frame[8] not in tables or frame[11] not in tables:
            raise NotCarried("a quantisation table is missing")
        end = scan.rfind(b"\xff\xd9")
        both = tables[frame[8]] + tables[frame[11]]
        return cls(width, height, kind, both, restart, scan[:end] if end >= 0 else scan)


def payloads(data: bytes, limit: int) -> list[bytes]:
    """Return the RTP payloads of one picture."""
    jpeg = Jpeg.parse(data)
    restart = struct.pack("!HH", jpeg.restart, 0xFFFF) if jpeg.restart else b""
    tables = struct.pack("!BBH", 0, 0, len(jpeg.tables)) + jpeg.tables
    out: list[bytes] = []
    at = 0
    while at < len(jpeg.scan) or not out:
        head = _main_header(jpeg, at) + restart + (tables if at == 0 else b"")
        piece = jpeg.scan[at : at + limit - len(head)]
        out.append(head + piece)
        at += len(piece)
    return out


def _main_header(jpeg: Jpeg, offset: int) -> bytes:
    kind = jpeg.kind + (64 if jpeg.restart else 0)
    sides = (-(-jpeg.width // 8), -(-jpeg.height // 8))
    return offset.to_bytes(4, "big") + bytes([kind, _TABLES_IN_BAND, *sides])


def _segments(data: bytes) -> Iterator[tuple[int, bytes, int]]:
    """Yield (marker, body, where it ends) for each segment up to the scan."""
    at = 2
    if data[:2] != b"\xff\xd8":
        raise NotCarried("it is not a JPEG")
    while at + 4 <= len(data):
        if data[at] != 0xFF:
            raise NotCarried("a marker is missing")
        if data[at + 1] == 0xFF:  # filler
            at += 1
            continue
        length = int.from_bytes(data[at + 2 : at + 4], "big")
        marker, end = data[at + 1], at + 2 + length
        yield marker, data[at + 4 : end], end
        if marker == _SCAN:
            return
        at = end


def _quantisation(body: bytes) -> dict[int, bytes]:
    tables = {}
    for at in range(0, len(body) - 64, 65):
        if body[at] >> 4:
            raise NotCarried("its quantisation is finer than 8 bits")
        tables[body[at] & 15] = body[at + 1 : at + 65]
    return tables


def _huffman_tables(body: bytes) -> list[bytes]:
    tables, at = [], 0
    while at + 17 <= len(body):
        size = 17 + sum(body[at + 1 : at + 17])
        tables.append(body[at : at + size])
        at += size
    return tables


def _usual(body: bytes) -> bool:
    return set(_huffman_tables(body)) <= _usual_tables()


@functools.cache
def _usual_tables() -> frozenset[bytes]:
    """The tables of the standard's annex K, as libjpeg writes them into every picture."""
    _, encoded = cv2.imencode(".jpg", np.zeros((16, 16, 3), np.uint8))
    bodies = [body for marker, body, _ in _segments(encoded.tobytes()) if marker == _HUFFMAN]
    return frozenset(table for body in bodies for table in _huffman_tables(body))

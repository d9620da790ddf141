"""Cut access units into RTP packets once, so that sending one is patching a few header bytes.

Payload formats: RFC 6184 (H.264), RFC 7798 (H.265), RFC 2435 (JPEG); interleaving: RFC 2326, section 10.12.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass

from rtsp.simulator import jpeg
from rtsp.simulator.clip import AccessUnit, Clip
from rtsp.simulator.nal import Codec

TCP_PAYLOAD_BYTES = 65_000  # what one interleaved packet can carry, so that most pictures are one packet
UDP_PAYLOAD_BYTES = 1_400
PREFIX_BYTES = 4  # the interleaving's "$", channel, length
HEADER_BYTES = PREFIX_BYTES + 12
PAYLOAD_TYPES: dict[Codec, int] = {"H264": 96, "H265": 96, "JPEG": 26}

_HEADER = struct.Struct("!cBHBBHII")
_PATCH_AT = PREFIX_BYTES + 2
_patch_into = struct.Struct("!HII").pack_into  # sequence number, timestamp, source


@dataclass(frozen=True, slots=True, eq=False)
class Packets:
    """One picture's RTP packets, one behind the other with their interleaving prefixes, in one buffer.

    `heads` says where each begins. The buffer is patched in place by whoever sends it, and by nobody else's leave:
    all sending happens on one thread.
    """

    blob: bytearray
    heads: tuple[int, ...]

    def patch(self, sequence: int, timestamp: int, source: int) -> None:
        """Write the three fields that differ from one sending to the next into every packet."""
        for at in self.heads:
            _patch_into(self.blob, at + _PATCH_AT, sequence & 0xFFFF, timestamp, source)
            sequence += 1

    def datagrams(self) -> list[memoryview]:
        """Return each RTP packet without its prefix, as UDP wants it."""
        ends = (*self.heads[1:], len(self.blob))
        whole = memoryview(self.blob)
        return [whole[at + PREFIX_BYTES : end] for at, end in zip(self.heads, ends, strict=True)]


def packetise(clip: Clip, unit: AccessUnit, payload_bytes: int) -> Packets:
    """Return the unit as RTP packets whose payloads are at most `payload_bytes` long."""
    return frame(_PAYLOADS[clip.codec](unit.nals, payload_bytes), PAYLOAD_TYPES[clip.codec])


def frame(payloads: list[bytes], payload_type: int) -> Packets:
    """Put headers before the payloads of one picture; the last carries the marker that ends it."""
    blob, heads = bytearray(), []
    for number, payload in enumerate(payloads, start=1):
        heads.append(len(blob))
        marker = 0x80 if number == len(payloads) else 0
        blob += _HEADER.pack(b"$", 0, 12 + len(payload), 0x80, marker | payload_type, 0, 0, 0)
        blob += payload
    return Packets(blob, tuple(heads))


def _h264(nals: tuple[bytes, ...], limit: int) -> list[bytes]:
    return _aggregated(nals, limit, _h264_together, _h264_fragments)


def _h265(nals: tuple[bytes, ...], limit: int) -> list[bytes]:
    return _aggregated(nals, limit, _h265_together, _h265_fragments)


def _aggregated(
    nals: tuple[bytes, ...],
    limit: int,
    together: Callable[[list[bytes]], bytes],
    fragments: Callable[[bytes, int], list[bytes]],
) -> list[bytes]:
    """Put neighbours that fit into one packet together, and split what fits into none."""
    payloads: list[bytes] = []
    group: list[bytes] = []
    room = limit - 2
    for nal in nals:
        if group and len(nal) + 2 > room:
            payloads.append(_joined(group, together))
            group, room = [], limit - 2
        if len(nal) > limit:
            payloads.extend(fragments(nal, limit))
            continue
        group.append(nal)
        room -= len(nal) + 2
    if group:
        payloads.append(_joined(group, together))
    return payloads


def _joined(group: list[bytes], together: Callable[[list[bytes]], bytes]) -> bytes:
    return group[0] if len(group) == 1 else together(group)


def _with_sizes(group: list[bytes]) -> bytes:
    return b"".join(len(nal).to_bytes(2, "big") + nal for nal in group)


def _h264_together(group: list[bytes]) -> bytes:
    importance = max(nal[0] & 0x60 for nal in group)
    return bytes([importance | 24]) + _with_sizes(group)


def _h264_fragments(nal: bytes, limit: int) -> list[bytes]:
    indicator, kind = (nal[0] & 0xE0) | 28, nal[0] & 0x1F
    pieces = _pieces(nal[1:], limit - 2)
    return [bytes([indicator, flags | kind]) + piece for flags, piece in pieces]


def _h265_together(group: list[bytes]) -> bytes:
    return bytes([(48 << 1) | (group[0][0] & 1), group[0][1]]) + _with_sizes(group)


def _h265_fragments(nal: bytes, limit: int) -> list[bytes]:
    first, second, kind = (nal[0] & 0x81) | (49 << 1), nal[1], (nal[0] >> 1) & 63
    pieces = _pieces(nal[2:], limit - 3)
    return [bytes([first, second, flags | kind]) + piece for flags, piece in pieces]


def _pieces(body: bytes, size: int) -> list[tuple[int, bytes]]:
    """Cut `body`; each piece comes with the bits that say first (0x80) and last (0x40)."""
    starts = range(0, len(body), size)
    return [((0x80 if at == 0 else 0) | (0x40 if at + size >= len(body) else 0), body[at : at + size]) for at in starts]


def _jpeg(nals: tuple[bytes, ...], limit: int) -> list[bytes]:
    return jpeg.payloads(nals[0], limit)


_PAYLOADS: dict[Codec, Callable[[tuple[bytes, ...], int], list[bytes]]] = {
    "H264": _h264,
    "H265": _h265,
    "JPEG": _jpeg,
}

"""Spoil packets the way a bad cable or a bad camera does; the framing around them stays whole."""

from __future__ import annotations

import random

from rtsp.simulator.packets import HEADER_BYTES, PREFIX_BYTES, Packets


def garbled(packets: Packets, rng: random.Random) -> Packets:
    """Return the packets with random payloads."""
    blob = bytearray()
    for packet in _each(packets):
        blob += packet[:HEADER_BYTES] + rng.randbytes(len(packet) - HEADER_BYTES)
    return Packets(blob, packets.heads)


def truncated(packets: Packets, rng: random.Random) -> Packets:
    """Return the packets cut short at random, some down to the bare RTP header."""
    blob, heads = bytearray(), []
    for packet in _each(packets):
        kept = packet[: rng.randint(HEADER_BYTES, len(packet))]
        heads.append(len(blob))
        blob += kept[:2] + (len(kept) - PREFIX_BYTES).to_bytes(2, "big") + kept[PREFIX_BYTES:]
    return Packets(blob, tuple(heads))


def _each(packets: Packets) -> list[bytes]:
    ends = (*packets.heads[1:], len(packets.blob))
    return [bytes(packets.blob[at:end]) for at, end in zip(packets.heads, ends, strict=True)]

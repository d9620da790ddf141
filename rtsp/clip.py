"""Cut a clip out of the ring without decoding or encoding anything."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import cast

import av

from rtsp.packet import Packet
from rtsp.ring import PacketRing


@dataclass(frozen=True, slots=True)
class Clip:
    """What was written. Times are camera time: a clip starts at the key frame before the moment asked for."""

    path: Path
    from_s: float
    to_s: float
    packets: int
    size_bytes: int


def cut(ring: PacketRing, path: Path, from_s: float, to_s: float) -> Clip | None:
    """Write what the ring holds from `from_s` to `to_s` as MP4; None when it holds nothing of it.

    A clip never reaches over a reconnect: the packets of the last session within the span are taken.
    """
    packets = [packet for packet in ring.since(from_s) if packet.time_s <= to_s]
    if not packets:
        return None
    session = packets[-1].session
    packets = [packet for packet in packets if packet.session == session]
    start = next((n for n, packet in enumerate(packets) if packet.is_key), None)
    if start is None:
        return None
    return _write(path, packets[start:])


def _write(path: Path, packets: list[Packet]) -> Clip:
    first = packets[0]
    partial = path.with_name(path.name + ".part")
    with av.open(str(partial), "w", format="mp4", options={"movflags": "+faststart"}) as out:
        stream = out.add_stream_from_template(first.encoding.template, opaque=True)
        origin = first.raw.dts or 0
        for packet in packets:
            copy = av.Packet(cast(bytes, packet.raw))  # shares the bytes; only its times are its own
            copy.time_base = packet.encoding.time_base
            copy.dts = (packet.raw.dts or 0) - origin
            copy.pts = (packet.raw.pts or 0) - origin
            copy.is_keyframe = packet.is_key
            copy.stream = stream
            out.mux_one(copy)
    partial.replace(path)
    return Clip(path, first.time_s, packets[-1].time_s, len(packets), path.stat().st_size)

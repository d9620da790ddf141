"""One file as a camera would send it: access units with sending and capture times, never re-encoded."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import av

from rtsp.simulator.jpeg import Jpeg, NotCarried
from rtsp.simulator.nal import Codec, Splitter, is_parameter_set

TICKS_PER_S = 90_000  # RTP's clock for video

_CODECS: dict[str, Codec] = {"h264": "H264", "hevc": "H265", "mjpeg": "JPEG"}


class NotServable(Exception):  # noqa: N818  it says what to do, and no more is wrong
    """The file cannot go out over RTP as it is; it must be transcoded first."""


@dataclass(frozen=True, slots=True, eq=False)
class AccessUnit:
    """One picture, compressed. Times are ticks of 1/90000 s since the clip began; `captured` <= `sent`."""

    nals: tuple[bytes, ...]  # for JPEG: one whole JPEG
    sent: int
    captured: int
    key: bool


@dataclass(frozen=True, slots=True, eq=False)
class Clip:
    """A file's pictures in sending order. The first is a key frame; the next round begins `length` ticks later."""

    codec: Codec
    width: int
    height: int
    fps: float
    units: tuple[AccessUnit, ...]
    length: int
    parameter_sets: tuple[bytes, ...]

    @property
    def bitrate_bps(self) -> float:
        total_bytes = sum(len(nal) for unit in self.units for nal in unit.nals)
        return total_bytes * 8 * TICKS_PER_S / self.length

    @classmethod
    def read(cls, file: Path | BinaryIO) -> Clip:
        """Read a whole file; raise `NotServable` where RTP has no way to carry it, FFmpeg's error where unreadable."""
        with av.open(str(file) if isinstance(file, Path) else file, "r", metadata_errors="replace") as container:
            if not container.streams.video:
                raise NotServable("there is no video in it")
            stream = container.streams.video[0]
            if stream.codec_context is None:
                raise NotServable("nothing here can decode it")
            codec = _CODECS.get(stream.codec_context.name)
            if codec is None:
                raise NotServable(f"RTP does not carry {stream.codec_context.name} well")
            packets = list(_packets(container, stream))
            extradata = bytes(stream.codec_context.extradata or b"")
            width, height = stream.codec_context.width, stream.codec_context.height
        return _build(codec, width, height, packets, extradata)


@dataclass(frozen=True, slots=True)
class _Packet:
    data: bytes
    dts: int
    pts: int
    duration: int
    key: bool
    hidden: bool  # an edit list says: decode it, but don't show it


def _packets(container: av.container.InputContainer, stream: av.VideoStream) -> Iterator[_Packet]:
    base = stream.time_base
    if base is None:
        raise NotServable("its stream has no time base")
    for packet in container.demux(stream):
        if packet.size == 0 or packet.is_corrupt:
            continue
        if packet.dts is None or packet.pts is None:
            raise NotServable("its packets carry no times")
        scale = base * TICKS_PER_S
        yield _Packet(
            bytes(packet),
            round(packet.dts * scale),
            round(packet.pts * scale),
            round((packet.duration or 0) * scale),
            bool(packet.is_keyframe),
            bool(packet.is_discard),
        )


def _build(codec: Codec, width: int, height: int, packets: list[_Packet], extradata: bytes) -> Clip:
    packets = _shown(packets)
    gap = _usual_gap(packets)
    if any(later.dts <= earlier.dts for earlier, later in itertools.pairwise(packets)):
        raise NotServable("its decoding times do not increase")
    if any(packet.pts < packet.dts for packet in packets):
        raise NotServable("it shows pictures before they are decoded")
    if codec == "JPEG":
        _check_jpegs(packets)
    units, parameter_sets = _units(codec, packets, extradata)
    if not units or not units[0].key:
        raise NotServable("its first key frame is empty")
    length = packets[-1].dts - packets[0].dts + gap
    return Clip(codec, width, height, TICKS_PER_S / gap, units, length, parameter_sets)


def _shown(packets: list[_Packet]) -> list[_Packet]:
    """Leave out what stands before the first key frame and what an edit list hides at either end."""
    while packets and packets[-1].hidden:
        packets.pop()
    shown = next((n for n, packet in enumerate(packets) if not packet.hidden), 0)
    keys = [n for n, packet in enumerate(packets) if packet.key]
    if not keys:
        raise NotServable("there is no key frame in it")
    packets = packets[max((n for n in keys if n <= shown), default=keys[0]) :]
    if any(packet.hidden for packet in packets):
        raise NotServable("its edit list begins within a group of pictures")
    return packets


def _check_jpegs(packets: list[_Packet]) -> None:
    try:
        for packet in packets:
            Jpeg.parse(packet.data)
    except NotCarried as error:
        raise NotServable(str(error)) from error


def _usual_gap(packets: list[_Packet]) -> int:
    gaps = [later.dts - earlier.dts for earlier, later in itertools.pairwise(packets)]
    usual = statistics.median_low(gaps) if gaps else packets[0].duration
    return usual if usual > 0 else TICKS_PER_S // 25


def _splitter(codec: Codec, extradata: bytes) -> Splitter:
    try:
        return Splitter(codec, extradata)
    except ValueError as error:
        raise NotServable(str(error)) from error


def _units(codec: Codec, packets: list[_Packet], extradata: bytes) -> tuple[tuple[AccessUnit, ...], tuple[bytes, ...]]:
    splitter = _splitter(codec, extradata) if codec != "JPEG" else None
    parameter_sets = tuple(splitter.parameter_sets) if splitter else ()
    start = packets[0].dts
    delay = max(packet.pts - packet.dts for packet in packets)  # a picture is never sent before it is captured
    units, announced = [], parameter_sets
    for packet in packets:
        nals = tuple(splitter.split(packet.data)) if splitter else (packet.data,)
        if not nals:
            continue
        if splitter:
            own = tuple(nal for nal in nals if is_parameter_set(nal, codec))
            parameter_sets = own or parameter_sets
            announced = announced or own
            if packet.key and not own:
                nals = (*parameter_sets, *nals)
        units.append(AccessUnit(nals, packet.dts - start + delay, packet.pts - start, packet.key))
    return tuple(units), announced

"""How many pictures a core of this box decodes: all of them, key frames alone, and scaled to a model's input."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rtsp.decoder import Decoder
from rtsp.packet import Packet
from rtsp.picture import VideoPicture
from rtsp.source import SourceSettings, open_source

MODEL_WIDTH_PX = 640


def bench_decode(files: Sequence[Path], seconds: float = 3.0) -> dict[str, Any]:
    """Measure each file for about `seconds` per way of decoding, on one core, with packets already in memory.

    Returns `{"results": [{name, file, codec, width, height, fps, ms: {p50, p95}, stream_fps, cameras_per_core}]}`.
    `fps` is pictures a second of processor time of this thread (a busy neighbour does not lower it); `ms` is the wall
    time of one picture. For key frames, `stream_fps` counts every frame of the stream that is so passed over.
    `cameras_per_core` is how many such cameras one core decodes live. Raises `rtsp.errors.SourceError`.
    """
    results = []
    for file in files:
        packets = _packets(file)
        for name, work in _ways().items():
            results.append(_measure(name, file, packets, work, seconds))
    return {"results": results}


def _packets(file: Path) -> list[Packet]:
    source = open_source(f"file:{file.resolve()}", SourceSettings(paced=False))
    try:
        encoding = source.connect()
        found = []
        for raw in source.packets(threading.Event()):
            time_s = float((raw.pts if raw.pts is not None else raw.dts or 0) * encoding.time_base)
            found.append(Packet(0, time_s, time_s, "file", time_s, raw.is_keyframe, raw.size, raw, encoding))
        return found
    finally:
        source.close()


def _ways() -> dict[str, Callable[[list[Packet]], Iterator[int]]]:
    return {"every picture": _every, "key frames": _keys, f"every picture, scaled to {MODEL_WIDTH_PX}": _scaled}


def _every(packets: list[Packet]) -> Iterator[int]:
    """Decode in sequence; yield how many pictures each step gave."""
    decoder = Decoder(packets[0].encoding)
    for packet in packets:
        yield len(decoder.decode(packet))


def _scaled(packets: list[Packet]) -> Iterator[int]:
    decoder = Decoder(packets[0].encoding)
    for packet in packets:
        pictures = [VideoPicture(decoded.frame) for decoded in decoder.decode(packet)]
        for picture in pictures:
            picture.scaled(MODEL_WIDTH_PX, max(2, round(MODEL_WIDTH_PX * picture.height / picture.width)), rgb=True)
        yield len(pictures)


def _keys(packets: list[Packet]) -> Iterator[int]:
    decoder = Decoder(packets[0].encoding)
    for packet in packets:
        if packet.is_key:
            yield decoder.decode_alone(packet) is not None


def _measure(
    name: str,
    file: Path,
    packets: list[Packet],
    work: Callable[[list[Packet]], Iterator[int]],
    seconds: float,
) -> dict[str, Any]:
    steps_ms, pictures = [], 0
    began_cpu_s, deadline_s = time.thread_time(), time.monotonic() + seconds
    before_s = time.monotonic()
    for count in itertools.chain.from_iterable(work(packets) for _ in itertools.count()):
        now_s = time.monotonic()
        if count:
            steps_ms.append((now_s - before_s) * 1000 / count)
        pictures, before_s = pictures + int(count), now_s
        if now_s >= deadline_s:
            break
    fps = pictures / max(time.thread_time() - began_cpu_s, 1e-9)
    encoding, stream_fps = packets[0].encoding, _stream_fps(packets)
    keys = sum(packet.is_key for packet in packets)
    passed = fps * (len(packets) / max(keys, 1) if name == "key frames" else 1)
    return {
        "name": name,
        "file": file.name,
        "codec": encoding.codec,
        "width": encoding.width,
        "height": encoding.height,
        "fps": round(fps, 1),
        "ms": {q: round(float(np.percentile(steps_ms, p)), 3) for q, p in (("p50", 50), ("p95", 95))},
        "stream_fps": round(passed, 1),
        "cameras_per_core": round(passed / stream_fps, 1) if stream_fps else None,
    }


def _stream_fps(packets: list[Packet]) -> float:
    span_s = max(p.time_s for p in packets) - min(p.time_s for p in packets)
    return (len(packets) - 1) / span_s if span_s > 0 else packets[0].encoding.fps

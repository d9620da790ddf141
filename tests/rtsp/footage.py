"""Small films made on the spot, and their packets as a camera would send them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

from rtsp.errors import SourceError
from rtsp.packet import Encoding, Packet
from rtsp.source import RawPacket, Source, SourceSettings, open_source

Luma = npt.NDArray[np.uint8]


def film(
    path: Path,
    picture: Callable[[int], Luma],
    count: int,
    *,
    fps: int = 25,
    key_every: int = 25,
    codec: str = "libx264",
    options: dict[str, str] | None = None,
) -> Path:
    """Encode `count` pictures, each from its number as (height, width) luma, and return the path."""
    height, width = picture(0).shape
    with av.open(str(path), "w") as out:
        stream = out.add_stream(codec, rate=fps)
        stream.width, stream.height = width, height
        if codec == "mjpeg":
            stream.pix_fmt = "yuvj420p"
        else:
            stream.pix_fmt = "yuv420p"
            stream.options = {
                "preset": "ultrafast",
                "g": str(key_every),
                "keyint_min": str(key_every),
                "sc_threshold": "0",
                "threads": "1",
                **(options or {"crf": "27"}),
            }
        for number in range(count):
            frame = av.VideoFrame.from_ndarray(_with_chroma(picture(number)), format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, fps)
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
    return path


def _with_chroma(luma: Luma) -> Luma:
    height, width = luma.shape
    planes = np.full((height * 3 // 2, width), 128, np.uint8)
    planes[:height] = luma
    return planes


def counting_square(number: int) -> Luma:
    """A white square that moves by one pixel a picture."""
    luma = np.full((120, 160), 60, np.uint8)
    luma[40:80, number % 120 : number % 120 + 40] = 220
    return luma


def packets_of(path: Path, *, session: int = 0, from_s: float = 0.0) -> list[Packet]:
    """Return the file's packets as the receiver would put them into the ring."""
    source = open_source(f"file:{path}", SourceSettings(paced=False))
    encoding = source.connect()
    found = []
    for raw in source.packets(threading.Event()):
        time_s = from_s + float((raw.pts or 0) * encoding.time_base)
        found.append(Packet(session, time_s, time_s, "file", time_s, raw.is_keyframe, raw.size, raw, encoding))
    source.close()
    return found


class ScriptedSource(Source):
    """Plays packets as fast as they are taken, then fails with `reason` (None: ends as a recording does)."""

    kind = "scripted"

    def __init__(self, packets: list[Packet], reason: str | None = "ended", refuse: str | None = None) -> None:
        super().__init__("scripted:", SourceSettings())
        self._packets, self._reason, self._refuse = packets, reason, refuse
        self.finite = reason is None
        self.closed = False

    def connect(self) -> Encoding:
        if self._refuse:
            raise SourceError(self._refuse, "not today")
        return self._packets[0].encoding

    def packets(self, stop: threading.Event) -> Iterator[RawPacket]:
        for packet in self._packets:
            if stop.is_set():
                return
            again: RawPacket = av.Packet(bytes(packet.raw))  # type: ignore[assignment]
            again.pts, again.dts, again.time_base = packet.raw.pts, packet.raw.dts, packet.encoding.time_base
            again.is_keyframe = packet.is_key
            yield again
        if self._reason is not None:
            raise SourceError(self._reason, "the plot says so")

    def close(self) -> None:
        self.closed = True

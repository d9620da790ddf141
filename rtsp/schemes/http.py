"""http: and https: MJPEG from old cameras, and recordings on a server."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import ClassVar

from rtsp.pace import ARRIVAL_BASE, at_its_own_pace, timed_by_arrival
from rtsp.packet import Encoding
from rtsp.source import AvSource, RawPacket


class Http(AvSource):
    """A live stream or a recording behind an HTTP address. What has a duration is a recording."""

    kind: ClassVar[str] = "http"
    _timeless = False

    def connect(self) -> Encoding:
        encoding = super().connect()
        assert self._container is not None
        self.finite = self._container.duration is not None
        self._timeless = self._container.format.name == "mpjpeg"  # libav invents 25 pictures a second
        return replace(encoding, time_base=ARRIVAL_BASE, fps=0.0) if self._timeless else encoding

    def packets(self, stop: threading.Event) -> Iterator[RawPacket]:
        packets = super().packets(stop)
        if self._timeless:
            return timed_by_arrival(packets)
        return at_its_own_pace(packets, stop) if self.finite and self.settings.paced else packets

    def options(self) -> dict[str, str]:
        return {
            "timeout": str(int(self.settings.read_timeout_s * 1e6)),
            "rw_timeout": str(int(self.settings.read_timeout_s * 1e6)),
            "analyzeduration": "2000000",
            "fpsprobesize": "0",
        }


class Https(Http):
    """The same inside TLS."""

    kind: ClassVar[str] = "https"

    def options(self) -> dict[str, str]:
        verify = {"tls_verify": "1", "ca_file": self.settings.ca_file} if self.settings.ca_file else {}
        return {**super().options(), **verify}

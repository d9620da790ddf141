"""file: a recording, played once at its own pace as if it were a camera."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import ClassVar
from urllib.parse import unquote

from rtsp.source import AvSource, RawPacket


class Recording(AvSource):
    """A file on this machine: file:/path, file:///path or file:relative/path."""

    kind: ClassVar[str] = "file"
    finite: ClassVar[bool] = True

    def address(self) -> str:
        path = self.url.removeprefix("file:")
        if path.startswith("//"):
            path = "/" + path[2:].split("/", 1)[-1]
        return "file:" + unquote(path)

    def packets(self, stop: threading.Event) -> Iterator[RawPacket]:
        """Yield each packet when its time has come."""
        started_s, first_s = time.monotonic(), None
        for packet in super().packets(stop):
            time_s = None if packet.dts is None else float(packet.dts * packet.time_base)
            if time_s is not None and self.settings.paced:
                first_s = time_s if first_s is None else first_s
                if stop.wait(max(0.0, started_s + time_s - first_s - time.monotonic())):
                    return
            yield packet

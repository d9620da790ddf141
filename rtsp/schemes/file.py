"""file: a recording, played once at its own pace as if it were a camera."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import ClassVar
from urllib.parse import unquote

from rtsp.pace import at_its_own_pace
from rtsp.source import AvSource, RawPacket


class Recording(AvSource):
    """A file on this machine: file:/path, file:///path or file:relative/path."""

    kind: ClassVar[str] = "file"
    finite = True

    def address(self) -> str:
        path = self.url.removeprefix("file:")
        if path.startswith("//"):
            path = "/" + path[2:].split("/", 1)[-1]
        return "file:" + unquote(path)

    def packets(self, stop: threading.Event) -> Iterator[RawPacket]:
        """Yield each packet when its time has come."""
        packets = super().packets(stop)
        return at_its_own_pace(packets, stop) if self.settings.paced else packets

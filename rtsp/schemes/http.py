"""http: and https: MJPEG from old cameras, and recordings on a server."""

from __future__ import annotations

from typing import ClassVar

from rtsp.source import AvSource


class Http(AvSource):
    """A stream or a recording behind an HTTP address."""

    kind: ClassVar[str] = "http"

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

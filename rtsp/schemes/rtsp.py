"""rtsp: and rtsps: what cameras speak."""

from __future__ import annotations

from typing import ClassVar

from rtsp.source import AvSource, SourceSettings


class Rtsp(AvSource):
    """RTSP with digest or basic authentication from the URL, RTP inside the connection or beside it."""

    kind: ClassVar[str] = "rtsp"

    def __init__(self, url: str, settings: SourceSettings) -> None:
        super().__init__(url, settings)
        self.patient = self.options()["rtsp_transport"] == "tcp"

    def options(self) -> dict[str, str]:
        return {
            "rtsp_transport": self.settings.transport,
            "allowed_media_types": "video",
            "timeout": str(int(self.settings.read_timeout_s * 1e6 / 2)),  # libav waits twice before it gives up
            "fpsprobesize": "0",  # the frame rate is measured as packets arrive, not waited for
            "analyzeduration": "2000000",
            "max_delay": "200000",  # how long UDP packets may be out of order
        }


class Rtsps(Rtsp):
    """RTSP inside TLS; always over the one connection."""

    kind: ClassVar[str] = "rtsps"

    def options(self) -> dict[str, str]:
        verify = {"tls_verify": "1", "ca_file": self.settings.ca_file} if self.settings.ca_file else {}
        return {**super().options(), "rtsp_transport": "tcp", **verify}

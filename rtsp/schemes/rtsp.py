"""rtsp: and rtsps: what cameras speak."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import ClassVar, Final

from rtsp.client.dialogue import UnsupportedError
from rtsp.client.source import RtspClient
from rtsp.errors import SourceError
from rtsp.packet import Encoding
from rtsp.source import AvSource, RawPacket, Source, SourceSettings

_SETTLED: Final = frozenset({"not_found", "unauthorised"})  # the same would be said again


class _AnyRtsp(AvSource):
    """RTSP as libav reads it: any codec, RTP inside the connection or beside it."""

    def options(self) -> dict[str, str]:
        settings = self.settings
        encrypted = self.url.startswith("rtsps:")
        verify = {"tls_verify": "1", "ca_file": settings.ca_file} if encrypted and settings.ca_file else {}
        return {
            "rtsp_transport": "tcp" if encrypted else settings.transport,
            "allowed_media_types": "video",
            "timeout": str(int(settings.read_timeout_s * 1e6 / 2)),  # libav waits twice before it gives up
            "fpsprobesize": "0",  # the frame rate is measured as packets arrive, not waited for
            "analyzeduration": "2000000",
            "max_delay": "200000",  # how long UDP packets may be out of order
            **verify,
        }


class Rtsp(Source):
    """RTSP with digest or basic authentication from the URL.

    H.264 and H.265 inside the connection are read by our own client, which shares one thread among all cameras;
    everything else by libav, which takes one for each.
    """

    kind: ClassVar[str] = "rtsp"
    _inside = False  # the connection whatever the settings say: TLS has no way beside it

    def __init__(self, url: str, settings: SourceSettings) -> None:
        super().__init__(url, settings)
        self._way: Source = _AnyRtsp(url, settings)

    def connect(self) -> Encoding:
        if not self._inside and self.settings.transport != "tcp":
            return self._way.connect()
        client = RtspClient(self.url, self.settings)
        try:
            encoding = client.connect()
        except UnsupportedError:
            return self._handed_over(client)
        except BaseException:
            client.close()
            raise
        self._way, self.polled = client, True
        return encoding

    def _handed_over(self, client: RtspClient) -> Encoding:
        """Let libav connect, and only then leave: what serves all from one stream takes it apart with the last viewer.

        A small camera that serves one connection at a time is left first, when libav has been refused.
        """
        try:
            return self._way.connect()
        except SourceError as error:
            if error.reason in _SETTLED:
                raise
        finally:
            client.close()
        self._way = _AnyRtsp(self.url, self.settings)
        return self._way.connect()

    def packets(self, stop: threading.Event) -> Iterator[RawPacket]:
        return self._way.packets(stop)

    def poll(self) -> list[RawPacket]:
        return self._way.poll()

    def told_utc_s(self, packet: RawPacket) -> float | None:
        return self._way.told_utc_s(packet)

    def close(self) -> None:
        self._way.close()


class Rtsps(Rtsp):
    """RTSP inside TLS; always over the one connection."""

    kind: ClassVar[str] = "rtsps"
    _inside = True

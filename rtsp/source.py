"""One connection attempt: it yields packets until the stream ends, or fails with a reason. It never tries again."""

from __future__ import annotations

import functools
import io
import socket
import struct
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal, TypeAlias, cast
from urllib.parse import urlsplit

import av
from av.error import (
    FFmpegError,
    HTTPForbiddenError,
    HTTPNotFoundError,
    HTTPUnauthorizedError,
    InvalidDataError,
)

from common.catalog import load_catalog
from common.redact import redact
from rtsp.errors import BY_NUMBER, SourceError
from rtsp.packet import Encoding

Transport: TypeAlias = Literal["tcp", "udp"]
RawPacket: TypeAlias = "av.Packet[av.VideoStream]"


@dataclass(frozen=True, slots=True)
class SourceSettings:
    """How patient a source is, and how pictures travel."""

    transport: Transport = "tcp"
    open_timeout_s: float = 10.0  # from dialling to the first description of the stream
    read_timeout_s: float = 4.0  # silence on an open connection; `stop` may have to wait this long
    paced: bool = True  # a file is played at its own pace, as a camera would
    ca_file: str | None = None  # who signs the cameras' certificates; without it rtsps encrypts but does not verify


class Source(ABC):
    """One connection. `connect` returns the encoding, `packets` yields what arrives; both raise `SourceError`."""

    kind: ClassVar[str]
    finite: bool = False  # a recording: a clean end is no fault. Known once connected
    polled: bool = False  # can be read without waiting, by `poll`. Known once connected

    def __init__(self, url: str, settings: SourceSettings) -> None:
        self.url = url
        self.settings = settings

    @abstractmethod
    def connect(self) -> Encoding:
        """Open the connection. Call once."""

    @abstractmethod
    def packets(self, stop: threading.Event) -> Iterator[RawPacket]:
        """Yield packets as they arrive, until the stream ends or `stop` is set."""

    def poll(self) -> list[RawPacket]:
        """Return what has come by now, where `polled`; raises `SourceError` as `packets` does."""
        raise RuntimeError("this source can only be waited for")

    def told_utc_s(self, packet: RawPacket) -> float | None:
        """Return when a packet's picture was taken, by the camera's clock; None while it has not told."""
        return None

    @abstractmethod
    def close(self) -> None:
        """Let go of the connection, from the thread that reads it."""


class AvSource(Source):
    """Whatever libav can open. A scheme says with which options."""

    def __init__(self, url: str, settings: SourceSettings) -> None:
        super().__init__(url, settings)
        self._container: av.container.InputContainer | None = None
        self._stream: av.VideoStream | None = None

    def options(self) -> dict[str, str]:
        """Return libav's options for this scheme."""
        return {}

    def address(self) -> str:
        """Return the URL as libav wants it."""
        return self.url

    def connect(self) -> Encoding:
        started_s = time.monotonic()
        # The interrupt callback behind `timeout` takes the GIL before every socket read: affordable while opening,
        # not for every RTP packet of 64 cameras. Reading is bounded by the protocol's own timeout in `options`.
        try:
            self._container = av.open(
                self.address(), timeout=(self.settings.open_timeout_s, None), options=self.options()
            )
        except (FFmpegError, OSError, ValueError) as error:
            waited_s = time.monotonic() - started_s
            raise opening_failed(self.url, error, silent=waited_s >= 0.4 * self.settings.read_timeout_s) from error
        if not self._container.streams.video:
            self.close()
            raise SourceError("no_video", f"{redact(self.url)}: there is no video in this stream")
        self._stream = self._container.streams.video[0]
        return encoding_of(self._stream, self.url)

    def packets(self, stop: threading.Event) -> Iterator[RawPacket]:
        if self._container is None or self._stream is None:
            raise RuntimeError("connect first")
        try:
            for packet in self._container.demux(self._stream):
                if stop.is_set():
                    return
                if packet.size:  # libav closes a stream with an empty packet
                    yield packet
        except (FFmpegError, OSError) as error:
            raise reading_failed(self.url, error) from error

    def told_utc_s(self, packet: RawPacket) -> float | None:
        if not packet.has_sidedata("prft"):
            return None
        return float(struct.unpack_from("=q", bytes(packet.get_sidedata("prft")))[0]) / 1e6

    def close(self) -> None:
        if self._container is not None:
            self._container.close()
            self._container = self._stream = None


def open_source(url: str, settings: SourceSettings) -> Source:
    """Return the source for the URL's scheme, not yet connected."""
    scheme = urlsplit(url).scheme
    catalog = source_catalog()
    if scheme not in catalog:
        raise SourceError("scheme", f"{redact(url)}: must start with one of {', '.join(s + ':' for s in catalog)}")
    return catalog[scheme](url, settings)


@functools.cache
def source_catalog() -> dict[str, type[Source]]:
    """Return every scheme that a file in `rtsp/schemes` implements."""
    import rtsp.schemes  # here, because the schemes import this file

    return load_catalog(rtsp.schemes, Source)  # type: ignore[type-abstract]


def encoding_of(stream: av.VideoStream, url: str) -> Encoding:
    """Describe a stream so that its packets outlive the connection. Raises `SourceError` for an unknown codec."""
    context = stream.codec_context
    if context is None:
        raise SourceError("codec", f"{redact(url)}: no decoder for this stream")
    rate = stream.average_rate or stream.guessed_rate
    descriptor = context.codec
    return Encoding(
        codec=context.name,
        time_base=cast("object", stream.time_base),  # type: ignore[arg-type]
        width=context.width,
        height=context.height,
        fps=float(rate) if rate else 0.0,
        extradata=context.extradata,
        intra_only=bool(descriptor.intra_only),
        template=_template(stream),
    )


def _template(stream: av.VideoStream) -> av.VideoStream:
    shelf = av.open(io.BytesIO(), "w", format="matroska", buffer_size=1024)
    return shelf.add_stream_from_template(stream, opaque=True)


def opening_failed(url: str, error: Exception, *, silent: bool = False) -> SourceError:
    """Say in one word why a stream could not be opened; `silent`: it failed only after a long wait.

    libav reports a server that never answers a request as invalid data, and an unknown host and a refused certificate
    as the same input/output error.
    """
    if isinstance(error, HTTPUnauthorizedError | HTTPForbiddenError):
        reason = "unauthorised"
    elif isinstance(error, HTTPNotFoundError):
        reason = "not_found"
    elif type(error).__name__ == "ExitError":
        reason = "timeout"
    elif isinstance(error, InvalidDataError):
        reason = "timeout" if silent else "garbage"
    else:
        reason = BY_NUMBER.get(getattr(error, "errno", 0) or 0, "refused")
    if reason == "io":
        reason = _why_io(url)
    return SourceError(reason, _sentence(url, error))


def _why_io(url: str) -> str:
    parts = urlsplit(url)
    try:
        socket.getaddrinfo(parts.hostname, parts.port)
    except (OSError, UnicodeError, ValueError):
        return "no_such_host"
    return "tls" if parts.scheme.endswith("s") else "io"


def reading_failed(url: str, error: Exception) -> SourceError:
    """Say in one word why an open stream stopped."""
    if isinstance(error, InvalidDataError):
        reason = "garbage"
    elif type(error).__name__ == "ExitError":
        reason = "timeout"
    else:
        reason = BY_NUMBER.get(getattr(error, "errno", 0) or 0, "ended")
    return SourceError(reason, _sentence(url, error))


def _sentence(url: str, error: Exception) -> str:
    return f"{redact(url)}: {redact(getattr(error, 'strerror', None) or str(error))}"

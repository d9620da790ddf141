"""Read RTSP requests off a connection: bounded, because anyone may connect."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

LARGEST_HEAD_BYTES = 16_384
LARGEST_BODY_BYTES = 16_384
MOST_HEADERS = 64


class BadRequest(Exception):  # noqa: N818  the receiver's, not ours
    """What came is not RTSP as we speak it; answer `status` and hang up."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class Request:
    """One request. Header names are in lower case."""

    method: str
    url: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def path(self) -> list[str]:
        """The parts of the URL's path, decoded, without empty ones."""
        try:
            parts = urlsplit(self.url).path.split("/")
        except ValueError:
            return []
        return [unquote(part) for part in parts if part]


class RequestReader:
    """Cuts a byte stream into requests, skipping the interleaved reports a receiver sends back."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._skip = 0
        self.reports = 0

    def feed(self, data: bytes) -> list[Request]:
        """Return the requests that `data` completes; raise `BadRequest` where the stream is beyond reading."""
        self._buffer += data
        requests = []
        while self._buffer:
            if self._skip or self._buffer[0] == 0x24:
                if not self._skip_interleaved():
                    break
            else:
                request = self._next()
                if request is None:
                    break
                requests.append(request)
        return requests

    def _skip_interleaved(self) -> bool:
        if not self._skip:
            if len(self._buffer) < 4:
                return False
            self._skip = 4 + int.from_bytes(self._buffer[2:4], "big")
            self.reports += 1
        taken = min(self._skip, len(self._buffer))
        del self._buffer[:taken]
        self._skip -= taken
        return self._skip == 0

    def _next(self) -> Request | None:
        while self._buffer[:2] == b"\r\n":  # RFC 2326 lets empty lines stand before a request
            del self._buffer[:2]
        end = self._buffer.find(b"\r\n\r\n", 0, LARGEST_HEAD_BYTES)
        if end < 0:
            if len(self._buffer) >= LARGEST_HEAD_BYTES:
                raise BadRequest(413, "the head of the request is too long")
            return None
        request = parse_head(bytes(self._buffer[:end]))
        length = _content_length(request)
        if len(self._buffer) < end + 4 + length:
            return None
        body = bytes(self._buffer[end + 4 : end + 4 + length])
        del self._buffer[: end + 4 + length]
        return Request(request.method, request.url, request.headers, body)


def parse_head(head: bytes) -> Request:
    """Parse a request line and its headers, without the empty line."""
    try:
        first, *rest = head.decode("utf-8").split("\r\n")
    except UnicodeDecodeError as error:
        raise BadRequest(400, "not UTF-8") from error
    words = first.split(" ")
    if len(words) != 3 or not words[2].startswith("RTSP/"):
        raise BadRequest(400, "not an RTSP request line")
    if words[2] != "RTSP/1.0":
        raise BadRequest(505, "only RTSP/1.0 is spoken here")
    if len(rest) > MOST_HEADERS:
        raise BadRequest(400, "too many headers")
    headers: dict[str, str] = {}
    for line in rest:
        name, colon, value = line.partition(":")
        if not colon or not name.strip():
            raise BadRequest(400, "a header without a colon")
        headers.setdefault(name.strip().lower(), value.strip())
    return Request(words[0], words[1], headers)


def _content_length(request: Request) -> int:
    text = request.headers.get("content-length", "0")
    if not (text.isascii() and text.isdigit()):
        raise BadRequest(400, "Content-Length is not a number")
    length = int(text) if len(text) < 10 else LARGEST_BODY_BYTES + 1
    if length > LARGEST_BODY_BYTES:
        raise BadRequest(413, "the body of the request is too long")
    return length

"""Ask a camera for its video (RFC 2326): connect, DESCRIBE, SETUP, PLAY, and later that the session be kept alive."""

from __future__ import annotations

import contextlib
import socket
import ssl
import time
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit

from common.redact import redact
from rtsp.client.digest import Login, login
from rtsp.client.sdp import Video, video_of
from rtsp.client.stream import message_length
from rtsp.errors import SourceError, reason_of
from rtsp.source import SourceSettings

_PORTS: Final = {"rtsp": 554, "rtsps": 322}
_HEAD_AT_MOST: Final = 2**20  # bytes of an answer; descriptions take one or two thousand
_REDIRECTS: Final = 3
_STATUS: Final = {401: "unauthorised", 403: "unauthorised", 404: "not_found"}
_SESSION_S: Final = 60.0  # RFC 2326, 12.37: when the camera does not say for how long it keeps a silent session
_READ: Final = 65_536
_QUOTED: Final = 80  # characters of what a camera says, in an error


class UnsupportedError(Exception):
    """The camera has video, but not in a form that this client reads."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer: its status, its headers by small name (several of one name are kept), and what comes with it."""

    status: int
    text: str
    headers: list[tuple[str, str]]
    body: bytes

    def get(self, name: str) -> str:
        return next((value for key, value in self.headers if key == name), "")


class Dialogue:
    """One connection. `open` waits for the camera; nothing after it does. Every failure is a `SourceError`."""

    def __init__(self, url: str, settings: SourceSettings) -> None:
        self._said = redact(url)
        self._settings = settings
        self._parts = urlsplit(url)
        self._user, self._password = unquote(self._parts.username or ""), unquote(self._parts.password or "")
        self._url = _bare(self._parts)
        self._deadline_s = 0.0
        self._login: Login | None = None
        self._number = 0
        self._unsent = b""
        self._buffer = bytearray()
        self._session = ""
        self._session_url = ""
        self._keeps_by = "OPTIONS"
        self.socket: socket.socket | None = None
        self.session_s = _SESSION_S
        self.media_channel, self.control_channel = 0, 1

    def open(self) -> Video:
        """Connect, and return what the camera will send; then `rest` and the socket bring it."""
        self._deadline_s = time.monotonic() + self._settings.open_timeout_s
        try:
            described, description = self._describe()
            video = video_of(description)
            if video is None:
                raise SourceError("no_video", f"{self._said}: there is no video in this stream")
            if video.codec is None:
                raise UnsupportedError
            base = described.get("content-base") or described.get("content-location") or self._url
            self._set_up(_joined(base, video.control))
            self._session_url = _joined(base, video.session_control)
            self._ask("PLAY", self._session_url, {"Range": "npt=0.000-"})
        except OSError as error:
            raise self._failed(error) from error
        except ValueError as error:  # a host or a port that cannot be one
            raise SourceError("no_such_host", f"{self._said}: {redact(str(error))}") from error
        return video

    def rest(self) -> bytes:
        """Return what came after the last answer."""
        rest = bytes(self._buffer)
        self._buffer.clear()
        return rest

    def keep_alive(self) -> None:
        """Ask for nothing, so that the camera knows that somebody is here."""
        self._send(self._request(self._keeps_by, self._session_url, {}))

    def answered(self, message: bytes) -> None:
        """Read the answer to a keep-alive: a camera may want to be told anew who we are."""
        answer = _parse(message)
        if answer is not None and answer.status == 401 and self._adopt(answer):
            self.keep_alive()

    def send_packet(self, channel: int, packet: bytes) -> None:
        """Send an interleaved packet."""
        self._send(b"$" + bytes([channel]) + len(packet).to_bytes(2, "big") + packet)

    def close(self) -> None:
        """End the session and the connection."""
        if self.socket is None:
            return
        with contextlib.suppress(OSError, ValueError):
            if self._session:
                self._send(self._request("TEARDOWN", self._session_url, {}))
        self.socket.close()
        self.socket = None

    def _describe(self) -> tuple[Answer, str]:
        for _ in range(_REDIRECTS + 1):
            self._connect()
            options = self._ask("OPTIONS", self._url, {}, may_fail=True)
            if "GET_PARAMETER" in options.get("public").upper():
                self._keeps_by = "GET_PARAMETER"
            answer = self._ask("DESCRIBE", self._url, {"Accept": "application/sdp"})
            if answer.status // 100 == 2:
                return answer, answer.body.decode("utf-8", "replace")
            self._follow(answer.get("location"))
        raise SourceError("refused", f"{self._said}: sends us from one address to the next")

    def _follow(self, location: str) -> None:
        parts = urlsplit(location)
        if parts.scheme not in _PORTS or not parts.hostname:
            raise SourceError("refused", f"{self._said}: sends us to {redact(location[:_QUOTED])!r}")
        self._parts, self._url = parts, _bare(parts)
        self.close()

    def _connect(self) -> None:
        host, port = self._parts.hostname or "", self._parts.port or _PORTS[self._parts.scheme]
        connection = socket.create_connection((host, port), timeout=self._patience_s())
        self.socket = connection
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._parts.scheme == "rtsps":
            self.socket = self._encrypted(connection, host)

    def _encrypted(self, connection: socket.socket, host: str) -> socket.socket:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        if self._settings.ca_file:
            context.load_verify_locations(self._settings.ca_file)
        else:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return context.wrap_socket(connection, server_hostname=host)

    def _set_up(self, url: str) -> None:
        answer = self._ask("SETUP", url, {"Transport": "RTP/AVP/TCP;unicast;interleaved=0-1"})
        self._session, _, rest = answer.get("session").partition(";")
        for part in rest.split(";"):
            name, _, value = part.strip().partition("=")
            if name.lower() == "timeout" and value.isdecimal() and int(value):
                self.session_s = float(value)
        for part in answer.get("transport").split(";"):
            name, _, value = part.strip().partition("=")
            first, _, second = value.partition("-")
            if name.lower() == "interleaved" and first.isdecimal() and int(first) < 255:
                self.media_channel = int(first)
                self.control_channel = int(second) if second.isdecimal() else self.media_channel + 1

    def _ask(self, method: str, url: str, headers: dict[str, str], *, may_fail: bool = False) -> Answer:
        """Send a request and wait for its answer; once more with a login when the camera wants one."""
        self._send(self._request(method, url, headers))
        answer = self._answer()
        if answer.status == 401 and self._adopt(answer):
            self._send(self._request(method, url, headers))
            answer = self._answer()
        if answer.status // 100 == 2 or may_fail or (answer.status // 100 == 3 and method == "DESCRIBE"):
            return answer
        if answer.status == 461:
            raise UnsupportedError  # it does not send pictures inside the connection
        reason = _STATUS.get(answer.status, "refused")
        raise SourceError(reason, f"{self._said}: {method} was answered with {answer.status} {answer.text[:_QUOTED]}")

    def _adopt(self, answer: Answer) -> bool:
        """Take the camera's challenge; False when we have nothing to answer it with, or did and were refused."""
        if not self._user:
            return False
        known = self._login.challenge.get("nonce") if self._login else None
        self._login = login(
            self._user, self._password, [value for name, value in answer.headers if name == "www-authenticate"]
        )
        return self._login is not None and (known is None or known != self._login.challenge.get("nonce"))

    def _request(self, method: str, url: str, headers: dict[str, str]) -> bytes:
        self._number += 1
        lines = [f"{method} {url} RTSP/1.0", f"CSeq: {self._number}", "User-Agent: IOC Edge"]
        if self._login:
            lines.append(f"Authorization: {self._login.header(method, url)}")
        if self._session:
            lines.append(f"Session: {self._session}")
        lines += [f"{name}: {value}" for name, value in headers.items()]
        return ("\r\n".join(lines) + "\r\n\r\n").encode()

    def _send(self, message: bytes) -> None:
        """Send, or keep for the next time what a connection that does not wait cannot take."""
        assert self.socket is not None
        self._unsent += message
        if len(self._unsent) > _READ:
            raise SourceError("ended", f"{self._said}: the camera does not read any more")
        try:
            while self._unsent:
                self._unsent = self._unsent[self.socket.send(self._unsent) :]
        except (BlockingIOError, ssl.SSLWantWriteError, ssl.SSLWantReadError):
            return

    def _answer(self) -> Answer:
        """Wait for an answer; packets that come before it are thrown away."""
        while True:
            answer = self._next_message()
            if answer is not None:
                return answer
            assert self.socket is not None
            self.socket.settimeout(self._patience_s())
            came = self.socket.recv(_READ)
            if not came:
                raise SourceError("ended", f"{self._said}: the camera has closed the connection")
            self._buffer += came
            if len(self._buffer) > _HEAD_AT_MOST:
                raise SourceError("garbage", f"{self._said}: this is no RTSP")

    def _next_message(self) -> Answer | None:
        buffer = self._buffer
        while buffer[:1] == b"$" and len(buffer) >= 4 and len(buffer) >= (size := 4 + (buffer[2] << 8 | buffer[3])):
            del buffer[:size]
        if buffer[:1] == b"$":
            return None
        if len(buffer) >= 5 and not buffer.startswith(b"RTSP/"):
            raise SourceError("garbage", f"{self._said}: this is no RTSP")
        length = message_length(buffer, 0, len(buffer))
        if length is None or len(buffer) < length:
            return None
        message = bytes(buffer[:length])
        del buffer[:length]
        answer = _parse(message)
        if answer is None:
            raise SourceError("garbage", f"{self._said}: this is no RTSP")
        return answer

    def _patience_s(self) -> float:
        left_s = self._deadline_s - time.monotonic()
        if left_s <= 0:
            raise TimeoutError
        return min(left_s, self._settings.read_timeout_s)

    def _failed(self, error: OSError) -> SourceError:
        return SourceError(reason_of(error), f"{self._said}: {redact(error.strerror or str(error) or 'no answer')}")


def _bare(parts: SplitResult) -> str:
    """Return an address without user and password."""
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def _joined(base: str, control: str) -> str:
    """Return the address of a control attribute (RFC 2326, C.1.1), appended as cameras with queries expect it."""
    if not control or control == "*":
        return base
    if "://" in control:
        return control
    return base + control if base.endswith("/") else f"{base}/{control}"


def _parse(message: bytes) -> Answer | None:
    """Read an answer, None when it is something else: a request of the camera's own."""
    head, _, body = message.partition(b"\r\n\r\n")
    lines = head.decode("utf-8", "replace").split("\r\n")
    version, _, rest = lines[0].partition(" ")
    status, _, text = rest.strip().partition(" ")
    if not version.startswith("RTSP/") or not status.isdecimal():
        return None
    pairs = (line.partition(":") for line in lines[1:])
    return Answer(int(status), text, [(name.strip().lower(), value.strip()) for name, _, value in pairs], body)

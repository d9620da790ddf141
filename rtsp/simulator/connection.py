"""One RTSP connection: bytes in, answers out, and the end of those who have gone without saying so."""

from __future__ import annotations

import asyncio
import logging
from typing import Protocol

from rtsp.simulator.camera import Camera
from rtsp.simulator.dialogue import Dialogue, Headers, House, Refusal, Silence
from rtsp.simulator.faults import Fault
from rtsp.simulator.request import BadRequest, Request, RequestReader
from rtsp.simulator.tcp import TcpLink

STUCK_TIMEOUT_S = 15.0  # a receiver that takes nothing for so long is gone

_REASONS = {
    200: "OK",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    413: "Request Entity Too Large",
    454: "Session Not Found",
    455: "Method Not Valid In This State",
    461: "Unsupported Transport",
    501: "Not Implemented",
    503: "Service Unavailable",
    505: "RTSP Version Not Supported",
}

logger = logging.getLogger(__name__)


class Door(House, Protocol):
    """The server, as a connection sees it."""

    def opened(self, connection: Connection) -> bool: ...
    def closed(self, connection: Connection) -> None: ...
    def now_s(self) -> float: ...


class Connection(asyncio.Protocol):
    """Carries one receiver's dialogue."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._reader = RequestReader()
        self._mute = False
        self._heard_s = door.now_s()
        self._stuck = (0, self._heard_s)  # how much waited, and since when it has been that much

    # --- asyncio ---

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self.link = TcpLink(transport)
        self.dialogue = Dialogue(
            self._door,
            self.link,
            peer=str(transport.get_extra_info("peername")[0]),
            here=str(transport.get_extra_info("sockname")[0]),
            secure=transport.get_extra_info("ssl_object") is not None,
        )
        if not self._door.opened(self):
            transport.abort()

    def data_received(self, data: bytes) -> None:
        self._heard_s = self._door.now_s()
        try:
            for request in [] if self._mute else self._reader.feed(data):
                self._answer(request)
                if self._mute or self._transport.is_closing():
                    return
        except BadRequest as error:
            self._respond("", error.status, {})
            self._transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        self.dialogue.stop()
        self._door.closed(self)

    # --- what the server asks ---

    def watches(self, camera: Camera) -> bool:
        return self.dialogue.camera is camera

    def hang_up(self) -> None:
        """Close at once, whatever still waits to be sent."""
        self.dialogue.stop()
        self._transport.abort()

    def fall_silent(self) -> None:
        """Stop reading and answering, but keep the socket: what a receiver sees of a camera that lost its power."""
        if not self._mute:
            self._mute = True
            self.dialogue.stop()
            self._transport.pause_reading()

    def reports_from(self, address: tuple[str, int]) -> bool:
        """Take a receiver report that came by UDP as a sign of life."""
        if self.dialogue.udp is None or self.dialogue.udp.control_address != address[:2]:
            return False
        self._heard_s = self._door.now_s()
        return True

    def check(self, now_s: float) -> None:
        """Hang up on whoever has gone. Over TCP, taking what is sent is life enough."""
        waiting = self.link.waiting_bytes
        if waiting == 0 or waiting != self._stuck[0]:
            self._stuck = (waiting, now_s)
        speaks = self.dialogue.playing and self.dialogue.udp is None
        silent = not speaks and now_s - self._heard_s > self._door.session_timeout_s
        if silent or now_s - self._stuck[1] > STUCK_TIMEOUT_S:
            camera = self.dialogue.camera
            logger.info("receiver gone", extra={"camera": camera.name if camera else None})
            self.hang_up()

    # --- requests ---

    def _answer(self, request: Request) -> None:
        number = request.headers.get("cseq", "")[:32]
        try:
            granted = self.dialogue.answer(request)
        except Refusal as refusal:
            self._respond(number, refusal.status, refusal.headers)
            if refusal.close:
                self._transport.close()
            return
        except Silence:
            self.fall_silent()
            return
        self._respond(number, 200, granted.headers, granted.body)
        camera = self.dialogue.camera
        if request.method == "TEARDOWN":
            self._transport.close()
        elif request.method == "PLAY" and camera is not None and Fault.CUT in camera.troubles:
            self.hang_up()

    def _respond(self, number: str, status: int, headers: Headers, body: bytes = b"") -> None:
        lines = [f"RTSP/1.0 {status} {_REASONS[status]}"]
        if number:
            lines.append(f"CSeq: {number}")
        for name, value in headers.items():
            lines += [f"{name}: {one}" for one in (value if isinstance(value, list) else [value])]
        if body:
            lines.append(f"Content-Length: {len(body)}")
        self.link.write(("\r\n".join(lines) + "\r\n\r\n").encode() + body)

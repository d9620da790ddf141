"""One RTSP connection: reads requests, answers them, and holds the one camera that it watches."""

from __future__ import annotations

import asyncio
import logging
import re
import secrets
import ssl
from collections.abc import Mapping
from typing import Protocol

from rtsp.simulator.camera import Camera
from rtsp.simulator.digest import Credentials
from rtsp.simulator.faults import Fault, FaultPlan
from rtsp.simulator.outlets import TcpLink, TcpOutlet, UdpOutlet, UdpPorts
from rtsp.simulator.request import BadRequest, Request, RequestReader
from rtsp.simulator.sdp import TRACK, describe
from rtsp.simulator.viewer import Viewer

STUCK_TIMEOUT_S = 15.0  # a receiver that takes nothing for so long is gone
PUBLIC = "OPTIONS, DESCRIBE, SETUP, PLAY, PAUSE, GET_PARAMETER, SET_PARAMETER, TEARDOWN"

_REASONS = {
    200: "OK",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    413: "Request Entity Too Large",
    454: "Session Not Found",
    455: "Method Not Valid In This State",
    461: "Unsupported Transport",
    501: "Not Implemented",
    503: "Service Unavailable",
    505: "RTSP Version Not Supported",
}
_UDP_PORTS = re.compile(r"client_port=(\d{1,5})(?:-(\d{1,5}))?")
_CHANNELS = re.compile(r"interleaved=(\d{1,3})(?:-(\d{1,3}))?")

logger = logging.getLogger(__name__)


class Refusal(Exception):  # noqa: N818  an answer, not an error
    """A request that is understood and not granted."""

    def __init__(
        self, status: int, headers: Mapping[str, str | list[str]] | None = None, *, close: bool = False
    ) -> None:
        super().__init__(_REASONS[status])
        self.status = status
        self.headers = headers or {}
        self.close = close


class House(Protocol):
    """What a connection needs of its server."""

    credentials: Credentials | None
    tcp_payload_bytes: int
    identity: int
    session_timeout_s: float

    def camera(self, name: str) -> Camera | None: ...
    def udp_ports(self) -> UdpPorts: ...
    def play(self, camera: Camera, viewer: Viewer) -> tuple[int, int]: ...
    def fault(self, plan: FaultPlan) -> None: ...
    def recover(self, fault: Fault, camera: str | None) -> None: ...
    def opened(self, connection: Connection) -> bool: ...
    def closed(self, connection: Connection) -> None: ...
    def now_s(self) -> float: ...


class Connection(asyncio.Protocol):
    """Speaks RTSP 1.0 with one receiver. A session lives and ends with its connection."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._reader = RequestReader()
        self._nonce = secrets.token_hex(16)
        self._session: str | None = None
        self._udp: UdpOutlet | None = None
        self.camera: Camera | None = None
        self.viewer: Viewer | None = None
        self.playing = False
        self._mute = False
        self._heard_s = house.now_s()
        self._stuck: tuple[int, float] | None = None

    # --- asyncio ---

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        peer, here = transport.get_extra_info("peername"), transport.get_extra_info("sockname")
        self._peer, self._here = str(peer[0]), str(here[0])
        self._scheme = "rtsps" if isinstance(transport.get_extra_info("ssl_object"), ssl.SSLObject) else "rtsp"
        self._link = TcpLink(transport)
        if not self._house.opened(self):
            transport.abort()

    def data_received(self, data: bytes) -> None:
        self._heard_s = self._house.now_s()
        if self._mute:
            return
        try:
            for request in self._reader.feed(data):
                self._answer(request)
                if self._mute or self._transport.is_closing():
                    return
        except BadRequest as error:
            self._respond("", error.status, {})
            self._transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        self._stop()
        self._house.closed(self)

    # --- what the server asks ---

    def hang_up(self) -> None:
        """Close at once, whatever still waits to be sent."""
        self._stop()
        self._transport.abort()

    def watches(self, camera: Camera) -> bool:
        return self.camera is camera

    def fall_silent(self) -> None:
        """Stop reading and answering, but keep the socket: what a receiver sees of a camera that lost its power."""
        if not self._mute:
            self._mute = True
            self._stop()
            self._transport.pause_reading()

    def reports_from(self, address: tuple[str, int]) -> bool:
        """Take a receiver report that came by UDP as a sign of life."""
        if self._udp is None or self._udp.control_address != address[:2]:
            return False
        self._heard_s = self._house.now_s()
        return True

    def check(self, now_s: float) -> None:
        """Hang up on whoever has gone without saying so."""
        waiting = self._link.waiting_bytes
        if waiting == 0 or self._stuck is None or self._stuck[0] != waiting:
            self._stuck = (waiting, now_s)
        heard_needed = not (self.playing and self._udp is None)
        silent = heard_needed and now_s - self._heard_s > self._house.session_timeout_s
        if silent or (waiting and now_s - self._stuck[1] > STUCK_TIMEOUT_S):
            logger.info("receiver gone", extra={"peer": self._peer, "camera": self.camera and self.camera.name})
            self.hang_up()

    # --- requests ---

    def _answer(self, request: Request) -> None:
        sequence = request.headers.get("cseq", "")
        try:
            headers, body = self._handle(request)
        except Refusal as refusal:
            self._respond(sequence, refusal.status, refusal.headers)
            if refusal.close:
                self._transport.close()
            return
        if headers is None:
            return
        self._respond(sequence, 200, headers, body)
        if request.method == "PLAY":
            self._play_now()
        elif request.method == "TEARDOWN":
            self._transport.close()

    def _handle(self, request: Request) -> tuple[dict[str, str] | None, bytes]:
        if request.method == "OPTIONS":
            return self._options(request)
        camera = self._find(request)
        if Fault.HALF_OPEN in camera.troubles:
            self.camera = camera
            self.fall_silent()
            return None, b""
        if Fault.REFUSE in camera.troubles:
            raise Refusal(503, close=True)
        self._authorise(request, camera)
        match request.method:
            case "DESCRIBE":
                return self._describe(request, camera)
            case "SETUP":
                return self._setup(request, camera)
            case "PLAY":
                return self._play(request, camera)
            case "PAUSE":
                return self._pause(request)
            case "GET_PARAMETER":
                return self._kept(request), b""
            case "SET_PARAMETER":
                return self._set_parameter(request, camera)
            case "TEARDOWN":
                self._stop()
                return self._kept(request), b""
        raise Refusal(501, {"Public": PUBLIC})

    def _options(self, request: Request) -> tuple[dict[str, str] | None, bytes]:
        camera = self._house.camera(request.path[0]) if request.path else None
        if camera is not None and Fault.HALF_OPEN in camera.troubles:
            self.fall_silent()
            return None, b""
        return {"Public": PUBLIC}, b""

    def _find(self, request: Request) -> Camera:
        path = request.path
        camera = self._house.camera(path[0]) if 1 <= len(path) <= 2 else self.camera if not path else None
        if camera is None or (len(path) == 2 and path[1] != TRACK):
            raise Refusal(404)
        return camera

    def _authorise(self, request: Request, camera: Camera) -> None:
        wrong = Fault.WRONG_PASSWORD in camera.troubles
        credentials = self._house.credentials
        if credentials is None and not wrong:
            return
        credentials = credentials or Credentials("", secrets.token_hex(8))
        given = request.headers.get("authorization", "")
        if wrong or not credentials.accept(given, method=request.method, nonce=self._nonce):
            raise Refusal(401, {"WWW-Authenticate": credentials.challenges(self._nonce)})

    def _describe(self, request: Request, camera: Camera) -> tuple[dict[str, str], bytes]:
        body = describe(camera.name, camera.film.clip, identity=self._house.identity, host=self._here)
        base = request.url.partition("?")[0].rstrip("/") + "/"
        return {"Content-Base": base, "Content-Type": "application/sdp"}, body

    def _setup(self, request: Request, camera: Camera) -> tuple[dict[str, str], bytes]:
        if self.playing:
            raise Refusal(455)
        for offer in request.headers.get("transport", "").split(","):
            spec = offer.strip()
            if "RTP/AVP/TCP" in spec:
                return self._set_up(camera, *self._tcp(spec))
            if spec.startswith("RTP/AVP") and "multicast" not in spec and self._scheme == "rtsp":
                outlet = self._udp_outlet(spec)
                if outlet:
                    return self._set_up(camera, *outlet)
        raise Refusal(461)

    def _set_up(self, camera: Camera, outlet: TcpOutlet | UdpOutlet, transport: str) -> tuple[dict[str, str], bytes]:
        self.camera = camera
        self.viewer = camera.viewer(outlet)
        self._udp = outlet if isinstance(outlet, UdpOutlet) else None
        self._session = self._session or secrets.token_hex(8)
        transport += f";ssrc={self.viewer.source:08X}"
        return {"Transport": transport, "Session": self._session_header()}, b""

    def _tcp(self, spec: str) -> tuple[TcpOutlet, str]:
        found = _CHANNELS.search(spec)
        media = int(found[1]) if found else 0
        control = int(found[2]) if found and found[2] else media + 1
        if not (0 <= media <= 255 and 0 <= control <= 255):
            raise Refusal(461)
        outlet = TcpOutlet(self._link, (media, control), self._house.tcp_payload_bytes)
        return outlet, f"RTP/AVP/TCP;unicast;interleaved={media}-{control}"

    def _udp_outlet(self, spec: str) -> tuple[UdpOutlet, str] | None:
        """Only the peer itself is sent to: a `destination` would make us a tool for flooding others."""
        found = _UDP_PORTS.search(spec)
        media = int(found[1]) if found else 0
        control = int(found[2]) if found and found[2] else media + 1
        if not (0 < media < 65536 and 0 < control < 65536):
            return None
        ports = self._house.udp_ports()
        here = f"server_port={ports.numbers[0]}-{ports.numbers[1]}"
        return UdpOutlet(ports, self._peer, (media, control)), (f"RTP/AVP;unicast;client_port={media}-{control};{here}")

    def _play(self, request: Request, camera: Camera) -> tuple[dict[str, str], bytes]:
        headers = self._kept(request)
        if self.viewer is None or self.camera is not camera:
            raise Refusal(455)
        sequence, timestamp = self._house.play(camera, self.viewer)
        url = request.url.rstrip("/").removesuffix("/" + TRACK) + "/" + TRACK
        headers["Range"] = "npt=now-"
        headers["RTP-Info"] = f"url={url};seq={sequence};rtptime={timestamp}"
        return headers, b""

    def _play_now(self) -> None:
        self.playing = True
        if self.camera is not None and Fault.CUT in self.camera.troubles:
            self.hang_up()

    def _pause(self, request: Request) -> tuple[dict[str, str], bytes]:
        headers = self._kept(request)
        if self.camera is not None and self.viewer is not None:
            self.camera.leave(self.viewer)
            self.playing = False
        return headers, b""

    def _set_parameter(self, request: Request, camera: Camera) -> tuple[dict[str, str], bytes]:
        """`fault: KIND[=VALUE][:start_s[:for_s]]` or `recover: KIND`, from this machine only."""
        headers = self._kept(request) if "session" in request.headers else {}
        if not request.body.strip():
            return headers, b""
        if self._peer not in {"127.0.0.1", "::1"}:
            raise Refusal(403)
        try:
            self._change(request.body.decode(), camera)
        except ValueError as error:
            raise Refusal(400, {"X-Reason": str(error).replace("\r", " ").replace("\n", " ")}) from error
        return headers, b""

    def _change(self, text: str, camera: Camera) -> None:
        for line in text.splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "fault":
                plan = FaultPlan.parse(value.strip())
                self._house.fault(FaultPlan(plan.fault, plan.start_s, plan.for_s, plan.value, camera.name))
            elif name.strip() == "recover":
                self._house.recover(Fault(value.strip()), camera.name)
            elif line.strip():
                raise ValueError(f"there is no parameter {name.strip()!r}")

    def _kept(self, request: Request) -> dict[str, str]:
        """Check the session that the request names, if it names one."""
        given = request.headers.get("session", "").partition(";")[0]
        needed = request.method in {"PLAY", "PAUSE"}
        if (needed and self._session is None) or (given and given != self._session) or (needed and not given):
            raise Refusal(454)
        return {"Session": self._session_header()} if self._session else {}

    def _session_header(self) -> str:
        return f"{self._session};timeout={max(1, round(self._house.session_timeout_s))}"

    def _stop(self) -> None:
        if self.camera is not None and self.viewer is not None:
            self.camera.leave(self.viewer)
        self.viewer, self._udp, self.playing = None, None, False

    def _respond(self, sequence: str, status: int, headers: Mapping[str, str | list[str]], body: bytes = b"") -> None:
        lines = [f"RTSP/1.0 {status} {_REASONS[status]}"]
        if sequence:
            lines.append(f"CSeq: {sequence[:32]}")
        for name, value in headers.items():
            lines += [f"{name}: {one}" for one in (value if isinstance(value, list) else [value])]
        if body:
            lines.append(f"Content-Length: {len(body)}")
        self._link.write(("\r\n".join(lines) + "\r\n\r\n").encode() + body)

"""What each RTSP method does for one receiver, which watches at most one camera."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from rtsp.simulator.camera import Camera
from rtsp.simulator.digest import Credentials
from rtsp.simulator.faults import Fault, FaultPlan
from rtsp.simulator.request import Request
from rtsp.simulator.sdp import TRACK, describe
from rtsp.simulator.tcp import TcpLink
from rtsp.simulator.transport import choose
from rtsp.simulator.udp import UdpOutlet, UdpPorts
from rtsp.simulator.viewer import Viewer

PUBLIC = "OPTIONS, DESCRIBE, SETUP, PLAY, PAUSE, GET_PARAMETER, SET_PARAMETER, TEARDOWN"

Headers = Mapping[str, str | list[str]]


class Refusal(Exception):  # noqa: N818  an answer, not an error
    """A request that is understood and not granted."""

    def __init__(self, status: int, headers: Headers | None = None, *, close: bool = False) -> None:
        super().__init__(status)
        self.status = status
        self.headers: Headers = headers or {}
        self.close = close


class Silence(Exception):  # noqa: N818  an answer of a kind
    """The camera is half open: nobody answers any more."""


@dataclass(frozen=True, slots=True)
class Granted:
    """An answer with status 200."""

    headers: Headers = field(default_factory=dict)
    body: bytes = b""


class House(Protocol):
    """What a receiver's dialogue needs of the server."""

    credentials: Credentials | None
    tcp_payload_bytes: int
    identity: int
    session_timeout_s: float

    def camera(self, name: str) -> Camera | None: ...
    def udp_ports(self) -> UdpPorts: ...
    def play(self, camera: Camera, viewer: Viewer) -> tuple[int, int]: ...
    def fault(self, plan: FaultPlan) -> None: ...
    def recover(self, fault: Fault, camera: str | None) -> None: ...


class Dialogue:
    """Answers the requests of one connection. Its session lives and ends with the connection."""

    def __init__(self, house: House, link: TcpLink, *, peer: str, here: str, secure: bool) -> None:
        self.camera: Camera | None = None
        self.viewer: Viewer | None = None
        self.udp: UdpOutlet | None = None
        self.playing = False
        self._house = house
        self._link = link
        self._peer, self._here, self._secure = peer, here, secure
        self._nonce = secrets.token_hex(16)
        self._session: str | None = None

    def answer(self, request: Request) -> Granted:
        """Do what is asked; raise `Refusal`, or `Silence` where the camera is half open."""
        camera = self._camera_of(request)
        if camera is not None and Fault.HALF_OPEN in camera.troubles:
            self.camera = camera
            raise Silence
        if request.method == "OPTIONS":
            return Granted({"Public": PUBLIC})
        if camera is None:
            raise Refusal(404)
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
                return Granted(self._session_of(request))
            case "SET_PARAMETER":
                return self._set_parameter(request, camera)
            case "TEARDOWN":
                headers = self._session_of(request)
                self.stop()
                return Granted(headers)
        raise Refusal(501, {"Public": PUBLIC})

    def stop(self) -> None:
        """Watch no longer."""
        if self.camera is not None and self.viewer is not None:
            self.camera.leave(self.viewer)
        self.viewer, self.udp, self.playing = None, None, False

    # --- methods ---

    def _describe(self, request: Request, camera: Camera) -> Granted:
        body = describe(camera.name, camera.film.clip, identity=self._house.identity, host=self._here)
        base = request.url.partition("?")[0].rstrip("/") + "/"
        return Granted({"Content-Base": base, "Content-Type": "application/sdp"}, body)

    def _setup(self, request: Request, camera: Camera) -> Granted:
        if self.playing:
            raise Refusal(455)
        chosen = choose(
            request.headers.get("transport", ""),
            link=self._link,
            peer=self._peer,
            udp_ports=None if self._secure else self._house.udp_ports,
            tcp_payload_bytes=self._house.tcp_payload_bytes,
        )
        if chosen is None:
            raise Refusal(461)
        outlet, transport = chosen
        self.camera, self.viewer = camera, camera.viewer(outlet)
        self.udp = outlet if isinstance(outlet, UdpOutlet) else None
        self._session = self._session or secrets.token_hex(8)
        return Granted({"Transport": f"{transport};ssrc={self.viewer.source:08X}", **self._session_header()})

    def _play(self, request: Request, camera: Camera) -> Granted:
        headers = self._session_of(request, needed=True)
        if self.viewer is None or self.camera is not camera:
            raise Refusal(455)
        sequence, timestamp = self._house.play(camera, self.viewer)
        self.playing = True
        url = request.url.rstrip("/").removesuffix("/" + TRACK) + "/" + TRACK
        info = f"url={url};seq={sequence};rtptime={timestamp}"
        return Granted({**headers, "Range": "npt=now-", "RTP-Info": info})

    def _pause(self, request: Request) -> Granted:
        headers = self._session_of(request, needed=True)
        if self.camera is not None and self.viewer is not None:
            self.camera.leave(self.viewer)
            self.playing = False
        return Granted(headers)

    def _set_parameter(self, request: Request, camera: Camera) -> Granted:
        """`fault: KIND[=VALUE][:start_s[:for_s]]` or `recover: KIND`, from this machine only."""
        headers = self._session_of(request)
        if not request.body.strip():
            return Granted(headers)
        if self._peer not in {"127.0.0.1", "::1"}:
            raise Refusal(403)
        try:
            for line in request.body.decode().splitlines():
                self._set(line, camera)
        except ValueError as error:
            raise Refusal(400, {"X-Reason": " ".join(str(error).split())}) from error
        return Granted(headers)

    def _set(self, line: str, camera: Camera) -> None:
        name, _, value = (part.strip() for part in line.partition(":"))
        if name == "fault":
            plan = FaultPlan.parse(value)
            self._house.fault(FaultPlan(plan.fault, plan.start_s, plan.for_s, plan.value, camera.name))
        elif name == "recover":
            self._house.recover(Fault(value), camera.name)
        elif line.strip():
            raise ValueError(f"there is no parameter {name!r}")

    # --- who and what ---

    def _camera_of(self, request: Request) -> Camera | None:
        path = request.path
        if not path:
            return self.camera
        known = len(path) == 1 or (len(path) == 2 and path[1] == TRACK)
        return self._house.camera(path[0]) if known else None

    def _authorise(self, request: Request, camera: Camera) -> None:
        wrong = Fault.WRONG_PASSWORD in camera.troubles
        credentials = self._house.credentials
        if credentials is None and not wrong:
            return
        credentials = credentials or Credentials("", secrets.token_hex(8))
        given = request.headers.get("authorization", "")
        if wrong or not credentials.accept(given, method=request.method, nonce=self._nonce):
            raise Refusal(401, {"WWW-Authenticate": credentials.challenges(self._nonce)})

    def _session_of(self, request: Request, *, needed: bool = False) -> dict[str, str]:
        """Check the session that the request names, if it names one; return the header that answers it."""
        given = request.headers.get("session", "").partition(";")[0].strip()
        if (needed and not given) or (given and given != self._session):
            raise Refusal(454)
        return self._session_header() if self._session else {}

    def _session_header(self) -> dict[str, str]:
        return {"Session": f"{self._session};timeout={max(1, round(self._house.session_timeout_s))}"}

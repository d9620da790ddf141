"""The RTSP server of all simulated cameras: one listener, one wheel that turns them, one keeper of faults."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import socket
import ssl
import time
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

from rtsp.simulator.camera import Camera
from rtsp.simulator.connection import Connection
from rtsp.simulator.digest import Credentials
from rtsp.simulator.faults import PICTURE_FAULTS, Fault, FaultPlan
from rtsp.simulator.packets import TCP_PAYLOAD_BYTES
from rtsp.simulator.studio import Closed, Studio
from rtsp.simulator.udp import UdpPorts
from rtsp.simulator.viewer import Viewer
from rtsp.simulator.wheel import Wheel

CHECK_EVERY_S = 1.0
SESSION_TIMEOUT_S = 60.0
MOST_CONNECTIONS = 2_000

logger = logging.getLogger(__name__)


class Server:
    """Serves cameras by name. Everything happens on the event loop that `start` is awaited on."""

    def __init__(
        self,
        cameras: Iterable[Camera],
        *,
        studio: Studio,
        credentials: Credentials | None = None,
        tls: ssl.SSLContext | None = None,
        tcp_payload_bytes: int = TCP_PAYLOAD_BYTES,
        session_timeout_s: float = SESSION_TIMEOUT_S,
    ) -> None:
        self.cameras = {camera.name: camera for camera in cameras}
        self.credentials = credentials
        self.tcp_payload_bytes = tcp_payload_bytes
        self.session_timeout_s = session_timeout_s
        self.identity = secrets.randbits(31)
        self.connections: set[Connection] = set()
        self._studio = studio
        self._tls = tls
        self._listener: asyncio.Server | None = None
        self._udp: UdpPorts | None = None
        self._chores: set[asyncio.Task[None]] = set()
        for camera in self.cameras.values():
            camera.on_drop = self._dropper(camera)

    # --- life ---

    async def start(self, host: str, port: int) -> int:
        """Listen, and return the port."""
        self._loop = asyncio.get_running_loop()
        self._wheel = Wheel(self._loop, self.now_s)
        self._host = host
        self.port = await self._listen(port)
        self._chore(self._check_for_ever())
        return self.port

    async def stop(self) -> None:
        """Hang up on everyone and give everything back."""
        for task in tuple(self._chores):
            task.cancel()
        await asyncio.gather(*self._chores, return_exceptions=True)
        self._wheel.stop()
        self._close_listener()
        for connection in tuple(self.connections):
            connection.hang_up()
        if self._udp is not None:
            self._loop.remove_reader(self._udp.media)
            self._loop.remove_reader(self._udp.control)
            self._udp.close()
        await asyncio.sleep(0)  # lets the transports close their sockets

    async def _listen(self, port: int) -> int:
        self._listener = await self._loop.create_server(
            lambda: Connection(self), self._host, port, ssl=self._tls, backlog=512, reuse_address=True
        )
        return int(self._listener.sockets[0].getsockname()[1])

    def _close_listener(self) -> None:
        if self._listener is not None:
            self._listener.close()
            self._listener = None

    def _chore(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(work)
        self._chores.add(task)
        task.add_done_callback(self._chore_done)

    def _chore_done(self, task: asyncio.Task[None]) -> None:
        self._chores.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None and not isinstance(error, Closed):
            logger.error("a chore failed", exc_info=error)

    async def _check_for_ever(self) -> None:
        """Look after receivers that are gone, faults that are over, and the door."""
        while True:
            await asyncio.sleep(CHECK_EVERY_S)
            now_s = self.now_s()
            for connection in tuple(self.connections):
                connection.check(now_s)
            for camera in self.cameras.values():
                camera.expire(now_s)
            await self._open_or_close_door()

    # --- what connections ask ---

    def now_s(self) -> float:
        return time.monotonic()

    def camera(self, name: str) -> Camera | None:
        return self.cameras.get(name)

    def udp_ports(self) -> UdpPorts:
        if self._udp is None:
            self._udp = UdpPorts(self._host, self._loop.call_later)
            self._loop.add_reader(self._udp.media, self._drain, self._udp.media)
            self._loop.add_reader(self._udp.control, self._drain, self._udp.control)
        return self._udp

    def play(self, camera: Camera, viewer: Viewer) -> tuple[int, int]:
        first = camera.join(viewer)
        self._wheel.add(camera)
        return first

    def opened(self, connection: Connection) -> bool:
        """Take the connection in, unless there are too many."""
        if len(self.connections) >= MOST_CONNECTIONS:
            return False
        self.connections.add(connection)
        return True

    def closed(self, connection: Connection) -> None:
        self.connections.discard(connection)

    def _drain(self, port: socket.socket) -> None:
        """Read what receivers send by UDP: reports, which show that they live, and packets that open firewalls."""
        with contextlib.suppress(OSError):
            for _ in range(64):
                _, address = port.recvfrom(2048)
                any(connection.reports_from(address) for connection in self.connections)

    # --- faults ---

    def schedule(self, plan: FaultPlan) -> None:
        """Begin a fault when its time comes."""
        if plan.start_s:
            self._loop.call_later(plan.start_s, self._begin, plan)
        else:
            self._begin(plan)

    def fault(self, plan: FaultPlan) -> None:
        """Schedule a fault for one camera or all; raise `ValueError` for a camera that is not there."""
        if plan.camera is not None and plan.camera not in self.cameras:
            raise ValueError(f"there is no camera {plan.camera!r}")
        self.schedule(plan)

    def recover(self, fault: Fault, camera: str | None) -> None:
        """End a fault of one camera or all."""
        for one in self._named(camera):
            one.recover(fault)
        self._chore(self._open_or_close_door())

    def _named(self, name: str | None) -> list[Camera]:
        return [self.cameras[name]] if name is not None else list(self.cameras.values())

    def _begin(self, plan: FaultPlan) -> None:
        cameras = self._named(plan.camera)
        if plan.fault is Fault.REFUSE and self._refusing() | set(cameras) == set(self.cameras.values()):
            self._close_listener()  # before anyone is dropped who would come straight back
        for camera in cameras:
            logger.info("fault begins", extra={"camera": camera.name, "fault": plan.fault.value})
            camera.suffer(plan.fault, plan.for_s, plan.value)
            if plan.fault in PICTURE_FAULTS:
                self._chore(self._change_picture(camera, plan.fault))
            if plan.fault is Fault.HALF_OPEN:
                for connection in self._watching(camera):
                    connection.fall_silent()

    async def _change_picture(self, camera: Camera, fault: Fault) -> None:
        film = await self._studio.film(camera, fault)
        if fault in camera.troubles:  # it may have ended while its film was made
            camera.play(film)

    async def _open_or_close_door(self) -> None:
        """Close the port itself while every camera refuses, as a machine without power would."""
        if self._refusing() == set(self.cameras.values()):
            self._close_listener()
        elif self._listener is None:
            with contextlib.suppress(OSError):  # somebody took the port meanwhile: tried again at the next check
                await self._listen(self.port)

    def _refusing(self) -> set[Camera]:
        return {camera for camera in self.cameras.values() if Fault.REFUSE in camera.troubles}

    def _watching(self, camera: Camera) -> list[Connection]:
        return [connection for connection in self.connections if connection.watches(camera)]

    def _dropper(self, camera: Camera) -> Callable[[], None]:
        def drop() -> None:
            for connection in self._watching(camera):
                connection.hang_up()

        return drop

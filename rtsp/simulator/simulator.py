"""The simulator as a program or a test uses it: files in, RTSP addresses out, faults on command."""

from __future__ import annotations

import asyncio
import random
import ssl
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from pathlib import Path
from types import TracebackType
from typing import TypeVar
from urllib.parse import quote

from rtsp.simulator.camera import Camera, Clock
from rtsp.simulator.clip import Clip
from rtsp.simulator.digest import Credentials
from rtsp.simulator.faults import Fault, FaultPlan
from rtsp.simulator.library import load
from rtsp.simulator.packets import TCP_PAYLOAD_BYTES
from rtsp.simulator.reel import Film
from rtsp.simulator.server import SESSION_TIMEOUT_S, Server
from rtsp.simulator.studio import Studio

STOP_TIMEOUT_S = 5.0
_GOLDEN = 0.6180339887498949  # multiples of it, modulo 1, lie as far apart as can be

T = TypeVar("T")


class Simulator:
    """RTSP cameras from files, served by one thread between `start` and `stop` (or inside a `with`).

    Each file is served at `/{stem}`; with `copies` at `/{stem}-001` …, each at another point of its film.
    Files that RTP cannot carry are transcoded once. Raises `ValueError` for what cannot be served, `OSError`
    where the port is taken.
    """

    def __init__(
        self,
        files: Iterable[Path | str],
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        copies: int | None = None,
        faults: Iterable[FaultPlan | str] = (),
        credentials: Credentials | tuple[str, str] | None = None,
        tls: ssl.SSLContext | None = None,
        tcp_payload_bytes: int = TCP_PAYLOAD_BYTES,
        session_timeout_s: float = SESSION_TIMEOUT_S,
        seed: int | None = None,
        on_progress: Callable[[str, float], None] | None = None,
    ) -> None:
        self.host, self.port = host, port
        self._files = [Path(file) for file in files]
        self._copies = copies
        self._plans = [FaultPlan.parse(plan) if isinstance(plan, str) else plan for plan in faults]
        self._credentials = Credentials(*credentials) if isinstance(credentials, tuple) else credentials
        self._tls = tls
        self._tcp_payload_bytes = tcp_payload_bytes
        self._session_timeout_s = session_timeout_s
        self._rng = random.Random(seed)
        self._on_progress = on_progress or (lambda name, share: None)
        self.names: list[str] = []
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._server: Server | None = None

    # --- life ---

    def start(self) -> Simulator:
        """Load the files, listen, and return once receivers may come."""
        cameras = self._cameras()
        self.names = [camera.name for camera in cameras]
        self._refuse_unknown_cameras()
        listening: Future[int] = Future()
        self._thread = threading.Thread(target=self._run, args=(cameras, listening), name="simulator", daemon=True)
        self._thread.start()
        try:
            self.port = listening.result()
        except BaseException:
            self._thread.join(STOP_TIMEOUT_S)
            raise
        return self

    def stop(self) -> None:
        """Hang up on everyone and end the thread."""
        if self._thread is None or self._loop is None:
            return
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(STOP_TIMEOUT_S)
        self._thread = None

    def __enter__(self) -> Simulator:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    # --- use ---

    def url(self, name: str | None = None, *, credentials: tuple[str, str] | None = None) -> str:
        """Return the address of a camera (of the first, where none is named)."""
        name = self.names[0] if name is None else name
        if name not in self.names:
            raise ValueError(f"there is no camera {name!r}")
        scheme = "rtsps" if self._tls else "rtsp"
        user = f"{quote(credentials[0], safe='')}:{quote(credentials[1], safe='')}@" if credentials else ""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{scheme}://{user}{host}:{self.port}/{quote(name)}"

    @property
    def urls(self) -> dict[str, str]:
        """Every camera's address."""
        return {name: self.url(name) for name in self.names}

    def fault(
        self, camera: str | None, kind: Fault | str, for_s: float | None = None, *, value: float | None = None
    ) -> None:
        """Break a camera (None: every camera) now, for some seconds or for good."""
        plan = FaultPlan(Fault(kind), 0.0, for_s, value, camera)
        self._call(lambda server: server.fault(plan))

    def recover(self, camera: str | None, kind: Fault | str) -> None:
        """End a fault."""
        self._call(lambda server: server.recover(Fault(kind), camera))

    def viewers(self, camera: str | None = None) -> int:
        """How many receivers watch a camera, or all of them."""

        def count(server: Server) -> int:
            cameras = [server.cameras[camera]] if camera is not None else list(server.cameras.values())
            return sum(len(one.viewers) for one in cameras)

        return self._call(count)

    def _call(self, work: Callable[[Server], T]) -> T:
        """Run `work` on the server's thread."""
        server, loop = self._server, self._loop
        if server is None or loop is None or self._thread is None:
            raise RuntimeError("the simulator is not running")
        answer: Future[T] = Future()

        def run() -> None:
            try:
                answer.set_result(work(server))
            except (ValueError, KeyError) as error:
                answer.set_exception(error)

        loop.call_soon_threadsafe(run)
        return answer.result(STOP_TIMEOUT_S)

    # --- inside ---

    def _cameras(self) -> list[Camera]:
        cameras = []
        for stem, clip in load(self._files, self._on_progress).items():
            film = Film(clip)
            for name, phase in self._copies_of(stem, clip):
                rng = random.Random(self._rng.getrandbits(64))
                cameras.append(Camera(name, film, phase=phase, clock=Clock(), rng=rng))
        return cameras

    def _copies_of(self, stem: str, clip: Clip) -> list[tuple[str, int]]:
        if self._copies is None:
            return [(stem, 0)]
        return [
            (f"{stem}-{number + 1:03d}", int(number * _GOLDEN % 1.0 * clip.length)) for number in range(self._copies)
        ]

    def _refuse_unknown_cameras(self) -> None:
        for plan in self._plans:
            if plan.camera is not None and plan.camera not in self.names:
                raise ValueError(f"there is no camera {plan.camera!r} for the fault {plan.fault.value!r}")

    def _run(self, cameras: list[Camera], listening: Future[int]) -> None:
        with asyncio.Runner() as runner:
            runner.run(self._serve(cameras, listening))

    async def _serve(self, cameras: list[Camera], listening: Future[int]) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        studio = Studio()
        self._server = Server(
            cameras,
            studio=studio,
            credentials=self._credentials,
            tls=self._tls,
            tcp_payload_bytes=self._tcp_payload_bytes,
            session_timeout_s=self._session_timeout_s,
        )
        try:
            listening.set_result(await self._server.start(self.host, self.port))
        except OSError as error:
            studio.close()
            listening.set_exception(error)
            return
        for plan in self._plans:
            self._server.schedule(plan)
        await self._stopping.wait()
        studio.close()
        await self._server.stop()

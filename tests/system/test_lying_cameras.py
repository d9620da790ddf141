"""A real node whose cameras are no cameras: each is named with one word, and its honest neighbour is watched on."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.mqtt.support import until
from tests.system.test_a_node_through_trouble import TAMPER, Ear, footage, world

__all__ = ["Ear", "footage", "world"]

pytestmark = pytest.mark.system

Lie = Callable[[socket.socket], None]
REASONS = {"refused", "garbage", "timeout", "ended", "no_video", "no_such_host", "io", "codec", "not_found", "decode"}


class Liar:
    """Accepts connections like a camera, and does to each what `lie` says."""

    def __init__(self, lie: Lie) -> None:
        self._lie = lie
        self._server = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self.port = self._server.getsockname()[1]
        self._spawn(self._accept)

    def __enter__(self) -> Liar:
        return self

    def __exit__(self, *_: object) -> None:
        for each in [self._server, *self._open]:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
        for thread in self._threads:
            thread.join(5)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            self._open.append(client)
            self._spawn(lambda client=client: self._talk(client))

    def _talk(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError), client:
            self._lie(client)

    def _spawn(self, do: Callable[[], None]) -> None:
        thread = threading.Thread(target=do, daemon=True)
        self._threads.append(thread)
        thread.start()


def speaks_http(client: socket.socket) -> None:
    client.recv(4096)
    client.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/html\r\n\r\n<h1>I am a printer</h1>")
    client.close()


def says_nothing(client: socket.socket) -> None:
    while client.recv(4096):
        pass


def never_stops_talking(client: socket.socket) -> None:
    client.recv(4096)
    while True:
        client.sendall(os.urandom(65536))


def streams_noise(client: socket.socket) -> None:
    client.recv(4096)
    client.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\n\r\n")
    while True:
        client.sendall(os.urandom(65536))


def promises_ten_gigabytes(client: socket.socket) -> None:
    client.recv(4096)
    client.sendall(
        b"HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\nContent-Length: 10737418240\r\n\r\n\0\0\0\x18ftypmp42"
    )
    while client.recv(4096):
        pass


def describes_too_much(client: socket.socket) -> None:
    client.recv(4096)
    client.sendall(b"RTSP/1.0 200 OK\r\nCSeq: 1\r\nPublic: DESCRIBE, SETUP, PLAY\r\n\r\n")
    client.recv(4096)
    client.sendall(
        b"RTSP/1.0 200 OK\r\nCSeq: 2\r\nContent-Type: application/sdp\r\nContent-Length: 4294967295\r\n\r\nv=0\r\n"
    )
    while True:
        client.sendall(b"a=x:" + b"y" * 4000 + b"\r\n")


def redirects_to_itself(client: socket.socket) -> None:
    port = client.getsockname()[1]
    while client.recv(4096):
        client.sendall(f"RTSP/1.0 302 Moved\r\nCSeq: 1\r\nLocation: rtsp://127.0.0.1:{port}/x\r\n\r\n".encode())


def hangs_up(client: socket.socket) -> None:
    client.close()


LIES: dict[str, tuple[str, Lie]] = {
    "a web page on the RTSP port": ("rtsp", speaks_http),
    "an open port that says nothing": ("rtsp", says_nothing),
    "noise without end": ("rtsp", never_stops_talking),
    "a description of 4 GB": ("rtsp", describes_too_much),
    "a redirection to itself": ("rtsp", redirects_to_itself),
    "a line that is hung up at once": ("rtsp", hangs_up),
    "a web server that says nothing": ("http", says_nothing),
    "a film of noise without end": ("http", streams_noise),
    "a film of 10 GB that never comes": ("http", promises_ten_gigabytes),
}


def honest(simulator: Any) -> dict[str, Any]:
    return {"id": "two", "url": simulator.url("two"), "rules": [TAMPER]}


@pytest.fixture
def liar(request: pytest.FixtureRequest) -> Iterator[Liar]:
    with Liar(request.param) as liar:
        yield liar


@pytest.mark.parametrize(("scheme", "liar"), LIES.values(), ids=LIES.keys(), indirect=["liar"])
def test_a_camera_that_lies_is_told_in_one_word_and_its_neighbour_goes_on(world: Any, scheme: str, liar: Liar):
    simulator, ear, start = world
    address = f"{scheme}://admin:hunter2@127.0.0.1:{liar.port}/main"

    node = start([{"id": "one", "url": address, "rules": [TAMPER]}, honest(simulator)])

    until(lambda: ("offline", "start") in ear.said("one"), 40)
    until(lambda: ear.health.get("one") and ear.health["one"].state == "offline" and ear.health["one"].error, 40)
    assert ear.health["one"].reason in REASONS, ear.health["one"]
    assert "hunter2" not in str(ear.health) + "".join(event.model_dump_json() for event in ear.events)
    looked = node.posts()[1].seat.analysed
    until(lambda: node.posts()[1].seat.analysed > looked, 20)


def test_a_camera_whose_name_nobody_knows_is_told_in_one_word(world: Any):
    simulator, ear, start = world

    start(
        [
            {"id": "one", "url": "rtsp://camera.invalid/main", "rules": [TAMPER]},
            honest(simulator),
        ]
    )

    until(lambda: ear.health.get("one") and ear.health["one"].error, 40)
    assert "no_such_host" == ear.health["one"].reason

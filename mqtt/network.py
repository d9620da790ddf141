"""Turn paho's wheels by `poll`, on a thread of our own: paho's uses `select`, which fails at 1,024 descriptors."""

from __future__ import annotations

import logging
import os
import select
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

from paho.mqtt.client import Client
from paho.mqtt.enums import MQTTErrorCode

log = logging.getLogger(__name__)

_TURN_MS: Final = 500  # keep-alive is looked after at least this often
_READABLE: Final = select.POLLIN | select.POLLHUP | select.POLLERR


class NetworkThread:
    """Reads and writes for one connected client until its socket is gone; then calls `on_end`, whatever happened."""

    def __init__(self, client: Client, on_end: Callable[[], None]) -> None:
        self._client, self._on_end = client, on_end
        self._bell: socket.socket | None = None
        client.on_socket_register_write = lambda *_: None  # keeps paho from writing on the caller's thread
        self._thread = threading.Thread(target=self._run, name="mqtt-network", daemon=True)

    def start(self) -> None:
        """Call this once the client has a socket."""
        self._bell, self._hear = socket.socketpair()
        self._bell.setblocking(False)
        self._hear.setblocking(False)
        self._thread.start()

    def ring(self) -> None:
        """Something waits to be written."""
        if self._bell is not None:
            with suppress(OSError):  # full: it has been rung already; closed: nobody is there
                self._bell.send(b"!")

    def join(self, timeout_s: float) -> None:
        if self._thread is not threading.current_thread():
            self._thread.join(timeout_s)

    def hold(self) -> socket.socket | None:
        """Return a second handle on the line: it stays open when the client closes its own."""
        with suppress(OSError, ValueError):
            sock = self._client.socket()
            if sock is not None:
                return socket.socket(fileno=os.dup(sock.fileno()))
        return None

    def cut(self) -> None:
        """Break the line: the thread ends by itself."""
        if (line := self.hold()) is not None:
            with line, suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)
        self.ring()

    @staticmethod
    def read_out(line: socket.socket, timeout_s: float) -> None:
        """Read until the other end hangs up: a line closed with unread bytes is reset, and may lose the goodbye."""
        end_s = time.monotonic() + timeout_s
        with line, suppress(OSError):
            line.shutdown(socket.SHUT_WR)
            while (left_s := end_s - time.monotonic()) > 0:
                line.settimeout(left_s)
                if not line.recv(65536):
                    return

    def _run(self) -> None:
        try:
            while self._turn():
                pass
        except Exception:
            log.exception("the connection broke on something unforeseen")
            self.cut()
        finally:
            self._on_end()
            for end in (self._bell, self._hear):
                if end is not None:
                    end.close()

    def _turn(self) -> bool:
        sock = self._client.socket()
        if sock is None:
            return False
        poll = select.poll()
        poll.register(self._hear, select.POLLIN)
        poll.register(sock, _READABLE | (select.POLLOUT if self._client.want_write() else 0))
        pending = getattr(sock, "pending", lambda: 0)()  # TLS may hold bytes that the kernel has handed over already
        ready = dict(poll.poll(0 if pending else _TURN_MS))
        if self._hear.fileno() in ready:
            with suppress(BlockingIOError):
                self._hear.recv(4096)
        if pending or ready.get(sock.fileno(), 0) & _READABLE:
            _acknowledge_at_once(sock)
            self._client.loop_read()
        if self._client.want_write():
            self._client.loop_write()
        return self._client.loop_misc() == MQTTErrorCode.MQTT_ERR_SUCCESS and self._client.socket() is not None


def _acknowledge_at_once(sock: Any) -> None:
    """A broker that gathers small packets waits for our kernel's acknowledgement, which waits 40 ms for company."""
    if hasattr(socket, "TCP_QUICKACK"):
        with suppress(OSError):  # not TCP, or gone
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)  # holds for a moment only

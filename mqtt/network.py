"""Turn paho's wheels by `poll`, on a thread of our own: paho's uses `select`, which fails at 1,024 descriptors."""

from __future__ import annotations

import logging
import os
import select
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from paho.mqtt.client import Client
from paho.mqtt.enums import MQTTErrorCode

log = logging.getLogger(__name__)

_TURN_MS: Final = 500  # keep-alive is looked after at least this often
_READABLE: Final = select.POLLIN | select.POLLHUP | select.POLLERR


class NetworkThread:
    """Reads and writes for one connected client until its socket is gone; then calls `on_end`, whatever happened."""

    def __init__(self, client: Client, on_end: Callable[[], None]) -> None:
        self._client, self._on_end = client, on_end
        self._bell, self._hear = socket.socketpair()
        self._bell.setblocking(False)
        self._hear.setblocking(False)
        client.on_socket_register_write = lambda *_: None  # keeps paho from writing on the caller's thread
        self._thread = threading.Thread(target=self._run, name="mqtt-network", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def ring(self) -> None:
        """Something waits to be written."""
        with suppress(OSError):  # full: it has been rung already; closed: nobody is there
            self._bell.send(b"!")

    def join(self, timeout_s: float) -> None:
        if self._thread is not threading.current_thread():
            self._thread.join(timeout_s)

    def cut(self) -> None:
        """Break the line: the thread ends by itself."""
        with suppress(OSError, ValueError):
            sock = self._client.socket()
            if sock is not None:
                with socket.socket(fileno=os.dup(sock.fileno())) as double:
                    double.shutdown(socket.SHUT_RDWR)
        self.ring()

    def _run(self) -> None:
        try:
            while self._turn():
                pass
        except Exception:
            log.exception("the connection broke on something unforeseen")
            self.cut()
        finally:
            self._on_end()
            self._bell.close()
            self._hear.close()

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
            self._client.loop_read()
        if self._client.want_write():
            self._client.loop_write()
        return self._client.loop_misc() == MQTTErrorCode.MQTT_ERR_SUCCESS and self._client.socket() is not None

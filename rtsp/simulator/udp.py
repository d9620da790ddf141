"""To a receiver by UDP, from one pair of ports for all of them."""

from __future__ import annotations

import contextlib
import errno
import socket
import struct
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

from rtsp.simulator.packets import UDP_PAYLOAD_BYTES, Packets
from rtsp.simulator.throttle import Throttle

Datagram: TypeAlias = bytes | memoryview

AT_ONCE = 44  # datagrams, 62 KB: what a receiver's socket takes with ease
PACE_S = 0.005  # between such batches, which makes 100 Mbit/s, the speed of a camera's port
MOST_WAITING = 700  # datagrams
_UDP_SEGMENT = 103  # Linux 4.18: one buffer, cut into datagrams by the kernel
_MOST_SEGMENTS = AT_ONCE  # the whole must fit into 64 KB
_NO_SEGMENTS = {errno.EINVAL, errno.EIO, errno.ENOPROTOOPT, errno.EOPNOTSUPP, errno.EMSGSIZE}


class UdpPorts:
    """The pair of ports that every UDP receiver of one server is served from."""

    def __init__(self, host: str, later: Callable[[float, Callable[[], None]], object]) -> None:
        """`later` calls back after some seconds, as an event loop's `call_later` does."""
        self.later = later
        self.media, self.control = _even_pair(host)
        self.numbers = (self.media.getsockname()[1], self.control.getsockname()[1])
        self._segments = sys.platform == "linux"

    def send(self, datagrams: Sequence[Datagram], address: tuple[str, int]) -> None:
        """Send the datagrams, with one system call for each run of equal ones where the kernel can."""
        if self._segments:
            for run in _runs(datagrams):
                self._send_run(run, address)
        else:
            self._send_each(datagrams, address)

    def _send_run(self, run: list[Datagram], address: tuple[str, int]) -> None:
        size = [(socket.IPPROTO_UDP, _UDP_SEGMENT, struct.pack("=H", len(run[0])))] if len(run) > 1 else []
        try:
            self.media.sendmsg(run, size, 0, address)
        except BlockingIOError:
            return  # lost, as on any network
        except OSError as error:
            if error.errno in _NO_SEGMENTS and size:
                self._segments = False
                self._send_each(run, address)

    def _send_each(self, datagrams: Sequence[Datagram], address: tuple[str, int]) -> None:
        for datagram in datagrams:
            with contextlib.suppress(OSError):
                self.media.sendto(datagram, address)

    def close(self) -> None:
        self.media.close()
        self.control.close()


class UdpOutlet:
    """Datagrams to one receiver. What the machine's own buffers do not take is lost, as on any network."""

    payload_bytes = UDP_PAYLOAD_BYTES
    catch_up_bytes = 25_000  # with camera.CATCH_UP_EVERY_S: 10 Mbit/s

    def __init__(self, ports: UdpPorts, address: str, client_ports: tuple[int, int]) -> None:
        self._ports = ports
        self.media_address = (address, client_ports[0])
        self.control_address = (address, client_ports[1])
        self._throttle: Throttle | None = None
        self._waiting: deque[bytes] = deque()

    def send(self, packets: Packets, sequence: int, timestamp: int, source: int) -> bool:
        packets.patch(sequence, timestamp, source)
        datagrams = packets.datagrams()
        if self._throttle is not None:
            taken = self._throttle.put([bytes(datagram) for datagram in datagrams])
            self._ports.send(self._throttle.released(time.monotonic()), self.media_address)
            return taken
        return self._send_in_batches(datagrams)

    def _send_in_batches(self, datagrams: list[memoryview]) -> bool:
        """Send the first batch now and the others a little later, as a camera's own port would."""
        if len(self._waiting) > MOST_WAITING:
            return False
        if not self._waiting:
            self._ports.send(datagrams[:AT_ONCE], self.media_address)
            datagrams = datagrams[AT_ONCE:]
            if datagrams:
                self._ports.later(PACE_S, self._send_waiting)
        self._waiting.extend(map(bytes, datagrams))
        return True

    def _send_waiting(self) -> None:
        batch = [self._waiting.popleft() for _ in range(min(AT_ONCE, len(self._waiting)))]
        self._ports.send(batch, self.media_address)
        if self._waiting:
            self._ports.later(PACE_S, self._send_waiting)

    def report(self, packet: bytes) -> None:
        with contextlib.suppress(OSError):
            self._ports.control.sendto(packet, self.control_address)

    def throttle(self, bits_per_s: float | None) -> None:
        if bits_per_s is None:
            self._throttle = None
        else:
            self._throttle = self._throttle or Throttle(bits_per_s, time.monotonic())


def _runs(datagrams: Sequence[Datagram]) -> Iterator[list[Datagram]]:
    """Group neighbours as the kernel can send them together: all of one size, the last perhaps smaller."""
    run: list[Datagram] = []
    for datagram in datagrams:
        if run and (len(datagram) > len(run[0]) or len(run[-1]) < len(run[0]) or len(run) == _MOST_SEGMENTS):
            yield run
            run = []
        run.append(datagram)
    if run:
        yield run


def _even_pair(host: str) -> tuple[socket.socket, socket.socket]:
    """Bind two neighbouring ports, the first even, as RTP asks."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for _ in range(100):
        media = socket.socket(family, socket.SOCK_DGRAM)
        control = socket.socket(family, socket.SOCK_DGRAM)
        try:
            media.bind((host, 0))
            port = media.getsockname()[1]
            if port % 2 == 0:
                control.bind((host, port + 1))
                media.setblocking(False)
                control.setblocking(False)
                media.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 * 2**20)
                return media, control
        except OSError:
            pass
        media.close()
        control.close()
    raise OSError("no free pair of UDP ports")

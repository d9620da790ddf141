"""To a receiver by UDP, from one pair of ports for all of them."""

from __future__ import annotations

import contextlib
import errno
import socket
import struct
import sys
import time
from collections.abc import Iterator, Sequence

from rtsp.simulator.packets import UDP_PAYLOAD_BYTES, Packets
from rtsp.simulator.throttle import Throttle

_UDP_SEGMENT = 103  # Linux 4.18: one buffer, cut into datagrams by the kernel
_MOST_SEGMENTS = 44  # the whole must fit into 64 KB
_NO_SEGMENTS = {errno.EINVAL, errno.EIO, errno.ENOPROTOOPT, errno.EOPNOTSUPP, errno.EMSGSIZE}


class UdpPorts:
    """The pair of ports that every UDP receiver of one server is served from."""

    def __init__(self, host: str) -> None:
        self.media, self.control = _even_pair(host)
        self.numbers = (self.media.getsockname()[1], self.control.getsockname()[1])
        self._segments = sys.platform == "linux"

    def send(self, packets: Packets, address: tuple[str, int]) -> None:
        """Send every packet as a datagram, with a system call for each run of equal ones where the kernel can."""
        if self._segments:
            for run in _runs(packets.datagrams()):
                self._send_run(run, address)
        else:
            self.send_each(packets.datagrams(), address)

    def _send_run(self, run: list[memoryview], address: tuple[str, int]) -> None:
        size = [(socket.IPPROTO_UDP, _UDP_SEGMENT, struct.pack("=H", len(run[0])))] if len(run) > 1 else []
        try:
            self.media.sendmsg(run, size, 0, address)
        except BlockingIOError:
            return  # lost, as on any network
        except OSError as error:
            if error.errno in _NO_SEGMENTS and size:
                self._segments = False
                self.send_each(run, address)

    def send_each(self, datagrams: Sequence[bytes | memoryview], address: tuple[str, int]) -> None:
        for datagram in datagrams:
            with contextlib.suppress(OSError):
                self.media.sendto(datagram, address)

    def close(self) -> None:
        self.media.close()
        self.control.close()


class UdpOutlet:
    """Datagrams to one receiver. What the machine's own buffers do not take is lost, as on any network."""

    payload_bytes = UDP_PAYLOAD_BYTES

    def __init__(self, ports: UdpPorts, address: str, client_ports: tuple[int, int]) -> None:
        self._ports = ports
        self.media_address = (address, client_ports[0])
        self.control_address = (address, client_ports[1])
        self._throttle: Throttle | None = None

    def send(self, packets: Packets, sequence: int, timestamp: int, source: int) -> bool:
        packets.patch(sequence, timestamp, source)
        if self._throttle is not None:
            taken = self._throttle.put([bytes(datagram) for datagram in packets.datagrams()])
            self._ports.send_each(self._throttle.released(time.monotonic()), self.media_address)
            return taken
        self._ports.send(packets, self.media_address)
        return True

    def report(self, packet: bytes) -> None:
        with contextlib.suppress(OSError):
            self._ports.control.sendto(packet, self.control_address)

    def throttle(self, bits_per_s: float | None) -> None:
        if bits_per_s is None:
            self._throttle = None
        else:
            self._throttle = self._throttle or Throttle(bits_per_s, time.monotonic())


def _runs(datagrams: list[memoryview]) -> Iterator[list[memoryview]]:
    """Group neighbours as the kernel can send them together: all of one size, the last perhaps smaller."""
    run: list[memoryview] = []
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

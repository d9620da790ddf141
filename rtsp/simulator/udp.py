"""To a receiver by UDP, from one pair of ports for all of them."""

from __future__ import annotations

import contextlib
import socket
import time

from rtsp.simulator.packets import UDP_PAYLOAD_BYTES, Packets
from rtsp.simulator.throttle import Throttle


class UdpPorts:
    """The pair of ports that every UDP receiver of one server is served from."""

    def __init__(self, host: str) -> None:
        self.media, self.control = _even_pair(host)
        self.numbers = (self.media.getsockname()[1], self.control.getsockname()[1])

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
            for waiting in self._throttle.released(time.monotonic()):
                self._send(waiting)
            return taken
        for datagram in packets.datagrams():
            self._send(datagram)
        return True

    def _send(self, datagram: bytes | memoryview) -> None:
        with contextlib.suppress(OSError):
            self._ports.media.sendto(datagram, self.media_address)

    def report(self, packet: bytes) -> None:
        with contextlib.suppress(OSError):
            self._ports.control.sendto(packet, self.control_address)

    def throttle(self, bits_per_s: float | None) -> None:
        if bits_per_s is None:
            self._throttle = None
        else:
            self._throttle = self._throttle or Throttle(bits_per_s, time.monotonic())

    def close(self) -> None:
        """Nothing to give back: the ports are shared."""


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

"""Agree with a receiver on the way its pictures go: the `Transport` header of SETUP."""

from __future__ import annotations

import re
from collections.abc import Callable

from rtsp.simulator.tcp import TcpLink, TcpOutlet
from rtsp.simulator.udp import UdpOutlet, UdpPorts

_UDP_PORTS = re.compile(r"client_port=(\d{1,5})(?:-(\d{1,5}))?")
_CHANNELS = re.compile(r"interleaved=(\d{1,3})(?:-(\d{1,3}))?")


def choose(
    offers: str, *, link: TcpLink, peer: str, udp_ports: Callable[[], UdpPorts] | None, tcp_payload_bytes: int
) -> tuple[TcpOutlet | UdpOutlet, str] | None:
    """Return the first offer that can be met, as an outlet and what to answer; None where there is none.

    UDP goes to `peer` only: heeding a `destination` would make us a tool for flooding others. Without
    `udp_ports` (over TLS, where plain UDP would betray what TLS hides) there is no UDP.
    """
    for offer in offers.split(","):
        spec = offer.strip()
        if spec.startswith("RTP/AVP/TCP"):
            chosen: tuple[TcpOutlet | UdpOutlet, str] | None = _interleaved(spec, link, tcp_payload_bytes)
        elif spec.startswith("RTP/AVP") and "multicast" not in spec and udp_ports is not None:
            chosen = _datagrams(spec, peer, udp_ports)
        else:
            chosen = None
        if chosen is not None:
            return chosen
    return None


def _interleaved(spec: str, link: TcpLink, payload_bytes: int) -> tuple[TcpOutlet, str] | None:
    media, control = _pair(_CHANNELS, spec, usual=0)
    if media > 255 or control > 255:
        return None
    outlet = TcpOutlet(link, (media, control), payload_bytes)
    return outlet, f"RTP/AVP/TCP;unicast;interleaved={media}-{control}"


def _datagrams(spec: str, peer: str, udp_ports: Callable[[], UdpPorts]) -> tuple[UdpOutlet, str] | None:
    media, control = _pair(_UDP_PORTS, spec, usual=0)
    if not (0 < media < 65536 and 0 < control < 65536):
        return None
    ports = udp_ports()
    here = f"server_port={ports.numbers[0]}-{ports.numbers[1]}"
    return UdpOutlet(ports, peer, (media, control)), f"RTP/AVP;unicast;client_port={media}-{control};{here}"


def _pair(pattern: re.Pattern[str], spec: str, *, usual: int) -> tuple[int, int]:
    found = pattern.search(spec)
    first = int(found[1]) if found else usual
    return first, int(found[2]) if found and found[2] else first + 1

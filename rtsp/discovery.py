"""Find ONVIF cameras on the local network (WS-Discovery 1.0: one question to everyone, answers by UDP)."""

from __future__ import annotations

import socket
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree

GROUP = ("239.255.255.250", 3702)
_LARGEST_BYTES = 65_535
_SCOPE = "onvif://www.onvif.org/"
_QUESTION = """<?xml version="1.0" encoding="utf-8"?>
<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"
 xmlns:w="http://schemas.xmlsoap.org/ws/2004/08/addressing"
 xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery"
 xmlns:dn="http://www.onvif.org/ver10/network/wsdl"><e:Header>
<w:MessageID>uuid:{id}</w:MessageID>
<w:To>urn:schemas-xmlsoap-org:ws:2005:04:discovery</w:To>
<w:Action>http://schemas.xmlsoap.org/ws/2005/04/discovery/Probe</w:Action>
</e:Header><e:Body><d:Probe><d:Types>dn:NetworkVideoTransmitter</d:Types></d:Probe></e:Body></e:Envelope>"""


@dataclass(frozen=True, slots=True)
class Found:
    """One camera that answered. `service` is its ONVIF address; its RTSP address is asked there, with a password."""

    address: str
    service: str
    name: str
    hardware: str


def discover(wait_s: float = 3.0, *, group: tuple[str, int] = GROUP) -> list[Found]:
    """Ask the network; return who answers within `wait_s`, by address. Raises `OSError` where there is no network."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 2)
        line.sendto(_QUESTION.format(id=uuid.uuid4()).encode(), group)
        found = {camera.service: camera for answer, host in _answers(line, wait_s) for camera in read(answer, host)}
    return sorted(found.values(), key=lambda camera: camera.address)


def _answers(line: socket.socket, wait_s: float) -> Iterator[tuple[bytes, str]]:
    deadline_s = time.monotonic() + wait_s
    while (left_s := deadline_s - time.monotonic()) > 0:
        line.settimeout(left_s)
        try:
            answer, (host, _) = line.recvfrom(_LARGEST_BYTES)
        except TimeoutError:
            return
        yield answer, host


def read(answer: bytes, host: str) -> list[Found]:
    """Return the cameras in one answer from `host`; nothing where it is not an answer."""
    if b"<!" in answer:  # no answer needs entities, and a stranger's are not expanded
        return []
    try:
        matches = ElementTree.fromstring(answer).iter("{http://schemas.xmlsoap.org/ws/2005/04/discovery}ProbeMatch")
        return [camera for match in matches if (camera := _camera(match, host)) is not None]
    except (ElementTree.ParseError, ValueError, LookupError):
        return []


def _camera(match: ElementTree.Element, host: str) -> Found | None:
    addresses = _words(match, "XAddrs")
    service = next((one for one in addresses if urlsplit(one).hostname == host), None) or next(iter(addresses), None)
    if service is None or urlsplit(service).scheme not in {"http", "https"}:
        return None
    scopes = [scope.removeprefix(_SCOPE) for scope in _words(match, "Scopes")]
    said = {kind: unquote(value) for kind, _, value in (scope.partition("/") for scope in scopes)}
    return Found(host, service, said.get("name", ""), said.get("hardware", ""))


def _words(match: ElementTree.Element, tag: str) -> list[str]:
    text = match.findtext(f"{{http://schemas.xmlsoap.org/ws/2005/04/discovery}}{tag}")
    return (text or "").split()

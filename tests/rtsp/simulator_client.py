"""A bare RTSP client for looking at what really goes over the wire."""

from __future__ import annotations

import re
import socket
import struct
import time
from dataclasses import dataclass, field
from urllib.parse import urlsplit


@dataclass
class Answer:
    status: int
    headers: dict[str, list[str]]
    body: bytes = b""


@dataclass
class Packet:
    """One RTP packet."""

    sequence: int
    timestamp: int
    source: int
    marker: bool
    payload: bytes
    arrived_s: float = field(default_factory=time.monotonic)

    @classmethod
    def parse(cls, data: bytes) -> Packet:
        _, kind, sequence, timestamp, source = struct.unpack("!BBHII", data[:12])
        return cls(sequence, timestamp, source, bool(kind & 0x80), data[12:])


@dataclass
class Report:
    """A sender report: at `utc_s` the RTP clock stood at `timestamp`."""

    source: int
    utc_s: float
    timestamp: int
    packets: int

    @classmethod
    def parse(cls, data: bytes) -> Report:
        _, kind, _, source, seconds, fraction, timestamp, packets, _ = struct.unpack("!BBHIIIIII", data[:28])
        assert kind == 200
        return cls(source, seconds - 2_208_988_800 + fraction / 2**32, timestamp, packets)


class Client:
    """Talks to one camera over one connection."""

    def __init__(self, url: str, *, timeout_s: float = 5.0) -> None:
        parts = urlsplit(url)
        assert parts.hostname and parts.port
        self.url = url
        self.socket = socket.create_connection((parts.hostname, parts.port), timeout=timeout_s)
        self.reports: list[Report] = []
        self._buffer = b""
        self._sequence = 0
        self.session = ""

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def ask(self, method: str, url: str | None = None, body: str = "", **headers: str) -> Answer:
        self._sequence += 1
        lines = [f"{method} {url or self.url} RTSP/1.0", f"CSeq: {self._sequence}"]
        if self.session:
            lines.append(f"Session: {self.session}")
        if body:
            headers["Content-Length"] = str(len(body))
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        self.socket.sendall(("\r\n".join(lines) + "\r\n\r\n" + body).encode())
        return self.answer()

    def answer(self) -> Answer:
        """Return the next answer, stepping over media."""
        while True:
            self._need(4)
            if self._buffer[0] == 0x24:
                self._interleaved()
                continue
            head, found, rest = self._buffer.partition(b"\r\n\r\n")
            if not found:
                self._need(len(self._buffer) + 1)
                continue
            self._buffer = rest
            return self._answer(head)

    def _answer(self, head: bytes) -> Answer:
        first, *lines = head.decode().split("\r\n")
        headers: dict[str, list[str]] = {}
        for line in lines:
            name, _, value = line.partition(":")
            headers.setdefault(name.lower(), []).append(value.strip())
        length = int(headers.get("content-length", ["0"])[0])
        self._need(length)
        body, self._buffer = self._buffer[:length], self._buffer[length:]
        if "session" in headers:
            self.session = headers["session"][0].partition(";")[0]
        return Answer(int(first.split()[1]), headers, body)

    def play(self) -> Answer:
        """Go from nothing to playing over TCP."""
        assert self.ask("DESCRIBE").status == 200
        setup = self.ask("SETUP", self.url + "/trackID=0", Transport="RTP/AVP/TCP;unicast;interleaved=0-1")
        assert setup.status == 200, setup
        answer = self.ask("PLAY")
        assert answer.status == 200, answer
        return answer

    def packet(self) -> Packet:
        """Return the next RTP packet; sender reports on the way go to `reports`."""
        while True:
            packet = self._interleaved()
            if packet is not None:
                return packet

    def packets(self, count: int) -> list[Packet]:
        return [self.packet() for _ in range(count)]

    def _interleaved(self) -> Packet | None:
        self._need(4)
        assert self._buffer[0] == 0x24, self._buffer[:80]
        channel, length = self._buffer[1], int.from_bytes(self._buffer[2:4], "big")
        self._need(4 + length)
        data, self._buffer = self._buffer[4 : 4 + length], self._buffer[4 + length :]
        if channel == 0:
            return Packet.parse(data)
        if data[1] == 200:
            self.reports.append(Report.parse(data))
        return None

    def _need(self, count: int) -> None:
        while len(self._buffer) < count:
            data = self.socket.recv(65536)
            if not data:
                raise EOFError("the server hung up")
            self._buffer += data


def rtp_info(answer: Answer) -> tuple[int, int]:
    """Return the sequence number and RTP timestamp that the answer to PLAY announces."""
    found = re.search(r"seq=(\d+);rtptime=(\d+)", answer.headers["rtp-info"][0])
    assert found
    return int(found[1]), int(found[2])


def ahead(later: int, earlier: int, bits: int = 32) -> int:
    """Return later − earlier on a counter of so many bits, as a signed number."""
    difference = (later - earlier) % 2**bits
    return difference - 2**bits if difference >= 2 ** (bits - 1) else difference

"""One camera's connection as a source that never waits once it is open."""

from __future__ import annotations

import io
import secrets
import select
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from functools import partial
from typing import ClassVar, Final

import av
from av.error import FFmpegError

from common.redact import redact
from rtsp.client.dialogue import Dialogue
from rtsp.client.order import DecodingOrder
from rtsp.client.sdp import Video
from rtsp.client.stream import SenderReport, Stream, receiver_report
from rtsp.client.units import START, AccessUnit, assembler
from rtsp.errors import SourceError, reason_of
from rtsp.packet import Encoding
from rtsp.source import RawPacket, Source, SourceSettings, encoding_of

SCRATCH_BYTES: Final = 2**18  # half a second of 4 Mbit/s: one read takes all that has come
READ_AT_ONCE_BYTES: Final = 2**20  # so that one camera that catches up does not keep the others waiting
KEY_FRAME_WAIT_S: Final = 2.0  # a key frame tells the picture's size; one is worth so long a wait, as libav has it
REPORT_EVERY_S: Final = 5.0  # RFC 3550, 6.2
_WAIT_S: Final = 0.2

_scratch = threading.local()


class RtspClient(Source):
    """H.264 or H.265 inside the RTSP connection, encrypted or not. Anything else raises `UnsupportedError`."""

    kind: ClassVar[str] = "rtsp client"
    polled = True

    def __init__(self, url: str, settings: SourceSettings, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(url, settings)
        self._clock = clock
        self._dialogue = Dialogue(url, settings)
        self._stream: Stream | None = None
        self._order = DecodingOrder()
        self._in_records = False
        self._held: list[RawPacket] = []  # what came before the encoding was known, from the key frame on
        self._tick_s = 1.0 / 90_000
        self._own = secrets.randbits(32)
        self._media_s = self._kept_s = self._reported_s = 0.0
        self._media_bytes = 0
        self._report: SenderReport | None = None
        self._report_s = 0.0  # when it came

    def connect(self) -> Encoding:
        dialogue = self._dialogue
        video = dialogue.open()
        assert video.codec is not None and dialogue.socket is not None
        self._tick_s = 1.0 / video.clock_rate
        self._stream = Stream(assembler(video.codec), dialogue.media_channel, dialogue.control_channel)
        self._stream.rest = dialogue.rest()
        dialogue.socket.setblocking(False)
        self._in_records = isinstance(dialogue.socket, ssl.SSLSocket)  # of 16 kB: a read never takes all that has come
        self._media_s = self._kept_s = self._reported_s = self._clock()
        try:
            return self._encoding(video)
        finally:
            _scratch.__dict__.pop("buffer", None)  # from here on the reader's thread reads, into its own

    def _encoding(self, video: Video) -> Encoding:
        """Wait for a key frame, which tells all; without one for a while, go by what the description says."""
        sets, begun_s = b"".join(START + unit for unit in video.parameter_sets), self._clock()
        while True:
            units = self._read()
            first = next((n for n, unit in enumerate(units) if unit.is_key), None)
            if first is not None:
                self._held = [self._packet(unit) for unit in units[first:]]
                return self._probe(video, sets, units[first].data)
            waited_s = self._clock() - begun_s
            if sets and waited_s >= KEY_FRAME_WAIT_S:
                return self._probe(video, sets, b"")
            if waited_s >= self.settings.open_timeout_s:
                raise SourceError("timeout", f"{redact(self.url)}: no key frame came for {waited_s:.0f} s")
            self._wait()

    def _probe(self, video: Video, sets: bytes, picture: bytes) -> Encoding:
        try:
            with av.open(io.BytesIO(sets + picture), format=video.codec) as probed:
                encoding = encoding_of(probed.streams.video[0], self.url)
        except (FFmpegError, OSError, ValueError, IndexError) as error:
            raise SourceError("garbage", f"{redact(self.url)}: {redact(str(error))}") from error
        base = Fraction(1, video.clock_rate)
        return replace(encoding, time_base=base, fps=video.fps, extradata=sets or encoding.extradata)

    def packets(self, stop: threading.Event) -> Iterator[RawPacket]:
        while not stop.is_set():
            came = self.poll()
            if not came:
                self._wait()
            yield from came

    def poll(self) -> list[RawPacket]:
        """Return what has come by now. Raises `SourceError` when the connection has ended, or is silent too long."""
        held, self._held = self._held, []
        return held + [self._packet(unit) for unit in self._read()]

    def told_utc_s(self, packet: RawPacket) -> float | None:
        """Return when a packet's picture was taken, by the camera's clock; None while it has not told."""
        if self._report is None or packet.pts is None:
            return None
        behind = (packet.pts - self._report.stamp + 2**31) % 2**32 - 2**31
        return self._report.utc_s + behind * self._tick_s

    def close(self) -> None:
        self._dialogue.close()

    def _packet(self, unit: AccessUnit) -> RawPacket:
        packet: RawPacket = av.Packet(unit.data)  # type: ignore[assignment]  # shares the bytes
        packet.pts, packet.dts = self._order.times(unit.stamp)
        packet.is_keyframe = unit.is_key
        return packet

    def _read(self) -> list[AccessUnit]:
        """Read all that has come, up to a limit, and do what keeps the session alive."""
        stream = self._stream
        assert stream is not None
        units: list[AccessUnit] = []
        taken = 0
        while taken < READ_AT_ONCE_BYTES:
            count = self._receive(stream, units)
            taken += count
            if not count or (count < SCRATCH_BYTES // 2 and not self._in_records):
                break
        now_s = self._clock()
        if stream.media_bytes != self._media_bytes:
            self._media_bytes, self._media_s = stream.media_bytes, now_s
        elif now_s - self._media_s > self.settings.read_timeout_s:
            raise SourceError("timeout", f"{redact(self.url)}: nothing came for {now_s - self._media_s:.0f} s")
        self._keep_alive(stream, now_s)
        return units

    def _receive(self, stream: Stream, units: list[AccessUnit]) -> int:
        """Read once, into a buffer that all connections of a thread share; return how many bytes came."""
        connection, buffer = self._dialogue.socket, _buffer()
        assert connection is not None
        rest = stream.rest
        kept = len(rest)
        buffer[:kept] = rest
        try:
            with memoryview(buffer) as view:
                count = connection.recv_into(view[kept:])
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return 0
        except OSError as error:
            raise SourceError(reason_of(error), f"{redact(self.url)}: {redact(str(error))}") from error
        if not count:
            raise SourceError("ended", f"{redact(self.url)}: the camera has closed the connection")
        units += stream.take(buffer, kept + count)
        return count

    def _keep_alive(self, stream: Stream, now_s: float) -> None:
        if stream.report is not self._report:
            self._report, self._report_s = stream.report, now_s
        if now_s - self._reported_s >= REPORT_EVERY_S:
            self._reported_s = now_s
            age_s = now_s - self._report_s
            packet = receiver_report(self._own, stream.source, stream.highest, self._report, age_s)
            self._say(partial(self._dialogue.send_packet, self._dialogue.control_channel, packet))
        if now_s - self._kept_s >= self._dialogue.session_s / 2:
            self._kept_s = now_s
            self._say(self._dialogue.keep_alive)
        while stream.answers:
            self._say(partial(self._dialogue.answered, stream.answers.pop(0)))

    def _say(self, what: Callable[[], None]) -> None:
        try:
            what()
        except OSError as error:
            raise SourceError(reason_of(error), f"{redact(self.url)}: {redact(str(error))}") from error

    def _wait(self) -> None:
        """Wait until something comes, a moment at most."""
        connection = self._dialogue.socket
        assert connection is not None
        if isinstance(connection, ssl.SSLSocket) and connection.pending():
            return
        poll = select.poll()
        poll.register(connection, select.POLLIN)
        poll.poll(_WAIT_S * 1000)


def _buffer() -> bytearray:
    """Return this thread's buffer: what does not fit behind the rest of a packet stays in the connection."""
    buffer: bytearray | None = getattr(_scratch, "buffer", None)
    if buffer is None:
        buffer = _scratch.buffer = bytearray(SCRATCH_BYTES + 2**16 + 4)
    return buffer

"""To a receiver through its own TCP connection, interleaved with the answers."""

from __future__ import annotations

import asyncio
import os
import time

from rtsp.simulator.packets import Packets
from rtsp.simulator.throttle import Throttle

BUFFER_BYTES = 1_000_000  # what one receiver may lag behind before pictures are thrown away
MOST_WAITING_BYTES = 4 * BUFFER_BYTES


class TcpLink:
    """Writes to one connection: straight into the socket where it takes everything, through asyncio where not.

    `write` may be handed a buffer that changes afterwards: what cannot go out at once is copied.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        plain = transport.get_extra_info("ssl_object") is None
        self._fd = transport.get_extra_info("socket").fileno() if plain else -1
        self._throttle: Throttle | None = None

    @property
    def waiting_bytes(self) -> int:
        return self._transport.get_write_buffer_size() + (self._throttle.waiting_bytes if self._throttle else 0)

    def write(self, data: bytes | bytearray) -> None:
        """Send an answer or a report. Whoever asks and asks without ever reading is hung up on."""
        if self._transport.is_closing():
            return
        if self.waiting_bytes > MOST_WAITING_BYTES:
            self._transport.abort()
        elif self._throttle is not None:
            self._throttle.put([bytes(data)], must=True)
            self._release()
        else:
            self._transport.write(bytes(data))

    def offer(self, packets: Packets) -> bool:
        """Send the packets, or return False where the receiver is too far behind."""
        if self._throttle is not None:
            return self._offer_slowly(self._throttle, packets)
        transport = self._transport
        if transport.is_closing():
            return False
        waiting = transport.get_write_buffer_size()
        if waiting or self._fd < 0:
            if waiting and waiting + len(packets.blob) > BUFFER_BYTES:
                return False
            transport.write(bytes(packets.blob))
            return True
        return self._write_now(packets.blob)

    def throttle(self, bits_per_s: float | None) -> None:
        """Limit the rate, or lift the limit and let out what waits."""
        if bits_per_s is not None:
            self._throttle = self._throttle or Throttle(bits_per_s, time.monotonic())
        elif self._throttle is not None:
            rest, self._throttle = self._throttle.rest(), None
            self._transport.writelines(rest)

    def _write_now(self, blob: bytearray) -> bool:
        try:
            written = os.write(self._fd, blob)
        except BlockingIOError:
            written = 0
        except OSError:
            self._transport.abort()
            return False
        if written < len(blob):
            self._transport.write(bytes(memoryview(blob)[written:]))
        return True

    def _offer_slowly(self, throttle: Throttle, packets: Packets) -> bool:
        ends = (*packets.heads[1:], len(packets.blob))
        taken = throttle.put([bytes(packets.blob[at:end]) for at, end in zip(packets.heads, ends, strict=True)])
        self._release()
        return taken

    def _release(self) -> None:
        if self._throttle is not None and not self._transport.is_closing():
            self._transport.writelines(self._throttle.released(time.monotonic()))


class TcpOutlet:
    """Interleaved packets on a pair of channels (RFC 2326, section 10.12)."""

    catch_up_bytes = 100_000

    def __init__(self, link: TcpLink, channels: tuple[int, int], payload_bytes: int) -> None:
        self.payload_bytes = payload_bytes
        self._link = link
        self._media, self._control = channels

    def send(self, packets: Packets, sequence: int, timestamp: int, source: int) -> bool:
        packets.patch(sequence, timestamp, source)
        for at in packets.heads:
            packets.blob[at + 1] = self._media
        return self._link.offer(packets)

    def report(self, packet: bytes) -> None:
        self._link.write(b"$" + bytes([self._control]) + len(packet).to_bytes(2, "big") + packet)

    def throttle(self, bits_per_s: float | None) -> None:
        self._link.throttle(bits_per_s)

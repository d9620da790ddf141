"""A picture out of the ring, decoded when somebody asks: streams that are kept compressed have no other."""

from __future__ import annotations

from rtsp.decoder import Decoded, Decoder
from rtsp.picture import VideoPicture
from rtsp.ring import PacketRing


def shown(ring: PacketRing, at_s: float) -> VideoPicture | None:
    """Return the picture shown at camera time `at_s`, the last one not after it; None when it is not held (any more).

    Costs up to one group of pictures' decoding.
    """
    packets = ring.since(at_s)
    if not packets or packets[0].time_s > at_s:
        return None
    first = packets[0]
    decoder, best = Decoder(first.encoding), None
    for packet in packets:
        if packet.session != first.session or (packet.is_key and packet is not first and packet.time_s > at_s):
            break
        for picture in decoder.decode(packet):
            best = _nearer(best, picture, at_s)
    for picture in decoder.rest(packets[-1]):
        best = _nearer(best, picture, at_s)
    return None if best is None else VideoPicture(best.frame)


def _nearer(best: Decoded | None, picture: Decoded, at_s: float) -> Decoded:
    return picture if best is None or picture.time_s <= at_s else best

"""Decode key frames by themselves: each thread keeps a few decoders for all cameras, whose key frames come in turn."""

from __future__ import annotations

import threading
from fractions import Fraction
from typing import TypeAlias

from rtsp.decoder import Decoded, Decoder
from rtsp.packet import Packet

KEPT = 4  # kinds of stream on each thread; a decoder of 1080p holds some 10 MB

_Kind: TypeAlias = tuple[str, bytes | None, int, int, Fraction, bool]
_decoders = threading.local()


def glance(packet: Packet, *, shown: bool) -> Decoded | None:
    """Return the picture of a key frame, or None when it cannot be decoded.

    Where it is not to be `shown`, only compared, it comes without the loop filter: a tenth less work, and the mean of a
    cell of twenty pixels differs by four grey levels at most. No other picture is built on it, so no error adds up.
    """
    return _decoder(packet, shown).decode_alone(packet)


def _decoder(packet: Packet, shown: bool) -> Decoder:
    kept: dict[_Kind, Decoder] | None = getattr(_decoders, "kept", None)
    if kept is None:
        kept = _decoders.kept = {}
    of = packet.encoding
    kind = (of.codec, of.extradata, of.width, of.height, of.time_base, shown)
    decoder = kept.pop(kind, None) or Decoder(of, loop_filter=shown)
    kept[kind] = decoder  # last: the one that was not used for longest goes first
    if len(kept) > KEPT:
        kept.pop(next(iter(kept)))
    return decoder

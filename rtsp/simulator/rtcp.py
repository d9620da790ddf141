"""Sender reports (RFC 3550, section 6.4.1): what turns RTP timestamps into the camera's time of day."""

from __future__ import annotations

import struct

from rtsp.client.stream import NTP_EPOCH_S

_REPORT = struct.Struct("!BBHIIIIII")
_ITEM_CNAME = 1


def sender_report(*, source: int, utc_s: float, rtp_timestamp: int, packets: int, octets: int, name: str) -> bytes:
    """Return a compound packet: the report that `rtp_timestamp` was `utc_s`, and who says so."""
    whole_s, part_s = divmod(utc_s + NTP_EPOCH_S, 1.0)
    report = _REPORT.pack(
        0x80,
        200,
        6,
        source,
        int(whole_s) & 0xFFFFFFFF,
        int(part_s * 2**32) & 0xFFFFFFFF,
        rtp_timestamp & 0xFFFFFFFF,
        packets & 0xFFFFFFFF,
        octets & 0xFFFFFFFF,
    )
    return report + _description(source, name)


def _description(source: int, name: str) -> bytes:
    text = name.encode()[:255]
    chunk = struct.pack("!IBB", source, _ITEM_CNAME, len(text)) + text
    chunk += b"\0" * (4 - len(chunk) % 4)
    return struct.pack("!BBH", 0x81, 202, len(chunk) // 4) + chunk

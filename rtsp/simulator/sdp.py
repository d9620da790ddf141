"""Describe a camera's stream (RFC 4566) so that a decoder can start before the first picture."""

from __future__ import annotations

import base64

from rtsp.simulator.clip import Clip
from rtsp.simulator.nal import nal_type
from rtsp.simulator.packets import PAYLOAD_TYPES

TRACK = "trackID=0"


def describe(name: str, clip: Clip, *, identity: int, host: str) -> bytes:
    """Return the session description of a camera."""
    number = PAYLOAD_TYPES[clip.codec]
    lines = [
        "v=0",
        f"o=- {identity} 1 IN IP4 {host}",
        f"s={name}",
        "c=IN IP4 0.0.0.0",
        "t=0 0",
        "a=control:*",
        "a=range:npt=now-",
        f"m=video 0 RTP/AVP {number}",
        f"b=AS:{max(1, round(clip.bitrate_bps / 1000))}",
        f"a=rtpmap:{number} {clip.codec}/90000",
        *_format(clip, number),
        f"a=framerate:{clip.fps:.3f}",
        f"a=x-dimensions:{clip.width},{clip.height}",
        f"a=control:{TRACK}",
    ]
    return ("\r\n".join(lines) + "\r\n").encode()


def _format(clip: Clip, number: int) -> list[str]:
    if clip.codec == "H264":
        sets = ",".join(_base64(nal) for nal in clip.parameter_sets)
        profile = next((nal[1:4].hex() for nal in clip.parameter_sets if nal_type(nal, "H264") == 7), "640028")
        return [f"a=fmtp:{number} packetization-mode=1;profile-level-id={profile};sprop-parameter-sets={sets}"]
    if clip.codec == "H265":
        named = {32: "sprop-vps", 33: "sprop-sps", 34: "sprop-pps"}
        parts = [f"{named[nal_type(nal, 'H265')]}={_base64(nal)}" for nal in clip.parameter_sets]
        return [f"a=fmtp:{number} {';'.join(parts)}"] if parts else []
    return []


def _base64(nal: bytes) -> str:
    return base64.b64encode(nal).decode()

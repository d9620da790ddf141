"""Find the video in a session description (RFC 4566; RFC 6184 and RFC 7798 for what its codecs say there)."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

Codec: TypeAlias = Literal["h264", "hevc"]

_CODECS: Final[dict[str, Codec]] = {"H264": "h264", "H265": "hevc"}
_SETS: Final = {"h264": ("sprop-parameter-sets",), "hevc": ("sprop-vps", "sprop-sps", "sprop-pps")}


@dataclass(slots=True)
class Video:
    """The first video of a description. `codec` is None when it is one that we leave to others."""

    codec: Codec | None
    clock_rate: int  # ticks of RTP time a second
    control: str  # where to set it up: absolute, or relative to the session's
    session_control: str
    fps: float  # as the camera claims; 0 when it does not
    parameter_sets: list[bytes] = field(default_factory=list)


def video_of(description: str) -> Video | None:
    """Return the first video of a session description; None when there is none."""
    session, media = _sections(description)
    lines = next((lines for lines in media if lines[0].startswith("m=video")), None)
    if lines is None:
        return None
    names = {name.split()[0]: name.split()[-1] for name in _attributes(lines, "rtpmap") if len(name.split()) > 1}
    offered = lines[0].split()[3:]
    number = next((number for number in offered if number in names), "")
    name, _, rate = names.get(number, "").partition("/")
    codec = _CODECS.get(name.upper())
    formats = _formats(lines, number)
    if int(formats.get("sprop-max-don-diff", "0") or 0) or formats.get("packetization-mode") == "2":
        codec = None  # pictures sent out of order: nobody does
    return Video(
        codec,
        clock_rate=_number(rate.split("/")[0], 90_000),
        control=next(iter(_attributes(lines, "control")), ""),
        session_control=next(iter(_attributes(session, "control")), "*"),
        fps=_rate(next(iter(_attributes(lines, "framerate")), "")),
        parameter_sets=[] if codec is None else _parameter_sets(formats, codec),
    )


def _sections(description: str) -> tuple[list[str], list[list[str]]]:
    session: list[str] = []
    media: list[list[str]] = []
    for line in description.splitlines():
        if line.startswith("m="):
            media.append([])
        (media[-1] if media else session).append(line.strip())
    return session, media


def _attributes(lines: list[str], name: str) -> list[str]:
    return [line.partition(":")[2].strip() for line in lines if line.startswith(f"a={name}:")]


def _formats(lines: list[str], number: str) -> dict[str, str]:
    for line in _attributes(lines, "fmtp"):
        owner, _, rest = line.partition(" ")
        if owner == number:
            pairs = (part.strip().partition("=") for part in rest.split(";"))
            return {key.lower(): value for key, _, value in pairs}
    return {}


def _parameter_sets(formats: dict[str, str], codec: Codec) -> list[bytes]:
    """Return the sets in a decoder's order; what is damaged is left out: the stream has its own."""
    found = []
    for name in _SETS[codec]:
        for text in formats.get(name, "").split(","):
            try:
                unit = base64.b64decode(text, validate=True)
            except (binascii.Error, ValueError):
                continue
            if unit:
                found.append(unit)
    return found


def _number(text: str, otherwise: int) -> int:
    return int(text) if text.isdecimal() and int(text) else otherwise


def _rate(text: str) -> float:
    try:
        rate = float(text)
    except ValueError:
        return 0.0
    return rate if 0.0 < rate < 1000.0 else 0.0

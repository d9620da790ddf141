"""One picture of a camera, now: for people who set it up."""

from __future__ import annotations

import threading
import time

from av.error import FFmpegError

from common.redact import redact
from rtsp.errors import SourceError
from rtsp.picture import VideoPicture
from rtsp.source import SourceSettings, open_source

PATIENCE_S = 15.0  # key frames of some cameras are ten seconds apart


def first_picture(url: str, settings: SourceSettings | None = None, *, patience_s: float = PATIENCE_S) -> VideoPicture:
    """Return the first picture that decodes. Raises `SourceError` when the camera fails or none comes in time."""
    source = open_source(url, settings or SourceSettings())
    source.connect()
    began_s, has_key = time.monotonic(), False
    try:
        for raw in source.packets(threading.Event()):
            has_key = has_key or raw.is_keyframe
            try:
                pictures = raw.decode() if has_key else []
            except FFmpegError:
                has_key, pictures = False, []  # begun in the middle of something: the next key frame heals
            if pictures:
                return VideoPicture(pictures[0])
            if time.monotonic() - began_s > patience_s:
                break
    finally:
        source.close()
    raise SourceError("decode", f"{redact(url)}: no picture could be decoded within {patience_s:.0f} s")

"""Read a recording frame by frame, as fast as it decodes: for evaluation and tests."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

import av

from rtsp.errors import SourceError
from rtsp.frame import Frame
from rtsp.picture import VideoPicture
from rtsp.source import opening_failed, reading_failed

_EPOCH_S = 0.0  # a recording rarely says when it was taken; its UTC counts from the epoch unless the caller knows


def frames(path: Path, camera_id: str = "file", *, started_at: datetime | None = None) -> Iterator[Frame]:
    """Yield every picture that a player would show. `time_s` starts at 0 and comes from the container's own times.

    Raises `SourceError` when the file cannot be opened or has no video; damaged pictures are left out.
    """
    try:
        container = av.open(str(path))
    except (av.FFmpegError, OSError, ValueError) as error:
        raise opening_failed(str(path), error) from error
    with container:
        if not container.streams.video:
            raise SourceError("no_video", f"{path}: there is no video in this file")
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        yield from _numbered(container, stream, camera_id, started_at)


def _numbered(
    container: av.container.InputContainer, stream: av.VideoStream, camera_id: str, started_at: datetime | None
) -> Iterator[Frame]:
    clock = PlayedTimes(stream.time_base or Fraction(1, 1000), stream.average_rate or stream.guessed_rate)
    begin_s = started_at.timestamp() if started_at else _EPOCH_S
    for index, picture in enumerate(_decoded(container, stream)):
        time_s = clock.next(picture.pts)
        yield Frame(
            camera_id=camera_id,
            session=0,
            index=index,
            time_s=time_s,
            captured_at=datetime.fromtimestamp(begin_s + time_s, UTC),
            clock="file",
            key=picture.key_frame,
            picture=VideoPicture(picture),
        )


def _decoded(container: av.container.InputContainer, stream: av.VideoStream) -> Iterator[av.VideoFrame]:
    try:
        for packet in container.demux(stream):
            try:
                yield from packet.decode()
            except (av.error.InvalidDataError, av.error.PatchWelcomeError):
                continue  # one damaged packet; the next ones decode
    except (av.FFmpegError, OSError) as error:
        raise reading_failed(container.name, error) from error


class PlayedTimes:
    """Seconds since the first picture, always rising, also where the container gives no time or a wrong one."""

    def __init__(self, time_base: Fraction, rate: Fraction | None) -> None:
        self._tick_s = float(time_base)
        self._usual_s = float(1 / rate) if rate else 0.04
        self._first: int | None = None
        self._last_s: float | None = None

    def next(self, pts: int | None) -> float:
        """Return the time of the next picture in playing order."""
        if pts is not None and self._first is None:
            self._first = pts
        said_s = None if pts is None or self._first is None else (pts - self._first) * self._tick_s
        if self._last_s is None:
            self._last_s = said_s or 0.0
        elif said_s is None or said_s <= self._last_s:
            self._last_s += self._usual_s
        else:
            self._last_s = said_s
        return self._last_s

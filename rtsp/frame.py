"""One decoded picture and when it was taken."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from rtsp.picture import VideoPicture

Clock: TypeAlias = Literal["rtcp", "arrival", "file"]


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """A picture from one camera.

    `time_s` is the camera's own clock in seconds: it never runs backwards within one `session`,
    and it is what rules measure durations with. `captured_at` is UTC for people, taken from what
    `clock` names: the camera's RTCP sender reports, the moment of arrival, or a file's own time.
    """

    camera_id: str
    session: int  # +1 after each reconnect; trackers start afresh when it changes
    index: int  # counts decoded pictures within the session, from 0
    time_s: float
    captured_at: datetime
    clock: Clock
    key: bool  # a key frame: decodes without its neighbours
    picture: VideoPicture

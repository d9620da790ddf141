"""What a camera's connection says about itself, as rules are told it once a second."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Vitals:
    """One camera's connection at one moment. Counts run from the start of the camera and never fall."""

    at_s: float  # the node's own monotonic clock: a camera whose clock is wrong cannot be asked for the time
    connected: bool
    sessions: int  # connections so far
    received: int  # packets
    decoded: int  # pictures
    damaged: int  # pictures and packets that could not be decoded whole, or whose times could not be used
    silent_s: float | None  # since the last packet; None before the first
    clock_ahead_s: float | None  # the camera's clock less the node's; None when the camera does not tell

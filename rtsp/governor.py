"""Decide how much of a camera is decoded right now, and say why. Pure: knows no clock and no camera."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

Mode: TypeAlias = Literal["every", "some", "keys", "asleep"]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is decoded now: all pictures, `looks_per_s` of them, key frames only, or nothing; and the reason."""

    mode: Mode
    looks_per_s: float
    reason: str


@dataclass(slots=True)
class Governor:
    """One camera's plan, from what its rules need and what others ask for."""

    looks_per_s: float
    key_frames_only: bool = False
    _wanted: dict[str, float] = field(default_factory=dict)
    _fps: float = 0.0
    _key_every_s: float = 0.0

    def want(self, looks_per_s: float | None, reason: str) -> None:
        """Ask for more looks while `reason` holds; None takes the wish back."""
        if looks_per_s is None:
            self._wanted.pop(reason, None)
        else:
            self._wanted[reason] = looks_per_s

    def measured(self, fps: float, key_every_s: float) -> None:
        """Say what the stream is like, so that the plan fits it."""
        self._fps, self._key_every_s = fps, key_every_s

    def plan(self) -> Plan:
        """Return what to decode now."""
        reason, looks = max(self._wanted.items(), key=lambda wish: wish[1], default=("rules", 0.0))
        if self.looks_per_s >= looks:
            reason, looks = "rules", self.looks_per_s
        if self.key_frames_only and reason == "rules":
            return Plan("keys", looks, reason)
        if self._key_every_s and looks * self._key_every_s <= 1.0:
            return Plan("keys", looks, reason)
        if self._fps and looks >= 0.9 * self._fps:
            return Plan("every", self._fps, reason)
        return Plan("some", looks, reason)

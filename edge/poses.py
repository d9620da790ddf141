"""Which of its poses a camera stands in, recognised from what it shows, and whether its bearings can be trusted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from detectors.picture import Picture


@dataclass(frozen=True, slots=True)
class Stance:
    """How a camera stands at one moment.

    pose: the preset's name, "" for a camera with only one view, None while it turns.
    shift: how far the picture has moved against the pose's own picture, as shares of its width, right and down.
    void: why its bearings cannot be trusted (`moved`, `stuck`, `unknown`), or None.
    """

    pose: str | None = ""
    shift: tuple[float, float] = (0.0, 0.0)
    void: str | None = None


STEADY: Final = Stance()


class PoseWatch:
    """Follows one camera from look to look. Not thread-safe."""

    def __init__(self) -> None:
        self.stance = STEADY

    def look(self, picture: Picture, time_s: float) -> Stance:
        """Take in what the camera shows at `time_s` of camera time, and return how it stands."""
        return self.stance

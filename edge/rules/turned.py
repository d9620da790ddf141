"""Tell a camera that was turned from one that shakes, and from traffic that fills its view."""

from __future__ import annotations

from collections import deque
from typing import Final

import numpy as np

from detectors.picture import Gray
from edge.rules.view import Features, LearnedView, Numbers, movement, same_view

TURNED: Final = 0.03  # of the picture's width
CREEPS_EVERY_S: Final = 60.0  # between two comparisons with the view in which it was put up
CREEPS_LOOKS: Final = 3  # in a row
HALF: Final = 0.5
ONE_WAY: Final = 0.7  # mean movement over mean length of movement: shaking goes both ways
LATELY, SWING = 4, 0.04  # over so many looks a turned camera may swing by this, in picture widths
STANDS: Final = 0.4  # share of blocks that may differ between two looks at one other view


class OtherView:
    """What a camera shows instead of its usual view: does it stand there, or is it passing or shaking?"""

    def __init__(self, for_s: float) -> None:
        self._for_s = for_s
        self._view = LearnedView()
        self._moves: deque[tuple[float, Numbers | None]] = deque(maxlen=64)

    def stands(self, usual: Gray | None, now: Features, step_s: float, time_s: float) -> bool:
        """Take in one look at it; return whether it is one view, and elsewhere than the usual one on average.

        A camera that shakes in a storm is, on average, where it was; what passes by changes from look to look.
        """
        other = self._view.latest
        still = other is not None and self._view.compare(now).lost < STANDS
        is_one = still or (other is not None and same_view(other.gray, now.gray))
        if not is_one:
            self._view = LearnedView()
        self._view.learn(now, step_s)
        self._moves.append((time_s, None if usual is None else movement(usual, now.gray)))
        return is_one and self._is_elsewhere(still, time_s)

    def at_home(self, time_s: float) -> None:
        """Take in one look at the usual view amid the others: a camera that shakes swings through it."""
        self._moves.append((time_s, np.zeros((5, 2))))

    def clear(self) -> None:
        self._view = LearnedView()
        self._moves.clear()

    def _is_elsewhere(self, still: bool, time_s: float) -> bool:
        """Where the way it went cannot be measured most of the time, it must stand still to be elsewhere."""
        recent = [moved for at_s, moved in self._moves if at_s >= time_s - self._for_s]
        known = [moved for moved in recent if moved is not None]
        if len(known) < HALF * len(recent):
            return still
        mean, length = np.mean(known, axis=0), np.mean([np.hypot(*moved.T).max() for moved in known])
        farthest, swing = float(np.hypot(*mean.T).max()), float(np.ptp(known[-LATELY:], axis=0).max())
        return farthest >= TURNED and farthest >= ONE_WAY * float(length) and swing <= SWING


class Creep:
    """Compares, now and then, with the view in which the camera was put up: a mount that sags is never seen to move."""

    def __init__(self) -> None:
        self._anchor: Gray | None = None
        self._due_s = 0.0
        self._in_a_row = 0

    def has_crept(self, now: Gray, time_s: float) -> bool:
        """Take in a picture of the usual view; about 20 ms once a minute."""
        if time_s >= self._due_s:
            self._due_s = time_s + CREEPS_EVERY_S
            self._compare(now)
        return self._in_a_row >= CREEPS_LOOKS

    def _compare(self, now: Gray) -> None:
        if self._anchor is None or self._anchor.shape != now.shape:
            self._anchor, self._in_a_row = now, 0
            return
        moved = movement(self._anchor, now)
        if moved is not None:  # in fog nobody can say
            self._in_a_row = self._in_a_row + 1 if np.hypot(*moved.T).max() >= TURNED else 0

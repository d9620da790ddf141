"""Learns from a camera's own tracks how quickly things change their speed there."""

from __future__ import annotations

import numpy as np

from edge.tracking.motion import Numbers

RATE = 0.02  # of change, per matched box and full correlation
MOST_BOXES = 10  # that count at one look: a crowd teaches no faster than a group
SLOWEST, QUICKEST = 0.05, 20.0
LARGEST_SURPRISE = 0.3  # box heights; a wrong match teaches little
TINY = 1e-6


class Agility:
    """How much speeds wander, as a factor on `motion.WANDER`.

    A filter with the right ratio of wandering to noise is surprised at random: surprises one look after another are
    uncorrelated (Mehra 1970). Where they point the same way it follows too sluggishly (a camera on a car, looming
    vehicles), where they alternate it follows the noise. Each camera has one factor for place and one for size.
    """

    def __init__(self) -> None:
        self.factors = np.ones(4)  # centre x, centre y, width, height

    def learn(self, before: Numbers, now: Numbers) -> None:
        """Take in (N, 4) surprises of the same tracks at two successive looks, in box heights."""
        if not len(now):
            return
        before = before.clip(-LARGEST_SURPRISE, LARGEST_SURPRISE)
        now = now.clip(-LARGEST_SURPRISE, LARGEST_SURPRISE)
        together = (before * now).sum(axis=0).reshape(2, 2).sum(axis=1)
        energy = (before * before + now * now).sum(axis=0).reshape(2, 2).sum(axis=1) / 2
        step = RATE * min(len(now), MOST_BOXES) * together / np.maximum(energy, TINY)
        self.factors = np.clip(self.factors * np.exp(step).repeat(2), SLOWEST, QUICKEST)

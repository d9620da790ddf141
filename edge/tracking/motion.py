"""Constant-velocity Kalman filters of many boxes at once: centre x, centre y, width, height, each on its own."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Numbers: TypeAlias = npt.NDArray[np.float64]

BOX, SPEED = slice(0, 4), slice(4, 8)  # columns of a motion state: the box, and its change per second
P_BOX, P_BOTH, P_SPEED = slice(8, 12), slice(12, 16), slice(16, 20)  # variance of box, covariance, variance of speed
HEIGHT = 3
WIDTH = 20

# Standard deviations as shares of the box's height, after DeepSORT (Wojke et al. 2017), but per second, not per frame.
SEEN = 0.05  # of a detected box
BIRTH_SPEED = np.array([4.0, 4.0, 0.1, 0.1])  # of a new object's unknown speed, per second: 12 heights at most
WANDER = np.array([0.3, 0.3, 0.2, 0.2])  # how much speed changes in a second; times the agility, see agility.py
SMALLEST = 1e-3  # of a box's sides: a prediction never turns inside out


def begin(boxes: Numbers) -> Numbers:
    """Return (N, WIDTH) states of objects seen for the first time; boxes: (N, 4) centre x, y, width, height."""
    states = np.zeros((len(boxes), WIDTH))
    variance = np.square(boxes[:, HEIGHT:])
    states[:, BOX] = boxes
    states[:, P_BOX] = SEEN**2 * variance
    states[:, P_SPEED] = BIRTH_SPEED**2 * variance
    return states


def predict(states: Numbers, dt: float, agility: Numbers) -> None:
    """Move (N, WIDTH) states `dt` seconds on, in place; agility: (4,) factor on how much speeds wander."""
    p_both, p_speed = states[:, P_BOTH], states[:, P_SPEED]
    wander = np.square(states[:, HEIGHT : BOX.stop]) * (np.square(WANDER * agility) * dt)
    states[:, BOX] += states[:, SPEED] * dt
    np.maximum(states[:, 2:4], SMALLEST, out=states[:, 2:4])
    states[:, P_BOX] += (2 * dt) * p_both + dt * dt * (p_speed + wander / 3)
    p_both += dt * (p_speed + wander / 2)
    p_speed += wander


def correct(states: Numbers, boxes: Numbers) -> Numbers:
    """Let (N, WIDTH) states see `boxes` (N, 4), in place. Returns (N, 4) how far off they were, in box heights."""
    p_box, p_both = states[:, P_BOX], states[:, P_BOTH]
    height = boxes[:, HEIGHT:]
    doubt = p_box + np.square(SEEN * height)
    gain, gain_speed = p_box / doubt, p_both / doubt
    surprise = boxes - states[:, BOX]
    states[:, BOX] += gain * surprise
    states[:, SPEED] += gain_speed * surprise
    states[:, P_SPEED] -= gain_speed * p_both
    p_both *= 1 - gain
    p_box *= 1 - gain
    return surprise / height

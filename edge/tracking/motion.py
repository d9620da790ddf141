"""Constant-velocity Kalman filters of many boxes at once: centre x, centre y, width, height, each on its own."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Numbers: TypeAlias = npt.NDArray[np.float64]

POSITION, SPEED = slice(0, 4), slice(4, 8)  # columns of a motion state: box, and its change per second
P_PP, P_PV, P_VV = slice(8, 12), slice(12, 16), slice(16, 20)  # covariance of each pair (position, speed)
WIDTH = 20

# Standard deviations as shares of the box's height, as in DeepSORT (Wojke et al. 2017), turned into seconds.
MEASURED = 0.05
WANDERING = 0.45  # of the speed, per second and √second
BIRTH_SPEED = 1.0  # of the unknown speed, per second


def begin(boxes: Numbers) -> Numbers:
    """Return (N, WIDTH) states of objects seen for the first time; boxes: (N, 4) centre, width, height."""
    states = np.zeros((len(boxes), WIDTH))
    states[:, POSITION] = boxes
    variance = np.square(boxes[:, 3:4])
    states[:, P_PP] = MEASURED**2 * variance
    states[:, P_VV] = BIRTH_SPEED**2 * variance
    return states


def predict(states: Numbers, dt: float) -> None:
    """Move (N, WIDTH) states `dt` seconds on, in place."""
    p_pv, p_vv = states[:, P_PV], states[:, P_VV]
    states[:, POSITION] += states[:, SPEED] * dt
    states[:, P_PP] += dt * (2 * p_pv + dt * p_vv)
    p_pv += dt * p_vv
    p_vv += (WANDERING**2 * dt) * np.square(states[:, 3:4])


def correct(states: Numbers, boxes: Numbers) -> Numbers:
    """Return the (N, WIDTH) states after seeing `boxes` (N, 4)."""
    after = states.copy()
    p_pp, p_pv = states[:, P_PP], states[:, P_PV]
    uncertainty = p_pp + MEASURED**2 * np.square(boxes[:, 3:4])
    gain_p, gain_v = p_pp / uncertainty, p_pv / uncertainty
    surprise = boxes - states[:, POSITION]
    after[:, POSITION] += gain_p * surprise
    after[:, SPEED] += gain_v * surprise
    after[:, P_PP] -= gain_p * p_pp
    after[:, P_PV] -= gain_p * p_pv
    after[:, P_VV] -= gain_v * p_pv
    return after

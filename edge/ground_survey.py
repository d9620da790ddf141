"""From what an installer can measure to reference points: distances between four places, or two parallel lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.optimize import brentq, least_squares

from edge.geometry import Areas, Points, cross

STRETCHES: Final = (1.0, 3.0, 10.0)  # the ground is longer than it looks, nobody knows how much
FOCAL: Final = (0.35, 8.0)  # picture heights: from fish-eye to long tele
MISFIT: Final = 0.1  # share by which measured distances may contradict each other


class SurveyError(ValueError):
    """What was measured does not fix the ground; the message says what is missing or wrong."""


@dataclass(frozen=True, slots=True, eq=False)
class Survey:
    """Places in the picture with their metres."""

    at: Points  # (K, 2)
    metres: Points  # (K, 2)
    misfit: float = 0.0  # largest share by which a measured distance differs from the result


def from_rectangle(at: Points, width_m: float, length_m: float) -> Survey:
    """Return four corners, given in order around the rectangle; the first side is `width_m` long."""
    corners = np.array([[0, 0], [width_m, 0], [width_m, length_m], [0, length_m]], np.float64)
    return Survey(at, corners)


def from_distances(at: Points, distances: Mapping[tuple[int, int], float]) -> Survey:
    """Return the metres of places (K, 2) that lie `distances` apart; keys count from 0.

    Raises SurveyError where the distances leave the shape open or contradict each other.
    """
    k = len(at)
    needed = 2 * k - 3
    if len(distances) < needed:
        raise SurveyError(
            f"{len(distances)} distances leave the shape of {k} points open; {needed} fix it: "
            "for four points, the four sides and a diagonal"
        )
    pairs, lengths = np.array(list(distances)), np.array(list(distances.values()))
    found = min((_fitted(at, pairs, lengths, stretch) for stretch in STRETCHES), key=lambda f: f[1])
    metres, misfit = found
    if misfit > MISFIT:
        raise SurveyError(
            f"the distances contradict each other by {misfit:.0%}: is one of them between other points than it says?"
        )
    return Survey(at, metres, misfit)


def _fitted(at: Points, pairs: Points, lengths: Areas, stretch: float) -> tuple[Points, float]:
    """Return the layout (K, 2) nearest to the distances, from a start like the picture, and its misfit."""
    start = at * np.array([1.0, -stretch])
    start = start * np.mean(lengths) / max(np.mean(_apart(start, pairs)), 1e-9)

    def off(flat: Areas) -> Areas:
        return np.asarray(_apart(flat.reshape(-1, 2), pairs) / lengths - 1, np.float64)

    solved = least_squares(off, start.ravel())
    layout = solved.x.reshape(-1, 2)
    same_way = np.sign(_turn(layout)) == np.sign(_turn(start))
    return layout - layout[0], float(np.abs(off(solved.x)).max()) + (0.0 if same_way else 1.0)


def _apart(points: Points, pairs: Points) -> Areas:
    return np.asarray(np.hypot(*(points[pairs[:, 0]] - points[pairs[:, 1]]).T), np.float64)


def _turn(points: Points) -> float:
    return float(cross(points[1] - points[0], points[2] - points[0]))


@dataclass(frozen=True, slots=True, eq=False)
class Lines:
    """Two lines that are parallel on the road, and what is known of their lengths."""

    lines: Points  # (2, 2, 2): line, end, x y
    width_m: float | None = None  # between the lines
    along: Points | None = None  # (2, 2): two places on the ground, one behind the other
    along_m: float | None = None  # and their distance
    hfov_deg: float | None = None  # needed when only one length is known


def from_lines(known: Lines, aspect: float) -> Survey:
    """Return the ends of both lines with their metres: x across, y along.

    Assumes a level camera (upright things stand upright in the middle of the picture) and square pixels. With one
    length the field of view must be given; with two it follows. Raises SurveyError.
    """
    ends = _centred(known.lines.reshape(-1, 2), aspect)
    vanishing = _meeting(ends)
    focal = _focal(known, ends, vanishing, aspect)
    road = _Road(vanishing, focal)
    scale = _scale(road, known, ends, aspect)
    metres = scale * road.plan(ends)
    return Survey(known.lines.reshape(-1, 2), metres - metres[0])


class _Road:
    """A level camera over a road that vanishes at `vanishing` (2,), with a focal length in picture heights."""

    def __init__(self, vanishing: Points, focal: float) -> None:
        self.focal = focal
        up = np.array([0.0, -focal, vanishing[1]])
        self._up = up / np.linalg.norm(up)
        along = np.array([vanishing[0], vanishing[1], focal])
        self._along = along / np.linalg.norm(along)
        self._across = np.cross(self._along, self._up)

    def plan(self, points: Points) -> Points:
        """Return (N, 2) across, along on the ground of centred points (N, 2), in heights of the camera."""
        rays = np.column_stack([points, np.full(len(points), self.focal)])
        down = -rays @ self._up
        if (down <= 1e-6).any():
            raise SurveyError("a point lies above the horizon of the two lines: is it on the ground?")
        ground = rays / down[:, None]
        return np.column_stack([ground @ self._across, ground @ self._along])


def _focal(known: Lines, ends: Points, vanishing: Points, aspect: float) -> float:
    if known.hfov_deg is not None:
        return float(aspect / 2 / np.tan(np.radians(known.hfov_deg) / 2))
    if known.width_m is None or known.along_m is None:
        raise SurveyError("two lines and one length need the camera's field of view too: --hfov, from its data sheet")

    def contradiction(focal: float) -> float:
        across_m, along_m = _lengths(_Road(vanishing, focal), known, ends, aspect)
        return float(np.log(along_m / across_m) - np.log((known.along_m or 1) / (known.width_m or 1)))

    low, high = (contradiction(focal) for focal in FOCAL)
    if low * high > 0:
        raise SurveyError("no camera sees these lines with that width and that length: check both, and the lines' ends")
    return float(brentq(contradiction, *FOCAL))


def _scale(road: _Road, known: Lines, ends: Points, aspect: float) -> float:
    across, along = _lengths(road, known, ends, aspect)
    scales = [m / unit for m, unit in ((known.width_m, across), (known.along_m, along)) if m is not None]
    if not scales:
        raise SurveyError("a known length is missing: the lines' distance (--width) or one along the road (--length)")
    return float(np.exp(np.mean(np.log(scales))))


def _lengths(road: _Road, known: Lines, ends: Points, aspect: float) -> tuple[float, float]:
    """Return the lines' distance and the length along, in heights of the camera."""
    plan = road.plan(ends)
    across = abs(float(plan[:2, 0].mean() - plan[2:, 0].mean()))
    if known.along is None:
        return across, 1.0
    a, b = road.plan(_centred(known.along, aspect))
    return across, float(np.hypot(*(a - b)))


def _centred(points: Points, aspect: float) -> Points:
    return np.asarray((points - 0.5) * np.array([aspect, 1.0]), np.float64)


def _meeting(ends: Points) -> Points:
    """Return where the lines through ends 0–1 and 2–3 meet."""
    a, b, c, d = ends
    along, other = b - a, d - c
    turn = float(cross(along, other))
    if abs(turn) < 1e-3 * float(np.hypot(*along) * np.hypot(*other)):
        raise SurveyError("the two lines are parallel in the picture too: take four points instead")
    return np.asarray(a + along * float(cross(c - a, other)) / turn, np.float64)


def pairs_of(names: Sequence[str]) -> list[tuple[int, int]]:
    """Return 0-based pairs of texts like '1-2'; raises SurveyError that quotes what is no pair."""
    pairs = []
    for name in names:
        first, _, second = name.partition("-")
        if not (first.isdigit() and second.isdigit()) or first == second:
            raise SurveyError(f"{name!r} is no pair of points; write 1-2 for the first and the second")
        pairs.append((int(first) - 1, int(second) - 1))
    return pairs

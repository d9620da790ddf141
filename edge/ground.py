"""The road as a plane: from places in the picture to metres on the ground, each with its error.

A flat ground seen by a camera is a homography (Hartley & Zisserman, Multiple View Geometry, ch. 2). It is kept as the
reference points it follows from, because people can check those. Their errors are carried through to every distance by
first-order propagation: what is measured far outside the points says so by a large error.
"""

from __future__ import annotations

from typing import Annotated, Final, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, model_validator

from edge.geometry import Areas, Points, cross

Matrix: TypeAlias = npt.NDArray[np.float64]  # (3, 3)
Unit: TypeAlias = Annotated[float, Field(ge=0.0, le=1.0)]

CLICK_ERROR: Final = 0.004  # of the picture's height: two pixels of 480
SCALE_ERROR: Final = 0.02
THIN: Final = 1e-3  # twice the area of three points, over the square of their extent: below, they lie on one line
WORST_FIT: Final = 0.03  # of the picture's height that a reference point may miss its own place by
USUAL_ASPECT: Final = 16 / 9


class ReferencePoint(BaseModel):
    """One place that is known both in the picture and on the ground."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    at: tuple[Unit, Unit] = Field(description="where it is seen: x right, y down, 0..1 of the picture")
    metres: tuple[float, float] = Field(description="where it is on the ground: any two axes at a right angle")


class GroundSettings(BaseModel):
    """How the camera sees the ground; `ioc camera calibrate` writes it."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    points: tuple[ReferencePoint, ...] = Field(
        min_length=4, max_length=100, description="places on the road with their metres; four corners at least"
    )
    click_error: float = Field(
        default=CLICK_ERROR, ge=0, le=0.1, description="standard error of each `at`, as a share of the picture's height"
    )
    scale_error: float = Field(
        default=SCALE_ERROR, ge=0, le=1, description="standard error of the lengths measured on site, as a share"
    )

    @model_validator(mode="after")
    def _is_a_plane(self) -> GroundSettings:
        mistake = mistake_in(np.array([p.at for p in self.points]), np.array([p.metres for p in self.points]))
        if mistake:
            raise ValueError(mistake)
        return self


class Ground:
    """Measures on the ground of one camera."""

    def __init__(self, settings: GroundSettings, aspect: float = USUAL_ASPECT) -> None:
        self.at = np.array([p.at for p in settings.points], np.float64)  # (K, 2)
        self.on_ground = np.array([p.metres for p in settings.points], np.float64)  # (K, 2)
        self.aspect, self.scale_error = aspect, settings.scale_error
        self.to_ground = homography(self.at, self.on_ground)
        self._sign = np.sign(_scale(self.to_ground, self.at)[0])
        step = settings.click_error * np.array([1 / aspect, 1.0])
        self._moved = _moved(self.at, self.on_ground, step)  # (2K, 3, 3)

    def metres(self, points: Points) -> Points:
        """Return (N, 2) metres on the ground of (N, 2) places in the picture; NaN at and above the horizon."""
        return self._through(self.to_ground, points)

    def picture(self, metres: Points) -> Points:
        """Return (N, 2) places in the picture of (N, 2) metres on the ground; NaN behind the camera."""
        back = np.asarray(np.linalg.inv(self.to_ground), np.float64)
        at = _through(back, metres)
        is_ahead = self._sign * _scale(self.to_ground, at) > 0
        return np.where(is_ahead[:, None], at, np.nan)

    def distance_m(self, a: Points, b: Points) -> Areas:
        """Return (N,) metres between places `a` and `b`, both (N, 2) in the picture."""
        return _lengths(self.metres(a), self.metres(b))

    def distance_error_m(self, a: Points, b: Points) -> Areas:
        """Return (N,) standard errors of `distance_m`: of the clicks and of the lengths measured on site."""
        known = self.distance_m(a, b)
        moved = np.array([_lengths(self._through(m, a), self._through(m, b)) for m in self._moved])  # 2K: few
        clicks = np.sqrt(np.sum((moved - known) ** 2, axis=0))
        return np.asarray(np.hypot(clicks, self.scale_error * known), np.float64)

    def residuals(self) -> Areas:
        """Return (K,) how far each reference point is seen from where the plane has it, in picture heights."""
        return residuals(self.to_ground, self.at, self.on_ground, self.aspect)

    def _through(self, matrix: Matrix, points: Points) -> Points:
        is_ground = self._sign * _scale(matrix, points) > 0
        return np.where(is_ground[:, None], _through(matrix, points), np.nan)


def homography(at: Points, metres: Points) -> Matrix:
    """Return the (3, 3) matrix that takes `at` (K, 2) to `metres` (K, 2), by least squares where K > 4."""
    low, extent = metres.min(axis=0), max(float(np.ptp(metres, axis=0).max()), 1e-9)
    matrix, _ = cv2.findHomography(at, (metres - low) / extent, 0)
    if matrix is None:
        raise ValueError("the points do not describe a plane")
    widen = np.array([[extent, 0, low[0]], [0, extent, low[1]], [0, 0, 1.0]])
    return np.asarray(widen @ matrix, np.float64)


def residuals(matrix: Matrix, at: Points, metres: Points, aspect: float) -> Areas:
    """Return (K,) distances in picture heights between `at` and where the plane shows `metres`."""
    missed = _through(np.asarray(np.linalg.inv(matrix), np.float64), metres) - at
    return np.asarray(np.hypot(missed[:, 0] * aspect, missed[:, 1]), np.float64)


def mistake_in(at: Points, metres: Points) -> str | None:
    """Return in words why these points (K, 2) describe no ground, or None."""
    for name, points in (("at", at), ("metres", metres)):
        if len(at) == 4 and (line := _on_one_line(points)):
            a, b, c = (number + 1 for number in line)
            return f"points {a}, {b} and {c} lie on one line in `{name}`: take four corners, as of a bay"
        if _flatness(points) < THIN:
            return f"all points lie on one line in `{name}`: take corners of an area"
    if len(at) == 4 and _is_crossed(at, metres):
        return "the corners go round differently in `at` and in `metres`: two of them are probably swapped"
    matrix = homography(at, metres)
    missed = residuals(matrix, at, metres, USUAL_ASPECT)
    if missed.max() > WORST_FIT:
        return (
            f"point {int(missed.argmax()) + 1} is seen {missed.max():.0%} of the picture's height away from where the "
            "others put it: check its metres, or whether the ground is flat there"
        )
    if len(set(np.sign(_scale(matrix, at)))) > 1:
        return "some points lie beyond the horizon of the others: are all of them on the ground?"
    return None


def _moved(at: Points, metres: Points, step: Points) -> npt.NDArray[np.float64]:
    """Return (2K, 3, 3) homographies, each with one coordinate of one point off by its standard error."""
    matrices = []
    for point in range(len(at)):
        for axis in range(2):
            off = at.copy()
            off[point, axis] += step[axis]
            matrices.append(homography(off, metres))
    return np.array(matrices)


def _through(matrix: Matrix, points: Points) -> Points:
    rows = np.column_stack([points, np.ones(len(points))]) @ matrix.T
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(rows[:, :2] / rows[:, 2:], np.float64)


def _scale(matrix: Matrix, points: Points) -> Areas:
    return np.asarray(points @ matrix[2, :2] + matrix[2, 2], np.float64)


def _lengths(a: Points, b: Points) -> Areas:
    return np.asarray(np.hypot(*(a - b).T), np.float64)


def _flatness(points: Points) -> float:
    spread = np.linalg.svd(points - points.mean(axis=0), compute_uv=False)
    return float(spread[1] / max(spread[0], 1e-12))


def _on_one_line(points: Points) -> tuple[int, int, int] | None:
    extent = max(float(np.ptp(points, axis=0).max()), 1e-12) ** 2
    triples = ((0, 1, 2), (0, 1, 3), (0, 2, 3), (1, 2, 3))
    return next((t for t in triples if abs(_turn(points, t)) < THIN * extent), None)


def _is_crossed(at: Points, metres: Points) -> bool:
    """Return whether the four triangles do not all keep, or all change, their sense of rotation."""
    triples = ((0, 1, 2), (0, 1, 3), (0, 2, 3), (1, 2, 3))
    return len({np.sign(_turn(at, t)) * np.sign(_turn(metres, t)) for t in triples}) > 1


def _turn(points: Points, triple: tuple[int, int, int]) -> float:
    a, b, c = points[list(triple)]
    return float(cross(b - a, c - a))

"""Points, lines and polygons in normalised picture coordinates: x right, y down, both 0..1."""

from __future__ import annotations

from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt
import shapely

Points: TypeAlias = npt.NDArray[np.float64]  # (N, 2), or (2,) for one
Areas: TypeAlias = npt.NDArray[np.float64]  # (N,)
Flags: TypeAlias = npt.NDArray[np.bool_]  # (N,)

BORDER: Final = 0.01


def cross(u: Points, v: Points) -> Areas:
    """Return (N,) z of u × v: twice the signed area between each pair."""
    return np.asarray(u[..., 0] * v[..., 1] - u[..., 1] * v[..., 0], dtype=np.float64)


def side_of_line(points: Points, start: Points, end: Points) -> Areas:
    """Return (N,) signed areas: > 0 right of start→end as seen on screen, < 0 left, 0 on it."""
    return cross(end - start, points - start)


def distance_to_line(points: Points, start: Points, end: Points) -> Areas:
    """Return (N,) signed distances to the infinite line, in picture units; the sign as `side_of_line`."""
    return np.asarray(side_of_line(points, start, end) / np.hypot(*(end - start)), np.float64)


def segments_cross(a0: Points, a1: Points, start: Points, end: Points) -> Flags:
    """Return (N,) True where the step a0[i] → a1[i] passes through the segment start–end."""
    straddles = side_of_line(a0, start, end) * side_of_line(a1, start, end) < 0
    step = a1 - a0
    meets = cross(step, start - a0) * cross(step, end - a0) <= 0
    return np.asarray(straddles & meets, dtype=np.bool_)


def heading_deg(steps: Points, aspect: float = 1.0) -> Areas:
    """Return (N,) directions of (N, 2) steps: degrees clockwise from "up" on the screen, 0 <= d < 360.

    `aspect` is width ÷ height of the picture, so that angles are those that people see.
    """
    return np.asarray(np.degrees(np.arctan2(steps[..., 0] * aspect, -steps[..., 1])) % 360.0, np.float64)


def angle_between_deg(a: Areas | float, b: Areas | float) -> Areas:
    """Return the smaller angle between directions, 0..180 degrees."""
    return np.asarray(np.abs((np.asarray(a) - np.asarray(b) + 180.0) % 360.0 - 180.0), np.float64)


def box_sizes(boxes: npt.NDArray[np.float32], aspect: float) -> Areas:
    """Return (N,) side of a square as large as each box (N, 4), in picture heights."""
    sides = np.maximum((boxes[:, 2:] - boxes[:, :2]).astype(np.float64), 1e-6)
    return np.asarray(np.sqrt(sides[:, 0] * aspect * sides[:, 1]), np.float64)


def cut_by_border(boxes: npt.NDArray[np.float32]) -> Flags:
    """Return (N,) True for each box (N, 4) at the picture's border: its size and feet are not what they seem."""
    inner = (boxes[:, :2] > BORDER).all(axis=1) & (boxes[:, 2:] < 1 - BORDER).all(axis=1)
    return np.asarray(~inner, np.bool_)


def cut_by_sides(boxes: npt.NDArray[np.float32]) -> Flags:
    """Return (N,) True for each box (N, 4) at the left or right border: whether it stands or comes in is not clear."""
    return np.asarray((boxes[:, 0] <= BORDER) | (boxes[:, 2] >= 1 - BORDER), np.bool_)


class Zone:
    """A polygon that is prepared once and asked often."""

    def __init__(self, polygon: Points) -> None:
        self.polygon = polygon  # (V, 2)
        self._shape = shapely.Polygon(polygon)
        shapely.prepare(self._shape)

    @classmethod
    def whole_picture(cls) -> Zone:
        """Return the zone of rules that name none; a little larger, so that feet on the border are inside."""
        return cls(np.array([[-0.01, -0.01], [1.01, -0.01], [1.01, 1.01], [-0.01, 1.01]]))

    def contains(self, points: Points) -> Flags:
        """Return (N,) True where a point lies inside or on the border."""
        return np.asarray(shapely.intersects_xy(self._shape, points[:, 0], points[:, 1]), np.bool_)

"""Which side, which way, inside or out: what the drawings on a picture mean."""

from __future__ import annotations

import numpy as np
import pytest

from edge.geometry import Zone, angle_between_deg, distance_to_line, heading_deg, segments_cross, side_of_line

LEFT, RIGHT = np.array([0.1, 0.5]), np.array([0.9, 0.5])


def test_right_of_a_line_drawn_from_left_to_right_is_below_it_on_screen() -> None:
    points = np.array([[0.5, 0.8], [0.5, 0.2], [0.5, 0.5]])

    assert np.sign(side_of_line(points, LEFT, RIGHT)).tolist() == [1, -1, 0]
    assert np.sign(side_of_line(points, RIGHT, LEFT)).tolist() == [-1, 1, 0]


def test_the_distance_to_a_line_is_signed_like_the_side() -> None:
    assert distance_to_line(np.array([[0.5, 0.8], [0.0, 0.4]]), LEFT, RIGHT) == pytest.approx([0.3, -0.1])


def test_a_step_crosses_a_segment_only_between_its_ends() -> None:
    before = np.array([[0.5, 0.4], [0.95, 0.4], [0.5, 0.2]])
    after = np.array([[0.5, 0.6], [0.95, 0.6], [0.5, 0.4]])

    assert segments_cross(before, after, LEFT, RIGHT).tolist() == [True, False, False]


def test_headings_are_degrees_clockwise_from_up_as_people_see_them() -> None:
    steps = np.array([[0, -1.0], [1, 0], [0, 1], [-1, 0], [9, -16]])

    assert heading_deg(steps[:4]) == pytest.approx([0, 90, 180, 270])
    assert heading_deg(steps[4:], aspect=16 / 9) == pytest.approx([45])


def test_the_angle_between_directions_is_the_smaller_one() -> None:
    assert angle_between_deg(np.array([350.0, 90, 0]), np.array([10.0, 270, 0])) == pytest.approx([20, 180, 0])


def test_a_zone_contains_its_border_and_the_whole_picture_contains_feet_on_the_edge() -> None:
    zone = Zone(np.array([[0.2, 0.2], [0.8, 0.2], [0.8, 0.8], [0.2, 0.8]]))

    assert zone.contains(np.array([[0.5, 0.5], [0.2, 0.5], [0.1, 0.5]])).tolist() == [True, True, False]
    assert Zone.whole_picture().contains(np.array([[0.5, 1.0], [0.0, 0.0]])).all()

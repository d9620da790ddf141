"""The road as a plane: metres, their errors, and what an installer can get wrong."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from edge.geometry import Points
from edge.ground import Ground, GroundSettings
from edge.ground_survey import Lines, SurveyError, from_distances, from_lines, from_rectangle

ASPECT = 16 / 9
FOCAL, HEIGHT_M, TILT = 1.2, 6.0, np.radians(18)


def seen(metres: Points) -> Points:
    """Where a camera 6 m up, tilted down by 18 degrees, sees places (N, 2) right of and ahead of its foot."""
    across, ahead = metres.T
    depth = ahead * np.cos(TILT) + HEIGHT_M * np.sin(TILT)
    down = HEIGHT_M * np.cos(TILT) - ahead * np.sin(TILT)
    return np.column_stack([0.5 + FOCAL * across / depth / ASPECT, 0.5 + FOCAL * down / depth])


CORNERS = np.array([[-3.5, 12.0], [3.5, 12.0], [3.5, 32.0], [-3.5, 32.0]])


def settings(at: Points, metres: Points, **more: float) -> GroundSettings:
    pairs = [{"at": a.tolist(), "metres": m.tolist()} for a, m in zip(at, metres, strict=True)]
    return GroundSettings.model_validate({"points": pairs, **more})


def ground(**more: float) -> Ground:
    return Ground(settings(seen(CORNERS), CORNERS, **more), ASPECT)


def test_a_place_between_the_corners_is_where_the_camera_put_it():
    place = np.array([[1.0, 20.0], [-2.0, 28.0]])

    measured = ground().metres(seen(place))

    np.testing.assert_allclose(measured, place, atol=1e-6)


def test_metres_and_picture_are_each_other_backwards():
    place = np.array([[0.4, 0.6], [0.6, 0.9]])

    there_and_back = ground().picture(ground().metres(place))

    np.testing.assert_allclose(there_and_back, place, atol=1e-9)


def test_the_sky_has_no_metres():
    assert np.isnan(ground().metres(np.array([[0.5, 0.01]]))).all()


def test_what_is_behind_the_camera_is_not_in_the_picture():
    assert np.isnan(ground().picture(np.array([[0.0, -40.0]]))).all()


def test_the_stated_error_is_the_spread_that_careless_clicks_cause():
    rng = np.random.default_rng(3)
    a, b = seen(np.array([[0.0, 14.0]])), seen(np.array([[0.0, 30.0]]))
    spoilt = [
        Ground(settings(seen(CORNERS) + rng.normal(0, 0.004, (4, 2)) / [ASPECT, 1], CORNERS), ASPECT).distance_m(a, b)
        for _ in range(300)
    ]

    stated = ground(click_error=0.004, scale_error=0.0).distance_error_m(a, b)[0]

    assert stated == pytest.approx(float(np.std(spoilt)), rel=0.2)


def test_far_beyond_the_corners_the_error_grows():
    near, far = seen(np.array([[0.0, 14.0], [0.0, 18.0]])), seen(np.array([[0.0, 70.0], [0.0, 74.0]]))

    errors = [ground().distance_error_m(p[:1], p[1:])[0] for p in (near, far)]

    assert errors[1] > 3 * errors[0]


def test_a_wrong_tape_shows_in_every_length():
    a, b = seen(np.array([[0.0, 14.0]])), seen(np.array([[0.0, 24.0]]))

    error = ground(click_error=0.0, scale_error=0.05).distance_error_m(a, b)[0]

    assert error == pytest.approx(0.5, rel=1e-6)


@pytest.mark.parametrize(
    ("at", "metres", "says"),
    [
        ([[0.1, 0.9], [0.5, 0.9], [0.9, 0.9], [0.5, 0.5]], CORNERS, "points 1, 2 and 3 lie on one line in `at`"),
        (seen(CORNERS)[[0, 1, 3, 2]], CORNERS, "swapped"),
        (seen(CORNERS), CORNERS * [1, 0], "lie on one line in `metres`"),
    ],
)
def test_points_that_are_no_ground_are_refused_with_the_likely_meaning(at: Points, metres: Points, says: str):
    with pytest.raises(ValidationError, match=says):
        settings(np.asarray(at), np.asarray(metres))


def test_a_fifth_point_that_does_not_fit_is_named():
    metres = np.vstack([CORNERS, [[0.0, 20.0], [2.0, 24.0]]])
    at = seen(metres)
    at[5] += [0.1, 0.1]

    with pytest.raises(ValidationError, match="point 6 is seen"):
        settings(at, metres)


def test_four_sides_and_a_diagonal_give_the_shape():
    pairs = [(0, 1), (1, 2), (2, 3), (3, 0), (0, 2)]
    odd = np.array([[-3.0, 12.0], [3.5, 13.0], [4.5, 33.0], [-3.5, 30.0]])
    known = {(i, j): float(np.hypot(*(odd[i] - odd[j]))) for i, j in pairs}

    survey = from_distances(seen(odd), known)

    other_diagonal = np.hypot(*(survey.metres[1] - survey.metres[3]))
    assert other_diagonal == pytest.approx(float(np.hypot(*(odd[1] - odd[3]))), rel=1e-3)


def test_four_sides_alone_are_not_enough():
    with pytest.raises(SurveyError, match="a diagonal"):
        from_distances(seen(CORNERS), {(0, 1): 7.0, (1, 2): 20.0, (2, 3): 7.0, (3, 0): 20.0})


def test_distances_that_contradict_each_other_are_refused():
    sides = {(0, 1): 7.0, (1, 2): 20.0, (2, 3): 7.0, (3, 0): 20.0, (0, 2): 21.2, (1, 3): 60.0}

    with pytest.raises(SurveyError, match="contradict"):
        from_distances(seen(CORNERS), sides)


def test_a_rectangle_is_read_in_the_order_of_its_corners():
    survey = from_rectangle(seen(CORNERS), 7.0, 20.0)

    assert np.hypot(*(survey.metres[2] - survey.metres[1])) == 20.0


def lines(**known: float) -> Lines:
    ends = seen(CORNERS)[[0, 3, 1, 2]].reshape(2, 2, 2)
    along = seen(np.array([[0.0, 14.0], [0.0, 26.0]]))
    return Lines(ends, known.get("width_m"), along, known.get("along_m"), known.get("hfov_deg"))


HFOV_DEG = float(np.degrees(2 * np.arctan(ASPECT / 2 / FOCAL)))


@pytest.mark.parametrize(
    "known",
    [
        {"width_m": 7.0, "along_m": 12.0},
        {"width_m": 7.0, "hfov_deg": HFOV_DEG},
        {"along_m": 12.0, "hfov_deg": HFOV_DEG},
    ],
)
def test_two_lines_and_what_is_known_give_the_road(known: dict[str, float]):
    survey = from_lines(lines(**known), ASPECT)

    lengths = [np.hypot(*(survey.metres[i] - survey.metres[j])) for i, j in ((0, 1), (0, 2), (1, 3))]
    np.testing.assert_allclose(lengths, [20.0, 7.0, 7.0], rtol=1e-3)


def test_one_length_without_a_field_of_view_is_not_enough():
    with pytest.raises(SurveyError, match="--hfov"):
        from_lines(lines(width_m=7.0), ASPECT)


def test_lines_that_are_parallel_in_the_picture_are_refused():
    level = Lines(np.array([[[0.1, 0.5], [0.9, 0.5]], [[0.1, 0.7], [0.9, 0.7]]]), 7.0, hfov_deg=60.0)

    with pytest.raises(SurveyError, match="parallel in the picture"):
        from_lines(level, ASPECT)

"""Suppression keeps exactly what a greedy pass keeps."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from detectors.layout import Candidates
from detectors.suppress import Suppressor
from tests.detectors import reference

LABELS = ("person", "car", "truck")

corner = st.integers(0, 40)
boxes = st.tuples(corner, corner, st.integers(0, 25), st.integers(0, 25)).map(
    lambda b: (b[0], b[1], b[0] + b[2], b[1] + b[3])
)


def candidates(found: list[tuple[tuple[float, ...], float, int]]) -> Candidates:
    return Candidates(
        np.array([box for box, _, _ in found], np.float32).reshape(-1, 4),
        np.array([score for _, score, _ in found], np.float32),
        np.array([label for _, _, label in found], np.int64),
    )


@given(st.lists(st.tuples(boxes, st.integers(0, 2)), max_size=40))
def test_it_keeps_what_a_greedy_pass_keeps(found):
    scored = [(box, 0.99 - 0.01 * i, label) for i, (box, label) in enumerate(found)]

    kept = Suppressor(LABELS, overlap=0.5)(candidates(scored))

    expected = reference.greedy([reference.Found(*one) for one in scored], 0.5)
    assert [tuple(box) for box in kept.boxes] == [one.box for one in expected]


def test_of_a_chain_the_third_stands_because_the_second_fell():
    chain = [((0, 0, 10, 10), 0.9, 0), ((3, 0, 13, 10), 0.8, 0), ((6, 0, 16, 10), 0.7, 0)]

    kept = Suppressor(LABELS, overlap=0.5)(candidates(chain))

    assert np.allclose(kept.scores, [0.9, 0.7])


def test_labels_that_are_alike_suppress_each_other_and_others_do_not():
    same_place = [((0, 0, 10, 10), 0.6, 1), ((0, 0, 10, 10), 0.5, 2), ((0, 0, 10, 10), 0.4, 0)]

    kept = Suppressor(LABELS, overlap=0.7, alike=[("car", "truck")])(candidates(same_place))

    assert kept.classes.tolist() == [1, 0]


def test_nothing_in_nothing_out():
    assert len(Suppressor(LABELS, overlap=0.7)(candidates([]))) == 0


def test_boxes_without_area_cover_nothing():
    points = [((5, 5, 5, 5), 0.9, 0), ((5, 5, 5, 5), 0.8, 0)]

    assert len(Suppressor(LABELS, overlap=0.5)(candidates(points))) == 2

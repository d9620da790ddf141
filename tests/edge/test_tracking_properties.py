"""What holds for any detections whatsoever."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.detections import Detections
from edge.tracking.tracker import Tracker

LABELS = ["person", "car", "truck", "motorcycle"]


@st.composite
def detections(draw: st.DrawFn) -> Detections:
    n = draw(st.integers(0, 12))
    numbers = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    corner, size = numbers.uniform(-0.1, 1.0, (n, 2)), numbers.choice([0.0, 1e-5, 0.05, 0.3, 1.0], (n, 2))
    boxes = np.concatenate([corner, corner + size], axis=1).astype(np.float32)
    return Detections(boxes, numbers.uniform(0, 1, n).astype(np.float32), numbers.choice(LABELS, n).astype(np.str_))


looks = st.lists(st.tuples(st.floats(0, 3), detections()), max_size=25)


@settings(max_examples=150, deadline=None)
@given(looks)
def test_what_comes_out_is_always_well_formed(looks: list[tuple[float, Detections]]) -> None:
    tracker, time_s = Tracker(), 0.0

    for step_s, seen in looks:
        time_s += step_s
        tracks = tracker.update(seen, time_s)

        assert len(set(tracks.ids.tolist())) == len(tracks)
        assert np.isfinite(tracks.boxes).all()
        assert (tracks.boxes >= 0).all() and (tracks.boxes <= 1).all()
        assert (tracks.boxes[:, 2:] >= tracks.boxes[:, :2]).all()
        assert (tracks.started_s <= tracks.seen_s).all() and (tracks.seen_s <= time_s).all()
        assert set(tracks.labels.tolist()) <= set(LABELS)


@settings(max_examples=100, deadline=None)
@given(looks)
def test_every_shown_id_ends_exactly_once_and_never_returns(looks: list[tuple[float, Detections]]) -> None:
    tracker, time_s = Tracker(), 0.0
    shown: set[int] = set()
    ended: list[int] = []

    for step_s, seen in looks:
        time_s += step_s
        ids = set(tracker.update(seen, time_s).ids.tolist())
        assert not ids & set(ended)
        shown |= ids
        ended += tracker.ended().tolist()
    ended += tracker.reset().tolist()

    assert sorted(ended) == sorted(shown)


@settings(max_examples=50, deadline=None)
@given(looks)
def test_nothing_is_kept_of_what_has_ended(looks: list[tuple[float, Detections]]) -> None:
    tracker, time_s = Tracker(), 0.0

    for step_s, seen in looks:
        time_s += step_s
        tracker.update(seen, time_s)
    tracker.update(Detections.none(), time_s + 60)

    assert tracker.kept == 0

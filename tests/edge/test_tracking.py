"""What rules rely on, at five looks a second: one id for one object, through stops, crossings, gaps, other labels."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from detectors.detections import Detections
from edge.tracking.settings import TrackerSettings
from edge.tracking.tracker import Tracker
from edge.tracks import Tracks

Scene = Callable[[float], Sequence[tuple[float, float, str]]]  # time → (centre x, centre y, label) of each object
WIDTH, HEIGHT = 0.06, 0.2


def seen(objects: Sequence[tuple[float, float, str]], score: float = 0.8) -> Detections:
    boxes = [[x - WIDTH / 2, y - HEIGHT / 2, x + WIDTH / 2, y + HEIGHT / 2] for x, y, _ in objects]
    return Detections(
        np.array(boxes, np.float32).reshape(-1, 4),
        np.full(len(objects), score, np.float32),
        np.array([label for *_, label in objects], np.str_),
    )


def follow(
    scene: Scene, until_s: float, *, looks_per_s: float = 5.0, jitter: float = 0.003
) -> list[tuple[float, Tracks]]:
    random = np.random.default_rng(1)
    tracker, told = Tracker(), []
    for look in range(int(until_s * looks_per_s) + 1):
        time_s = look / looks_per_s
        detections = seen(scene(time_s))
        shaken = (detections.boxes + random.normal(0, jitter, detections.boxes.shape)).astype(np.float32)
        tracks = tracker.update(Detections(shaken, detections.scores, detections.labels), time_s)
        told.append((time_s, tracks))
    return told


def ids_in(told: Sequence[tuple[float, Tracks]]) -> set[int]:
    return {int(i) for _, tracks in told for i in tracks.ids}


def id_near(tracks: Tracks, x: float) -> int:
    return int(tracks.ids[np.abs(tracks.centres[:, 0] - x).argmin()])


@pytest.mark.parametrize("looks_per_s", [5.0, 10.0, 25.0])
def test_a_walker_keeps_one_id(looks_per_s: float) -> None:
    told = follow(lambda t: [(0.1 + 0.06 * t, 0.5, "person")], 12, looks_per_s=looks_per_s)

    assert len(ids_in(told)) == 1
    assert len(told[-1][1]) == 1


def test_a_car_that_stops_and_goes_keeps_its_id() -> None:
    def car(t: float) -> list[tuple[float, float, str]]:
        return [(0.1 + 0.15 * min(t, 2) + 0.15 * max(t - 8, 0), 0.5, "car")]

    told = follow(car, 12)

    assert len(ids_in(told)) == 1


def test_cars_that_jump_further_than_their_length_between_looks_are_followed() -> None:
    def column(t: float) -> list[tuple[float, float, str]]:
        return [(x, 0.5, "car") for x in (0.5 * t - 0.25 * n for n in range(40)) if 0.03 < x < 0.97]

    told = follow(column, 10)
    crossings = [
        int(i)
        for _, tracks in told
        for i in tracks.ids[(tracks.previous_feet[:, 0] < 0.5) & (tracks.feet[:, 0] >= 0.5)]
    ]

    # The first reaches the middle after 1 s, then one every half second; their boxes never overlap between two looks.
    assert len(crossings) == len(set(crossings)) == pytest.approx(18, abs=1)


def test_a_standing_object_keeps_its_id_and_place_for_minutes() -> None:
    told = follow(lambda t: [(0.4, 0.5, "motorcycle")], 300)

    assert len(ids_in(told)) == 1
    assert told[-1][1].centres[0] == pytest.approx([0.4, 0.5], abs=0.01)


def test_two_who_cross_keep_their_own_ids() -> None:
    def crossing(t: float) -> list[tuple[float, float, str]]:
        return [(0.1 + 0.08 * t, 0.48, "person"), (0.9 - 0.08 * t, 0.56, "person")]

    told = follow(crossing, 9)
    left, right = id_near(told[5][1], 0.18), id_near(told[5][1], 0.82)

    assert ids_in(told) == {left, right}
    assert id_near(told[-1][1], 0.82) == left


def test_one_second_behind_a_pillar_does_not_end_a_track() -> None:
    def hidden_for_a_second(t: float) -> list[tuple[float, float, str]]:
        return [] if 4 < t < 5 else [(0.1 + 0.08 * t, 0.5, "person")]

    told = follow(hidden_for_a_second, 9)

    assert len(ids_in(told)) == 1


def test_while_hidden_a_track_says_since_when() -> None:
    told = follow(lambda t: [] if t > 4 else [(0.1 + 0.08 * t, 0.5, "person")], 4.6)
    time_s, tracks = told[-1]

    assert len(tracks) == 1
    assert not tracks.seen_at(time_s).any()
    assert tracks.seen_s[0] == pytest.approx(4.0)


def test_a_detector_that_wavers_between_car_and_truck_makes_one_track_with_the_likelier_label() -> None:
    told = follow(lambda t: [(0.1 + 0.05 * t, 0.5, "truck" if round(t * 5) % 3 == 1 else "car")], 8)

    assert len(ids_in(told)) == 1
    assert told[-1][1].labels.tolist() == ["car"]


def test_a_rider_and_the_motorcycle_beneath_are_two_tracks() -> None:
    told = follow(lambda t: [(0.1 + 0.05 * t, 0.48, "person"), (0.1 + 0.05 * t, 0.52, "motorcycle")], 6)

    assert len(ids_in(told)) == 2
    assert sorted(told[-1][1].labels.tolist()) == ["motorcycle", "person"]


def test_one_look_alone_is_no_track() -> None:
    told = follow(lambda t: [(0.5, 0.5, "person")] if t == 1.0 else [], 3)

    assert ids_in(told) == set()


def test_weak_detections_continue_a_track_but_start_none() -> None:
    tracker = Tracker()
    for look in range(5):
        tracker.update(seen([(0.3, 0.5, "person")]), look * 0.2)
    for look in range(5, 40):
        tracks = tracker.update(seen([(0.3, 0.5, "person"), (0.7, 0.5, "person")], score=0.15), look * 0.2)

    assert len(tracks) == 1
    assert tracks.seen_at(39 * 0.2).all()


def test_a_track_ends_once_and_is_forgotten() -> None:
    tracker = Tracker()
    for look in range(10):
        tracks = tracker.update(seen([(0.3, 0.5, "person")]), look * 0.2)
    ended: list[int] = []
    for look in range(50):
        tracker.update(Detections.none(), 2 + look * 0.2)
        ended += tracker.ended().tolist()

    assert ended == tracks.ids.tolist()
    assert tracker.kept == 0


def test_a_new_session_ends_all_tracks_and_never_repeats_an_id() -> None:
    tracker = Tracker()
    for look in range(5):
        before = tracker.update(seen([(0.3, 0.5, "person"), (0.7, 0.5, "car")]), look * 0.2)

    ended = tracker.reset()
    for look in range(5):
        after = tracker.update(seen([(0.3, 0.5, "person"), (0.7, 0.5, "car")]), look * 0.2)

    assert sorted(ended) == sorted(before.ids)
    assert len(after) == 2
    assert not set(after.ids) & set(before.ids)


def test_previous_is_the_box_of_the_look_before() -> None:
    told = follow(lambda t: [(0.1 + 0.05 * t, 0.5, "person")], 4)
    (_, before), (_, now) = told[-2:]

    assert now.previous == pytest.approx(before.boxes)


def test_irregular_looks_do_not_split_a_track() -> None:
    random = np.random.default_rng(3)
    tracker, ids, time_s = Tracker(), set(), 0.0
    while time_s < 10:
        time_s += float(random.uniform(0.03, 0.6))
        ids |= set(tracker.update(seen([(0.1 + 0.08 * time_s, 0.5, "person")]), time_s).ids.tolist())

    assert len(ids) == 1


def test_time_that_stands_still_or_runs_backwards_harms_nothing() -> None:
    tracker = Tracker()
    for time_s in (0.0, 0.2, 0.4, 0.4, 0.1, 0.6, 0.8):
        tracks = tracker.update(seen([(0.3, 0.5, "person")]), time_s)

    assert len(tracks) == 1
    assert np.isfinite(tracks.boxes).all()


def test_a_shaking_camera_does_not_change_ids() -> None:
    def shaken(t: float) -> list[tuple[float, float, str]]:
        shift = 0.04 * np.sin(5 * t)
        return [(x + shift + 0.01 * t, 0.5, "person") for x in (0.2, 0.35, 0.5, 0.65, 0.8)]

    told = follow(shaken, 10, looks_per_s=10)

    assert len(ids_in(told)) == 5


def test_settings_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ValueError, match="low_score"):
        TrackerSettings(low_score=0.8, high_score=0.3)

"""What moves is outlined, followed over a line, and united with what the detector names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from edge.rules.motion import Legs
from edge.rules.movers import Movers
from edge.rules.outlines import Outlines
from edge.rules.passages import NAMELESS, Passage, Passages
from edge.tracks import Tracks
from rtsp.picture import VideoPicture

LINE = np.array([[0.1, 0.5], [0.9, 0.5]])
ASPECT = 16 / 9
Gray = npt.NDArray[np.uint8]


def picture(gray: npt.NDArray[Any]) -> VideoPicture:
    return VideoPicture.of(np.repeat(gray.clip(0, 255).astype(np.uint8)[..., None], 3, axis=2))


def road() -> npt.NDArray[np.float64]:
    return 100 + np.random.default_rng(3).normal(0, 1.5, (180, 320))


def lit(gray: npt.NDArray[np.float64], x: float, y: float) -> npt.NDArray[np.float64]:
    """Return the road under a soft beam that is 30 pixels wide."""
    rows, columns = np.mgrid[:180, :320]
    return gray + 100 * np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * 20**2))


def boxed(gray: npt.NDArray[np.float64], x: float, y: float) -> npt.NDArray[np.float64]:
    """Return the road with a dark car whose middle is at (x, y)."""
    dark = gray.copy()
    dark[max(0, int(y) - 15) : max(0, int(y) + 15), int(x) - 18 : int(x) + 18] = 10
    return dark


def lamped(gray: npt.NDArray[np.float64], x: float, y: float) -> npt.NDArray[np.float64]:
    """Return the road with two bright lamps, one on each side of (x, y)."""
    bright = gray.copy()
    for lamp in (x - 8, x + 8):
        bright[max(0, int(y) - 3) : max(0, int(y) + 3), int(lamp) - 3 : int(lamp) + 3] = 250
    return bright


def follow(movers: Movers, pictures: Iterator[npt.NDArray[np.float64]], step_s: float = 0.08) -> list[Passage]:
    return [p for n, gray in enumerate(pictures) for p in movers.update(picture(gray), n * step_s)]


def crossing(at_s: float, *, along: float = 0.5, track: int = 7, to_right: bool = True) -> Passage:
    label = "vehicle" if track == NAMELESS else "car"
    return Passage(at_s, along, 0.1, to_right, track, label, doubtful=track == NAMELESS)


def test_a_beam_on_the_road_has_no_outline_and_a_dark_car_has_one() -> None:
    outlines = Outlines(LINE, ASPECT)
    for n in range(20):
        outlines.boxes(picture(road()), n * 0.08)

    beam = outlines.boxes(picture(lit(road(), 160, 90)), 1.6)
    car = outlines.boxes(picture(boxed(road(), 160, 90)), 1.68)

    assert len(beam) == 0
    assert car == pytest.approx(np.array([[142 / 320, 75 / 180, 178 / 320, 105 / 180]]), abs=0.03)


def test_a_car_and_the_beam_before_it_cross_once() -> None:
    movers = Movers(LINE, ASPECT)
    still = [road() for _ in range(10)]

    passed = follow(movers, iter(still + [boxed(lit(road(), 160, y + 50), 160, y) for y in range(-20, 230, 5)]))

    assert [p.to_right for p in passed] == [True]


def test_what_sways_on_the_line_does_not_pass() -> None:
    movers = Movers(LINE, ASPECT)

    passed = follow(movers, (boxed(road(), 160, 78 + 5 * np.sin(n)) for n in range(100)))

    assert passed == []


def test_two_lamps_of_one_car_are_one_passage_where_cars_are_known_to_be_larger() -> None:
    movers = Movers(LINE, ASPECT)
    ways = range(-20, 230, 5)

    whole = follow(movers, iter([road()] * 10 + [boxed(road(), 160, y) for y in ways]))
    late_s = 10.0
    lamps = [p for n, y in enumerate(ways) for p in movers.update(picture(lamped(road(), 160, y)), late_s + n * 0.08)]

    assert (len(whole), len(lamps)) == (1, 1)


def test_who_walks_is_no_vehicle() -> None:
    movers = Movers(LINE, ASPECT)
    passed = []
    for n, y in enumerate([-100] * 10 + list(range(-20, 230, 5))):
        passed += movers.update(picture(boxed(road(), 160, y)), n * 0.08)
        box = np.array([[142 / 320, max(0, y - 15) / 180, 178 / 320, max(1, y + 15) / 180]], np.float32)
        one = np.array([n * 0.08])
        movers.note_people(Tracks(np.array([1]), np.array(["person"]), box, box, np.array([0.9], np.float32), one, one))

    assert passed == []


def test_what_has_left_is_forgotten() -> None:
    movers = Movers(LINE, ASPECT)

    follow(movers, iter([road()] * 10 + [boxed(road(), 160, y) for y in range(-20, 230, 5)] + [road()] * 30))

    assert movers.kept == 0


def test_two_accounts_of_one_passage_are_one() -> None:
    passages = Passages()
    for n in range(5):
        passages.move(crossing(10.0 * n, track=NAMELESS))
        passages.name(crossing(10.0 * n + 0.6, along=0.55, track=n))

    taken = passages.take(60.0)

    assert [p.label for p in taken] == ["car"] * 5
    assert not passages.misses_much


def test_side_by_side_each_is_confirmed_by_its_own_account() -> None:
    passages = Passages()
    for track, along in enumerate((0.40, 0.52, 0.64)):
        passages.move(crossing(5.0 + 0.2 * track, along=along, track=NAMELESS))
    for track, along in enumerate((0.41, 0.53, 0.65)):
        passages.name(crossing(5.1 + 0.2 * track, along=along, track=track))

    assert len(passages.take(60.0)) == 3
    assert not passages.misses_much


def test_a_detector_that_knows_nearly_all_is_believed_about_the_rest() -> None:
    passages = Passages()
    for n in range(9):
        passages.move(crossing(10.0 * n, track=NAMELESS))
        passages.name(crossing(10.0 * n, track=n))
    passages.move(crossing(95.0, track=NAMELESS))

    assert len(passages.take(100.0)) == 9


def test_the_first_who_move_wait_for_a_verdict() -> None:
    passages = Passages()
    taken = []
    for n in range(4):
        passages.move(crossing(10.0 * n, track=NAMELESS))
        taken.append(len(passages.take(10.0 * n + 5)))

    assert taken == [0, 0, 3, 1]


def test_a_passage_named_before_an_interval_ends_and_seen_moving_after_it_counts_once() -> None:
    passages = Passages()
    for n in range(4):
        passages.move(crossing(10.0 * n, along=0.1, track=NAMELESS))
    passages.name(crossing(59.9))

    first = passages.take(60.0)
    passages.move(crossing(60.2, track=NAMELESS))

    assert len(first) == 5
    assert passages.take(120.0) == []


def test_a_verdict_is_revised_when_day_comes() -> None:
    passages = Passages()
    for n in range(80):
        passages.move(crossing(10.0 * n, track=NAMELESS))
    passages.take(800.0)
    for n in range(200):
        passages.move(crossing(1000 + 10.0 * n, track=NAMELESS))
        passages.name(crossing(1000 + 10.0 * n, track=n))
        passages.take(1005 + 10.0 * n)

    assert not passages.misses_much


def test_the_first_leg_begins_where_the_track_was_first_seen() -> None:
    """A track is shown at its second look; at few looks a second that first step is much of what is seen of it."""
    legs = Legs(ASPECT)
    first, second = (np.array([[x, 0.4, x + 0.1, 0.5]], np.float32) for x in (0.2, 0.4))
    began, now = np.array([1.0]), np.array([1.4])
    shown = Tracks(np.array([1]), np.array(["car"]), second, first, np.array([0.9], np.float32), began, now)

    legs.update(Tracks.none(), 1.0)
    motion = legs.update(shown, 1.4)

    assert motion.ended.all()
    assert motion.steps[0] == pytest.approx([0.2 * ASPECT, 0.0], abs=1e-6)
    assert motion.took_s[0] == pytest.approx(0.4)

"""Looking at what changed sees what looking at everything sees, for less."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest

from detectors.crop import Crop
from detectors.detections import Detections
from detectors.picture import Picture, Region
from detectors.sizes import Size
from edge.attention import COLUMNS, ROWS, Attention, Eyes, bounds, changed_cells, grown, window_around
from rtsp.picture import VideoPicture

GREY, BRIGHT = 90, 200


@dataclass(frozen=True)
class Moment:
    picture: Picture
    time_s: float
    session: int = 0


def scene(*things: Region, light: int = 0) -> VideoPicture:
    """Return a grey 960x540 picture with bright things in it."""
    pixels = np.full((540, 960, 3), GREY + light, np.uint8)
    for x0, y0, x1, y1 in things:
        pixels[round(y0 * 540) : round(y1 * 540), round(x0 * 960) : round(x1 * 960)] = BRIGHT + light
    return VideoPicture.of(pixels)


class SeesBright:
    """Reports every bright thing in what it is shown, and counts how much it was shown."""

    labels = ("thing",)

    def __init__(self) -> None:
        self.calls = 0

    def detect(self, pictures: Sequence[Picture]) -> list[Detections]:
        self.calls += len(pictures)
        return [self._found(picture) for picture in pictures]

    def _found(self, picture: Picture) -> Detections:
        import cv2

        gray = picture.gray(320, 180)
        count, _, stats, _ = cv2.connectedComponentsWithStats((gray > 160).astype(np.uint8))
        boxes = stats[1:count, :4].astype(np.float32)
        boxes[:, 2:] += boxes[:, :2]
        boxes /= np.array([320, 180, 320, 180], np.float32)
        return Detections(boxes, np.full(len(boxes), 0.9, np.float32), np.full(len(boxes), "thing"))


class Looks:
    """Eyes that show the whole picture to one detector and every window to another."""

    labels = ("thing",)

    def __init__(self, whole: SeesBright, part: SeesBright) -> None:
        self._whole, self._part = whole, part

    def detect(self, pictures: Sequence[Picture]) -> list[Detections]:
        return self._whole.detect(pictures)

    def scaled(self, picture: Picture) -> Size:
        return 640, 360

    def window(self, picture: Picture, region: Region) -> Detections:
        return self._part.detect([Crop(picture, region)])[0]


@pytest.fixture
def whole() -> SeesBright:
    return SeesBright()


@pytest.fixture
def window() -> SeesBright:
    return SeesBright()


@pytest.fixture
def eyes(whole: SeesBright, window: SeesBright) -> Eyes:
    return Looks(whole, window)


HERE: Region = (0.2, 0.4, 0.25, 0.55)
THERE: Region = (0.8, 0.4, 0.85, 0.55)


def by_x(found: Detections) -> list[float]:
    return sorted(round(float(x), 1) for x in found.boxes[:, 0])


def test_a_picture_that_stands_still_is_looked_at_ever_less_often(eyes, whole, window):
    attention, looked_at_s = Attention(), list[float]()

    for n in range(5 * 100):
        before = whole.calls
        assert by_x(attention.look(eyes, Moment(scene(HERE), n / 5))) == [0.2]
        if whole.calls > before:
            looked_at_s.append(n / 5)

    assert looked_at_s == pytest.approx([0, 1, 3, 7, 15, 31, 61, 91], abs=0.21)
    assert window.calls == 0


def test_while_something_moves_everything_is_looked_at_once_a_second(eyes, whole, window):
    attention = Attention()
    for n in range(5 * 40):
        attention.look(eyes, Moment(scene(HERE), n / 5))
    before = whole.calls

    for n in range(5 * 3):
        attention.look(eyes, Moment(scene((0.22 + n * 0.02, 0.4, 0.27 + n * 0.02, 0.55)), 40 + n / 5))

    assert whole.calls - before == 3
    assert window.calls == 12


def test_what_moves_is_followed_in_a_window_and_what_stands_elsewhere_is_kept(eyes, whole, window):
    attention = Attention()
    attention.look(eyes, Moment(scene(HERE, THERE), 0.0))

    moved = attention.look(eyes, Moment(scene((0.3, 0.4, 0.35, 0.55), THERE), 0.2))

    assert by_x(moved) == [0.3, 0.8]
    assert (whole.calls, window.calls) == (1, 1)


def test_what_appears_is_seen_at_once(eyes):
    attention = Attention()
    attention.look(eyes, Moment(scene(THERE), 0.0))

    assert by_x(attention.look(eyes, Moment(scene(HERE, THERE), 0.2))) == [0.2, 0.8]


def test_what_leaves_is_gone_at_once(eyes):
    attention = Attention()
    attention.look(eyes, Moment(scene(HERE, THERE), 0.0))

    assert by_x(attention.look(eyes, Moment(scene(THERE), 0.2))) == [0.8]


def test_changes_far_apart_are_looked_at_as_a_whole(eyes, whole):
    attention = Attention()
    attention.look(eyes, Moment(scene(), 0.0))

    found = attention.look(eyes, Moment(scene((0.0, 0.1, 0.05, 0.2), (0.9, 0.8, 0.95, 0.9)), 0.2))

    assert len(found) == 2
    assert whole.calls == 2


def test_light_that_changes_everywhere_is_no_movement(eyes, whole, window):
    attention = Attention()
    attention.look(eyes, Moment(scene(HERE), 0.0))

    attention.look(eyes, Moment(scene(HERE, light=20), 0.2))

    assert (whole.calls, window.calls) == (1, 0)


def test_what_creeps_is_seen_when_it_has_moved_enough_since_it_was_looked_at(eyes, window):
    attention = Attention()
    for step in range(5):
        attention.look(eyes, Moment(scene((0.2 + step * 0.002, 0.4, 0.25 + step * 0.002, 0.55)), step / 5))

    assert window.calls >= 1


def test_another_session_begins_with_a_look_at_everything(eyes, whole):
    attention = Attention()

    attention.look(eyes, Moment(scene(HERE), 0.0, session=0))
    attention.look(eyes, Moment(scene(HERE), 0.2, session=1))

    assert whole.calls == 2


def test_a_box_that_the_windows_edge_cuts_is_looked_at_as_a_whole(whole):
    class Cut(SeesBright):
        def _found(self, picture: Picture) -> Detections:
            assert isinstance(picture, Crop)
            box = np.array([[0.3, 0.3, 1.0, 0.7]], np.float32)
            return Detections(box, np.array([0.9], np.float32), np.array(["thing"]))

    attention, eyes = Attention(), Looks(whole, Cut())
    attention.look(eyes, Moment(scene(HERE), 0.0))

    found = attention.look(eyes, Moment(scene((0.3, 0.4, 0.35, 0.55)), 0.2))

    assert by_x(found) == [0.3]
    assert whole.calls == 2


def test_noise_raises_what_counts_as_change():
    rng = np.random.default_rng(3)
    then = rng.normal(100, 4, (ROWS, COLUMNS)).astype(np.float32)
    now = rng.normal(100, 4, (ROWS, COLUMNS)).astype(np.float32)

    assert not changed_cells(now, then).any()


def test_a_region_grows_until_it_cuts_no_box():
    boxes = np.array([[0.1, 0.1, 0.3, 0.3], [0.28, 0.1, 0.5, 0.3], [0.8, 0.8, 0.9, 0.9]], np.float32)

    region = grown((0.0, 0.0, 0.15, 0.15), boxes)

    assert region == pytest.approx((0.0, 0.0, 0.5, 0.3))


@pytest.mark.parametrize("core", [(0.9, 0.9, 1.0, 1.0), (0.0, 0.2, 0.2, 1.0), (0.4, 0.45, 0.6, 0.55)])
def test_a_window_holds_what_it_must_and_stays_inside_the_picture(core):
    window = window_around(core, (640, 360))

    assert window is not None
    assert window[0] <= core[0] < core[2] <= window[2]
    assert window[1] <= core[1] < core[3] <= window[3]
    assert min(window) >= 0
    assert max(window) <= 1


def test_a_window_is_no_larger_than_it_must_be_and_comes_in_the_steps_of_the_model():
    tall = window_around((0.4, 0.05, 0.6, 0.95), (640, 360))
    small = window_around((0.5, 0.5, 0.51, 0.51), (640, 360))

    assert tall is not None
    assert ((tall[2] - tall[0]) * 640, (tall[3] - tall[1]) * 360) == pytest.approx((192, 352))
    assert small is not None
    assert ((small[2] - small[0]) * 640, (small[3] - small[1]) * 360) == pytest.approx((192, 192))


def test_a_window_of_nearly_the_whole_picture_is_none():
    assert window_around((0.0, 0.0, 0.9, 0.9), (640, 360)) is None


def test_bounds_hold_every_changed_cell():
    cells = np.zeros((ROWS, COLUMNS), np.bool_)
    cells[45, 80] = True

    x0, y0, x1, y1 = bounds(cells)

    assert x0 < 80 / COLUMNS < 81 / COLUMNS < x1
    assert y0 < 45 / ROWS < 46 / ROWS < y1

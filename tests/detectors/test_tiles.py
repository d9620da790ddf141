"""Tiles: an object that several tiles show, whole or cut, is reported once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from detectors.crop import Crop, inside
from detectors.detections import Detections
from detectors.picture import WHOLE, Picture
from detectors.tiles import TiledDetector, band, grid, joined
from tests.detectors.pictures import plain


class SharpEyes:
    """Knows what stands in the scene, and in each crop sees the visible part of what is large enough there."""

    labels = ("person", "car")

    def __init__(self, *scene: tuple[tuple[float, float, float, float], str], smallest: float = 0.0) -> None:
        self.scene, self.smallest, self.calls = scene, smallest, 0

    def detect(self, pictures: Sequence[Picture]) -> list[Detections]:
        self.calls += 1
        return [self._look(picture) for picture in pictures]

    def _look(self, picture: Picture) -> Detections:
        assert isinstance(picture, Crop)
        x0, y0, x1, y1 = picture.region
        found = []
        for (a, b, c, d), label in self.scene:
            box = [(a - x0) / (x1 - x0), (b - y0) / (y1 - y0), (c - x0) / (x1 - x0), (d - y0) / (y1 - y0)]
            seen = np.clip(box, 0, 1)
            if seen[2] - seen[0] > self.smallest and seen[3] - seen[1] > self.smallest:
                found.append((seen, label))
        boxes = np.array([seen for seen, _ in found], np.float32).reshape(-1, 4)
        return Detections(boxes, np.full(len(found), 0.8, np.float32), np.array([label for _, label in found], str))


def test_a_grid_covers_the_picture_and_neighbours_overlap():
    tiles = grid(3, 2, overlap=0.2)

    assert len(tiles) == 6
    assert min(t[0] for t in tiles) == 0 and max(t[2] for t in tiles) == 1
    assert min(t[1] for t in tiles) == 0 and max(t[3] for t in tiles) == 1
    assert tiles[0][2] - tiles[1][0] == pytest.approx(0.2 * (tiles[0][2] - tiles[0][0]))


def test_a_band_covers_only_the_horizon():
    tiles = band(0.2, 0.5, 2)

    assert {(t[1], t[3]) for t in tiles} == {(0.2, 0.5)}


def test_an_object_in_the_overlap_of_two_tiles_is_one():
    eyes = SharpEyes(((0.46, 0.3, 0.52, 0.4), "car"))

    (found,) = TiledDetector(eyes, grid(2, 1, overlap=0.3), whole=False).detect([plain(640, 360)])

    assert np.allclose(found.boxes, [[0.46, 0.3, 0.52, 0.4]], atol=1e-5)


def test_an_object_that_a_seam_cuts_is_joined_from_its_halves():
    eyes = SharpEyes(((0.3, 0.3, 0.7, 0.6), "car"))

    (found,) = TiledDetector(eyes, grid(2, 1, overlap=0.2), whole=False).detect([plain(640, 360)])

    assert np.allclose(found.boxes, [[0.3, 0.3, 0.7, 0.6]], atol=1e-5)


def test_an_object_on_the_crossing_of_four_tiles_is_joined_from_its_quarters():
    eyes = SharpEyes(((0.2, 0.2, 0.8, 0.8), "car"))

    (found,) = TiledDetector(eyes, grid(2, 2, overlap=0.2), whole=False).detect([plain(640, 360)])

    assert np.allclose(found.boxes, [[0.2, 0.2, 0.8, 0.8]], atol=1e-5)


def test_a_piece_of_what_the_whole_picture_shows_is_dropped():
    eyes = SharpEyes(((0.3, 0.1, 0.9, 0.9), "car"))

    (found,) = TiledDetector(eyes, grid(2, 1, overlap=0.2)).detect([plain(640, 360)])

    assert np.allclose(found.boxes, [[0.3, 0.1, 0.9, 0.9]], atol=1e-5)


def test_neighbours_of_one_label_and_others_stay_apart():
    scene = [((0.10, 0.1, 0.14, 0.2), "person"), ((0.12, 0.1, 0.16, 0.2), "person"), ((0.1, 0.1, 0.14, 0.2), "car")]
    eyes = SharpEyes(*scene)

    (found,) = TiledDetector(eyes, grid(2, 2)).detect([plain(640, 360)])

    assert len(found) == 3


def test_labels_that_are_alike_are_one_object_across_tiles():
    scene = [((0.1, 0.1, 0.2, 0.2), "car"), ((0.1, 0.1, 0.2, 0.2), "truck"), ((0.1, 0.1, 0.2, 0.2), "person")]
    whole, tile = SharpEyes(scene[0], scene[2]), SharpEyes(scene[1])

    found = joined(
        [*whole.detect([Crop(plain(64, 64), WHOLE)]), *tile.detect([Crop(plain(64, 64), (0.0, 0.0, 0.5, 0.5))])],
        [WHOLE, (0.0, 0.0, 0.5, 0.5)],
        {"car": "car", "truck": "car"},
    )

    assert sorted(found.labels.tolist()) == ["car", "person"]


def test_what_is_too_small_for_the_whole_picture_is_seen_in_a_tile():
    eyes = SharpEyes(((0.6, 0.6, 0.62, 0.62), "person"), smallest=0.03)

    (found,) = TiledDetector(eyes, grid(2, 2)).detect([plain(640, 360)])

    assert np.allclose(found.boxes, [[0.6, 0.6, 0.62, 0.62]], atol=1e-5)


def test_the_tiles_of_all_pictures_go_to_the_detector_together():
    eyes = SharpEyes(((0.1, 0.1, 0.2, 0.2), "car"))

    found = TiledDetector(eyes, grid(2, 2)).detect([plain(640, 360), plain(640, 360)])

    assert eyes.calls == 1
    assert [len(one) for one in found] == [1, 1]


def test_an_empty_scene_gives_nothing():
    (found,) = TiledDetector(SharpEyes(), grid(2, 2)).detect([plain(640, 360)])

    assert len(found) == 0


def test_a_tiled_detector_needs_something_to_look_at():
    with pytest.raises(ValueError, match="at least one tile"):
        TiledDetector(SharpEyes(), (), whole=False)


def test_a_crop_of_a_crop_is_a_part_of_the_picture():
    assert inside((0.5, 0.5, 1.0, 1.0), (0.5, 0.0, 1.0, 0.5)) == (0.75, 0.5, 1.0, 0.75)
    assert inside((0.2, 0.2, 0.4, 0.6), WHOLE) == pytest.approx((0.2, 0.2, 0.4, 0.6))


def test_a_crop_has_the_size_and_the_pixels_of_its_region():
    bgr = np.zeros((100, 200, 3), np.uint8)
    bgr[50:, 100:] = 255
    whole = plain(200, 100).of(bgr)

    crop = Crop(whole, (0.5, 0.5, 1.0, 1.0))

    assert (crop.width, crop.height) == (100, 50)
    assert crop.bgr().min() > 250
    assert crop.scaled(10, 5).shape == (5, 10, 3)
    assert crop.gray(10, 5).min() > 230

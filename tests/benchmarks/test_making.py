"""Footage with truth by construction: cutting out, pasting, re-timing, and a truth that reads back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.eval.truth import read_truths
from benchmarks.making.film import FPS, re_timed, stretch, write
from benchmarks.making.layers import at_place, cropped, pasted, plate, with_thing
from benchmarks.making.recipes import RECIPES, make
from common.config import ConfigError
from detectors.picture import Image


def road(square_x: int | None = None) -> Image:
    image = np.full((120, 160, 3), 90, np.uint8)
    if square_x is not None:
        image[60:90, square_x : square_x + 30] = (200, 40, 40)
    return image


MOVES = [road(x) for x in range(0, 130, 6)]


def test_the_median_of_a_drive_is_the_empty_road():
    assert np.array_equal(plate(MOVES), road())


def test_what_is_cut_out_can_be_put_onto_another_picture():
    car = at_place(road(60), road(), (75 / 160, 75 / 120))

    assert car is not None
    put = with_thing(road(), car)
    assert np.abs(put.astype(int) - road(60))[65:85, 65:85].max() <= 2
    assert np.array_equal(put[:40], road()[:40])


def test_where_nothing_stands_out_nothing_is_cut_out():
    assert at_place(road(60), road(), (0.1, 0.1), reach=0.05) is None


def test_a_thing_is_pasted_by_its_foot_and_height():
    car = at_place(road(60), road(), (0.47, 0.62))
    assert car is not None

    put = pasted(road(), car, (0.5, 0.5), 0.25)

    rows, columns = np.nonzero(put[..., 0] > 150)
    assert 60 - rows.min() == pytest.approx(30, abs=4) and rows.max() == pytest.approx(60, abs=3)
    assert columns.mean() == pytest.approx(80, abs=2)


def test_half_a_thing_is_pasted_where_the_picture_ends():
    car = at_place(road(60), road(), (0.47, 0.62))
    assert car is not None

    assert pasted(road(), car, (0.0, 0.5), 0.25)[50, 2, 0] > 150
    assert np.array_equal(pasted(road(), car, (3.0, 0.5), 0.25), road())


def test_a_crop_keeps_what_lies_within():
    car = at_place(road(60), road(), (0.47, 0.62))
    assert car is not None

    half = cropped(car, (0, 0, 75, 120))

    assert half.alpha[75, 70] > 0.9 and half.alpha[75, 80] == 0


def test_time_is_changed_by_repeating_and_leaving_out():
    assert len(re_timed(MOVES, 2.0)) == len(MOVES) // 2
    assert len(re_timed(MOVES, 0.5)) == len(MOVES) * 2
    assert re_timed(MOVES, -1.0)[0] is MOVES[-1]


def test_a_made_clip_reads_back_with_its_truth(tmp_path: Path):
    rules = [{"kind": "stopped_vehicle", "name": "stop", "zone": "lane"}]
    camera = {"zones": {"lane": [[0, 0.5], [1, 0.5], [1, 1]]}, "rules": rules}
    events = [{"kind": "stopped_vehicle", "start_s": 0.2, "zone": "lane"}]

    clip = write(tmp_path, "made_it", MOVES, camera, events, "a square")

    [(found, truth)] = read_truths(tmp_path, "events")
    assert found == clip and truth.truth_by is not None and "construction" in truth.truth_by
    assert len(stretch(clip, 0, len(MOVES) / FPS)) == len(MOVES)
    assert stretch(clip, 0, 4 / FPS)[0].shape == (120, 160, 3)


def test_recipes_whose_clips_are_missing_say_so(tmp_path: Path):
    assert dict(make(tmp_path, tmp_path / "out")) == dict.fromkeys(RECIPES)


def test_a_clip_that_is_too_short_is_named_with_what_is_needed(tmp_path: Path):
    (tmp_path / "counting").mkdir()
    short = write(tmp_path / "counting", "m6_video1", MOVES, {}, [], "less than a second of a motorway")

    with pytest.raises(ConfigError) as told:
        dict(make(tmp_path, tmp_path / "out", only="congestion"))

    assert str(told.value) == f"{short}: its last picture is at 0.8 s, and 0.0 to 16.0 s are needed"

"""Drawn plumes: where they are said to be, standing on their source, growing with age."""

from __future__ import annotations

import numpy as np
import pytest

from models.training.plumes import Plume, blend, opacity_of

DARK = np.full((240, 320, 3), 60, np.uint8)


def plume(**changes: object) -> Plume:
    usual = {
        "height_px": 80.0,
        "lean": 0.3,
        "spread": 0.5,
        "opacity": 0.8,
        "colour": (220.0, 220.0, 220.0),
        "haze": 0.1,
        "seed": 3,
    }
    return Plume(**(usual | changes))  # type: ignore[arg-type]


def test_the_box_holds_all_that_changed_clearly():
    painted, box = blend(DARK, plume(), (160, 200))

    changed = np.argwhere(np.abs(painted.astype(int) - DARK).mean(axis=2) > 20)[:, ::-1]
    assert box is not None
    assert np.all(changed >= np.array(box[:2]) - 1)
    assert np.all(changed <= np.array(box[2:]) + 1)


def test_it_stands_on_its_source_and_leans_with_the_wind():
    _, box = blend(DARK, plume(lean=1.0), (100, 200))

    assert box is not None
    assert box[3] == pytest.approx(200, abs=12)
    assert box[2] - 100 > 100 - box[0]


def test_it_grows_with_age():
    heights = [opacity_of(plume(), age)[0].shape[0] for age in (0.2, 0.5, 1.0)]

    assert sorted(set(heights)) == heights


def test_nothing_is_claimed_where_nothing_can_be_seen():
    like_the_air = plume(colour=(60.0, 60.0, 60.0))

    painted, box = blend(DARK, like_the_air, (160, 200))

    assert box is None
    assert painted is DARK


def test_a_plume_outside_the_picture_is_none():
    assert blend(DARK, plume(), (-900, 200))[1] is None


@pytest.mark.parametrize("seed", range(20))
def test_every_drawn_plume_lies_inside_the_picture(seed):
    rng = np.random.default_rng(seed)

    _, box = blend(DARK, Plume.drawn(rng, float(rng.uniform(8, 120))), (int(rng.uniform(0, 320)), 180))

    if box is not None:
        assert 0 <= box[0] < box[2] <= 320
        assert 0 <= box[1] < box[3] <= 240

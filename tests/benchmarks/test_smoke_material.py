"""Sequences out of stills: back in the order of time, fires that grow, nuisances without fire, cameras apart."""

from __future__ import annotations

import csv
from dataclasses import replace

import cv2
import numpy as np
import pytest

from benchmarks.eval.smoke_sequences import read_sequences
from benchmarks.smoke_material.fires import Fire
from benchmarks.smoke_material.make import Amount, halves, takes, write
from benchmarks.smoke_material.nuisances import NUISANCES, Scene
from benchmarks.smoke_material.order import in_order, seriate
from benchmarks.smoke_material.seen import distinctness, is_seen
from benchmarks.smoke_material.stills import read_groups
from common.config import ConfigError
from tests.edge.smoke.scenes import hill, with_patch


@pytest.fixture
def stills(tmp_path):
    """Two cameras, ten stills each in no order: the light fades, and from the seventh on smoke grows."""
    folder = tmp_path / "stills"
    for part in ("images", "labels"):
        (folder / part).mkdir(parents=True)
    rows = []
    for camera in ("a", "b"):
        for step, name in enumerate(np.random.default_rng(5).permutation(10)):
            image, stem = hill(step) * (1 - 0.03 * step), f"{camera}{name}"
            size = 0.02 * (step - 5)
            if step >= 6:
                image = with_patch(image, (0.5, 0.5 - size, 0.5 + size, 0.5))
                (folder / "labels" / f"{stem}.txt").write_text(f"0 0.5 0.5 {size} {size}\n")
            cv2.imwrite(str(folder / "images" / f"{stem}.jpg"), image.clip(0, 255).astype(np.uint8))
            rows.append({"image": f"{stem}.jpg", "camera": camera, "sequence": "S1", "status": str(step)})
    with (folder / "index.csv").open("w", newline="") as lines:
        writer = csv.DictWriter(lines, ["image", "camera", "sequence", "status"])
        writer.writeheader()
        writer.writerows(rows)
    return folder


def test_stills_come_back_in_the_order_of_time(stills):
    truth = {
        row["image"]: int(row["status"]) for row in csv.DictReader((stills / "index.csv").read_text().splitlines())
    }

    clear, smoky = in_order(read_groups(stills)[0])

    assert [0, 1, 2, 3, 4, 5] == [truth[still.file.name] for still in clear]
    assert [6, 7, 8, 9] == [truth[still.file.name] for still in smoky]


@pytest.mark.parametrize("count", [0, 1, 2, 5])
def test_few_or_equal_pictures_still_have_an_order(count):
    assert sorted(seriate(np.ones((count, 4)))) == list(range(count))


def test_a_drawn_fire_grows_on_its_place():
    rng = np.random.default_rng(3)
    fire = Fire.drawn(rng, 640, 0.42, faint=False)
    boxes = [fire.on(hill().astype(np.uint8), age_s, rng)[1] for age_s in (60.0, 600.0, 2400.0)]

    heights = [box[3] - box[1] for box in boxes if box is not None]
    assert heights == sorted(heights)
    assert len(heights) >= 2


@pytest.mark.parametrize("name", sorted(NUISANCES))
def test_every_nuisance_keeps_the_picture_s_shape_and_is_the_same_again(name):
    view, scene = hill().clip(0, 255).astype(np.uint8), Scene(0.42, 7, 60.0)

    once, again = (NUISANCES[name](view, 5, 20, scene, np.random.default_rng(1)) for _ in range(2))

    assert (view.shape, np.uint8) == (once.shape, once.dtype)
    assert np.array_equal(once, again)


def test_what_is_written_is_read_as_sequences_with_ignition_and_tags(stills, tmp_path):
    amount = Amount(fires=1, nuisances=1, clear_looks=4, burning_looks=4)
    for take in takes(read_groups(stills), amount, seed=1):
        write(take, tmp_path / "made")

    made = {sequence.name: sequence for sequence in read_sequences(tmp_path / "made")}

    assert {"stills", "real_fire"} <= set(made["a_S1_real_fire"].tags)
    assert 6 == sum(t < made["a_S1_real_fire"].ignition_s for t in made["a_S1_real_fire"].times_s)
    quiet = [one for one in made.values() if "nuisance" in one.tags]
    assert [None, None] == [one.ignition_s for one in quiet]


def test_no_camera_is_in_both_halves(stills):
    assert {"a": "development", "b": "check"} == halves(read_groups(stills))


def test_a_folder_without_an_index_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"index\.csv: missing"):
        read_groups(tmp_path)


@pytest.mark.parametrize(
    ("side", "brighter", "seen"), [(30, 40, True), (10, 40, False), (30, 1, False)], ids=["plain", "tiny", "faint"]
)
def test_a_plume_counts_as_seen_where_people_would_have_labelled_it(side, brighter, seen):
    view = hill().clip(0, 200)
    view[200 : 200 + side, 300 : 300 + side] += brighter

    box = (300 / 640, 200 / 360, (300 + side) / 640, (200 + side) / 360)
    assert seen is is_seen(view.astype(np.uint8), box)


def test_a_box_as_wide_as_the_picture_has_nothing_beside_it():
    assert 0 == distinctness(hill().clip(0, 255).astype(np.uint8), (0.0, 0.3, 1.0, 0.6))


def test_a_fire_that_nobody_would_see_leaves_the_picture_as_it_is():
    rng = np.random.default_rng(3)
    fire = Fire.drawn(rng, 640, 0.42, faint=False)
    hidden = replace(fire, plume=replace(fire.plume, haze=1.0, opacity=0.3))
    view = hill().clip(0, 255).astype(np.uint8)

    painted, box = hidden.seen_on(view, 600.0, rng)

    assert box is None
    assert np.array_equal(view, painted)

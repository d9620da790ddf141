"""Training crops: boxes stay on what they name through zoom, mirror and stretch."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from models.errors import ModelError
from models.training.crops import CropMaker
from models.training.pictures import Labelled, read_part
from models.training.recipe import Mix, Part, Recipe


def recipe(folder: Path, **mix: float) -> Recipe:
    shares = dict.fromkeys(Mix.model_fields, 0.0) | mix
    parts = (Part(folder=folder, range="far"),)
    return Recipe(parts=parts, start="smoke", mix=Mix(**shares), scale=(0.8, 1.6))


def white_square(camera: str = "a") -> Labelled:
    """Return a dark view with a white square that is the only thing labelled."""
    pixels = np.full((480, 640, 3), 40, np.uint8)
    pixels[200:260, 300:380] = 250
    return Labelled("one", camera, pixels, np.array([[300, 200, 380, 260]], np.float32), np.array([0]))


def test_boxes_stay_on_what_they_name(tmp_path):
    maker = CropMaker(recipe(tmp_path, far=1.0), [white_square()], [], [])

    for _ in range(40):
        crop = maker.draw()
        bright = np.argwhere(crop.pixels.mean(axis=2) > 0.75 * crop.pixels.max())[:, ::-1]
        (x0, y0, x1, y1) = crop.boxes[0] * [320, 256, 320, 256]
        assert np.median(bright, axis=0) == pytest.approx([(x0 + x1) / 2, (y0 + y1) / 2], abs=4)


def test_a_view_without_smoke_gives_crops_without_boxes(tmp_path):
    clear = Labelled("clear", "a", white_square().pixels, np.zeros((0, 4), np.float32), np.zeros(0, np.int64))
    maker = CropMaker(recipe(tmp_path, far_anywhere=1.0), [clear], [], [])

    assert all(len(maker.draw().boxes) == 0 for _ in range(10))


def test_drawn_plumes_are_labelled_smoke(tmp_path):
    clear = Labelled("clear", "a", white_square().pixels, np.zeros((0, 4), np.float32), np.zeros(0, np.int64))
    maker = CropMaker(recipe(tmp_path, synthetic=1.0), [clear], [], [])

    crops = [maker.draw() for _ in range(30)]

    assert sum(len(crop.boxes) for crop in crops) > 10
    assert {0} == {int(label) for crop in crops for label in crop.classes}


def test_the_same_seed_draws_the_same_crops(tmp_path):
    first, second = (CropMaker(recipe(tmp_path, far=1.0), [white_square()], [], []).draw() for _ in range(2))

    assert np.array_equal(first.pixels, second.pixels)


def test_cameras_are_held_out_whole(tmp_path):
    write_set(tmp_path, {"a.jpg": "A", "b.jpg": "B", "c.jpg": "B"})

    train, held = read_part(Part(folder=tmp_path, range="far", hold_out=frozenset({"B"})))

    assert (["a.jpg"], ["b.jpg", "c.jpg"]) == ([i.name for i in train], [i.name for i in held])


def test_pictures_are_held_out_by_name_where_no_index_names_cameras(tmp_path):
    write_set(tmp_path, {"yard_1.jpg": "A", "road_1.jpg": "A"})
    (tmp_path / "index.csv").unlink()

    train, held = read_part(Part(folder=tmp_path, range="near", hold_out_files=("road_*",)))

    assert (["yard_1.jpg"], ["road_1.jpg"]) == ([i.name for i in train], [i.name for i in held])


def test_wide_steps_have_a_quarter_of_the_crops_and_boxes_stay_in_place(tmp_path):
    shares = dict.fromkeys(Mix.model_fields, 0.0) | {"far": 1.0}
    wide = recipe(tmp_path).model_copy(update={"wide_share": 1.0, "mix": Mix(**shares)})

    batch = CropMaker(wide, [white_square()], [], []).batch()

    assert [(512, 640, 3)] * 4 == [crop.pixels.shape for crop in batch]
    for crop in (one for one in batch if len(one.boxes)):
        (x0, y0, x1, y1) = crop.boxes[0] * [640, 512, 640, 512]
        inside = crop.pixels[int(y0) + 2 : int(y1) - 1, int(x0) + 2 : int(x1) - 1]
        assert inside.mean() > crop.pixels.mean()


def test_crops_are_drawn_around_what_the_network_took_for_smoke(tmp_path):
    clear = Labelled("clear", "a", white_square().pixels, np.zeros((0, 4), np.float32), np.zeros(0, np.int64))
    maker = CropMaker(recipe(tmp_path, hard=1.0), [clear], [], [])

    found = maker.search_hard(lambda pixels: np.array([[300, 200, 380, 260]], np.float32))
    crops = [maker.draw() for _ in range(10)]

    assert 1 == found
    assert all(crop.pixels.max() > 2.0 * np.median(crop.pixels) for crop in crops)
    assert not any(len(crop.boxes) for crop in crops)


def test_a_wrong_label_names_file_and_line(tmp_path):
    write_set(tmp_path, {"a.jpg": "A"})
    (tmp_path / "labels" / "a.txt").write_text("0 0.5 0.5 0.1 0.1\n7 0.5 0.5 0.1 0.1\n")

    with pytest.raises(ModelError, match=r"a\.txt:2"):
        read_part(Part(folder=tmp_path, range="far"))


def write_set(folder: Path, cameras: dict[str, str]) -> None:
    for name in ("images", "labels"):
        (folder / name).mkdir()
    for name in cameras:
        cv2.imwrite(str(folder / "images" / name), np.full((48, 64, 3), 90, np.uint8))
        (folder / "labels" / name).with_suffix(".txt").write_text("0 0.5 0.5 0.25 0.25\n")
    rows = "".join(f"{name},{camera},S1,x\n" for name, camera in cameras.items())
    (folder / "index.csv").write_text("image,camera,sequence,status\n" + rows)

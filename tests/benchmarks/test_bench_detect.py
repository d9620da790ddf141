"""`ioc bench detect`: one row per model and number of threads, with the contract's keys and figures that agree."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.detect import bench_detect, some_pictures
from models.card import find_card
from models.errors import ModelError
from models.store import ensure


@pytest.fixture
def clip(shared_data: Path) -> Path:
    try:
        ensure(find_card("yolox-nano"))
    except ModelError as error:
        pytest.skip(f"the weights of yolox-nano cannot be had here: {error}")
    return shared_data / "clips" / "otanalytics_cars_cyclist.mp4"


def test_each_model_has_a_row_for_each_number_of_threads(clip: Path):
    result = bench_detect(["yolox-nano"], clip, seconds=0.3, threads=(1, 2))

    assert [(row["name"], row["threads"]) for row in result["results"]] == [("yolox-nano", 1), ("yolox-nano", 2)]
    for row in result["results"]:
        assert row["input"] == "416x320"
        assert row["fps"] <= row["model_fps"]
        assert row["ms"]["p50"] <= row["ms"]["p95"]
        assert row["steps_ms"]["model"] <= row["ms"]["p95"]


def test_pictures_are_spread_over_the_clip(clip: Path):
    pictures = some_pictures(clip, 5)

    assert len(pictures) == 5
    assert {(picture.width, picture.height) for picture in pictures} == {(800, 600)}

"""`ioc train` from pictures to a card, judged and in 8 bits (where torch is installed)."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from models.card import find_card
from models.store import read_checked


@pytest.mark.filterwarnings("ignore")
@pytest.mark.timeout(600)
def test_one_command_makes_a_judged_model_of_own_pictures(tmp_path, monkeypatch):
    for module in ("torch", "ultralytics"):
        pytest.importorskip(module, reason="the extra 'train' is not installed")
    from ioc.training import train_model
    from models.training.recipe import Recipe

    monkeypatch.setenv("YOLO_CONFIG_DIR", str(tmp_path))
    write_hills(tmp_path / "hills")
    part = {"folder": tmp_path / "hills", "range": "far", "hold_out": ["B"], "terms": "ours"}
    recipe = Recipe.model_validate(
        {"parts": [part], "steps": 2, "check_every": 1, "batch": 4, "mine": 1, "threads": 1, "calibration": 16}
    )

    result = train_model(recipe, tmp_path / "run", name="own", version="1", licence="CC0-1.0", tell=lambda row: None)

    card = find_card("own", tmp_path / "run")
    assert read_checked(card, Path(result["weights"]))
    assert "ours" in card.terms
    assert card.quality["smoke_map50"] == result["figures"]["smoke_map50"]
    assert 2 == len((tmp_path / "run" / "figures.jsonl").read_text().splitlines())
    assert 10 == json.loads((tmp_path / "run" / "report" / "report.json").read_text())["pictures"]
    assert {"name", "refused"} & result["int8"].keys()


def write_hills(folder: Path) -> None:
    """Twenty views of two cameras, each with a grey plume on a green hill."""
    for part in ("images", "labels"):
        (folder / part).mkdir(parents=True)
    rng, rows = np.random.default_rng(0), ["image,camera"]
    for index in range(20):
        view = np.full((240, 320, 3), (40, 90, 50), np.uint8)
        view[:100] = (220, 180, 150)
        x = int(rng.integers(20, 260))
        view[60:140, x : x + 40] = cv2.GaussianBlur(rng.integers(120, 255, (80, 40, 3), np.uint8), (0, 0), 4)
        cv2.imwrite(str(folder / "images" / f"{index}.jpg"), view)
        (folder / "labels" / f"{index}.txt").write_text(f"0 {(x + 20) / 320} {100 / 240} {40 / 320} {80 / 240}\n")
        rows.append(f"{index}.jpg,{'AB'[index % 2]}")
    (folder / "index.csv").write_text("\n".join(rows) + "\n")

"""One run: pictures → network → checkpoints → ONNX. `ioc train` calls it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from models.card import find_card
from models.store import ensure
from models.training.blend import blend
from models.training.check import to_planes
from models.training.crops import CropMaker
from models.training.export import export
from models.training.loop import train, write_row
from models.training.network import for_our_labels, prepare_torchvision, started_from
from models.training.pictures import Labelled, read_part
from models.training.recipe import Recipe

CALIBRATION_CROPS = 48  # enough for the mean and variance of each channel to 2–3 %


@dataclass(frozen=True, slots=True)
class Trained:
    """weights: the ONNX file.   held: what was kept for figures, empty where nothing was.   figures: the last check."""

    weights: Path
    held: Sequence[Labelled]
    figures: dict[str, Any]


def run(recipe: Recipe, folder: Path, tell: Callable[[dict[str, Any]], None]) -> Trained:
    """Train as `recipe` says, keeping everything under `folder`."""
    import torch

    torch.manual_seed(recipe.seed)
    registered = prepare_torchvision()
    folder.mkdir(parents=True, exist_ok=True)
    maker, held = crop_maker(recipe)
    calibration = np.stack([to_planes(maker.draw().pixels) for _ in range(CALIBRATION_CROPS)])
    model = for_our_labels(started_from(_file_of(recipe.start), calibration))
    rows: list[dict[str, Any]] = []

    def tell_and_write(row: dict[str, Any]) -> None:
        rows.append(row)
        write_row(folder / "figures.jsonl", row)
        tell(row)

    best = train(model, maker, held, recipe, folder, tell_and_write)
    del registered
    weights = export(best, folder / "trained.onnx")
    if recipe.blend:
        blend(_file_of(recipe.start), weights, recipe.blend)
    return Trained(weights, held, rows[-1] if rows else {})


def _file_of(start: str) -> Path:
    return Path(start) if start.endswith(".onnx") else ensure(find_card(start))


def crop_maker(recipe: Recipe) -> tuple[CropMaker, list[Labelled]]:
    """Return (what draws the training crops, the held-out pictures)."""
    pools: dict[str, list[Labelled]] = {"far": [], "near": [], "empty": []}
    held: list[Labelled] = []
    for part in recipe.parts:
        train_on, kept = read_part(part)
        pools[part.range] += train_on
        held += kept
    return CropMaker(recipe, pools["far"], pools["near"], pools["empty"]), held

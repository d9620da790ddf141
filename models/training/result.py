"""The card that a training run writes beside its weights: how they are fed and read, and how good they were."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from models.training.export import SIZE, sha256_of
from models.training.recipe import LABELS, Recipe

NO_TERMS = "Trained on the pictures that the recipe names: their terms hold for these weights too."
OVERLAP = 0.5  # plumes lie beside each other, hardly ever behind: of two boxes that share half, one is a repeat


def write_card(
    weights: Path, folder: Path, *, name: str, version: str, licence: str, terms: str, figures: Mapping[str, Any]
) -> Path:
    """Write `NAME.yaml` and `NAME.onnx` into `folder` and return the card; `ioc` finds both by `models_dir: FOLDER`.

    terms: whose pictures these weights come from and what they allow. `figures` become the card's quality, and its
    "confidence" the threshold from which a box is believed.
    """
    shipped = folder / f"{name}.onnx"
    if weights != shipped:
        weights.replace(shipped)
    high = float(figures.get("confidence", 0.25))
    card = {
        "name": name,
        "version": version,
        "sha256": sha256_of(shipped),
        "licence": licence,
        "terms": terms or NO_TERMS,
        "classes": list(LABELS),
        "input": {"width": SIZE[0], "height": SIZE[1], "order": "rgb", "reshape": True},
        "layout": "yolov8",
        "thresholds": {"low": round(min(0.1, high / 2), 3), "high": round(high, 3), "overlap": OVERLAP},
        "recipe": {"command": "ioc train RECIPE --into FOLDER"},
        "quality": {key: value for key, value in figures.items() if isinstance(value, int | float | str)},
    }
    file = folder / f"{name}.yaml"
    file.write_text(yaml.safe_dump(card, sort_keys=False, allow_unicode=True), encoding="utf-8")
    return file


def terms_of(recipe: Recipe) -> str:
    """Return what the card says of the pictures: the terms of each part, in the recipe's order."""
    told = [f"{part.folder.name} ({part.terms})" for part in recipe.parts if part.terms]
    return f"Trained on {'; '.join(told)}." if told else ""

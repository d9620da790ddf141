"""`ioc train`: from a province's own labelled pictures to a smoke model and its card. Needs the extra `train`."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Annotated, Any

import typer

from ioc.output import UserMistake, emit, err, out

NEEDED = ("torch", "ultralytics", "onnx")


def register(app: typer.Typer) -> None:
    """Add `ioc train`."""
    app.command()(train)


def train(
    recipe: Annotated[Path, typer.Argument(help="YAML file: parts (folders of pictures), start, steps or minutes")],
    into: Annotated[Path, typer.Option(help="folder for checkpoints, weights and card; an interrupted run goes on")],
    name: Annotated[str, typer.Option(help="name on the model card")] = "smoke",
    version: Annotated[str, typer.Option(help="version on the model card")] = "own",
    licence: Annotated[str, typer.Option(help="licence of these weights: follows from your pictures'")] = "not stated",
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """Train the smoke and flame detector: pictures in, ONNX and model card out. Uses a GPU where there is one."""
    missing = [module for module in NEEDED if importlib.util.find_spec(module) is None]
    if missing:
        raise UserMistake(f"training needs {', '.join(missing)}: pip install 'ioc-edge[train]'")
    from common.config import read_config
    from ioc.training import train_model
    from models.errors import ModelError
    from models.training.recipe import Recipe

    wanted = read_config(recipe, Recipe)
    try:
        result = train_model(wanted, into, name=name, version=version, licence=licence, tell=_told)
    except ModelError as error:
        raise UserMistake(str(error)) from error
    emit(result, as_json, lambda found: out.print(found))


def _told(row: dict[str, Any]) -> None:
    err.print(", ".join(f"{key} {value}" for key, value in row.items()))

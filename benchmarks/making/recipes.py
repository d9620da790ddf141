"""Every recipe by its name, and making those whose real clips are there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, TypeAlias

from benchmarks.making import motorways, roads
from rtsp.errors import SourceError

Recipe: TypeAlias = Callable[[Path, Path], Path]

RECIPES: Final[dict[str, Recipe]] = {
    "stopped_vehicle": roads.stopped_vehicle,
    "pedestrian_on_road": roads.pedestrian_on_road,
    "obstacle": roads.obstacle,
    "removed_object": roads.removed_object,
    "street": roads.as_filmed,
    "speeding": motorways.speeding,
    "congestion": motorways.congestion,
    "congestion_uncalibrated": motorways.congestion_uncalibrated,
    "wrong_way": motorways.wrong_way,
    "motorway": motorways.as_filmed,
}


def make(data: Path, folder: Path, only: str | None = None) -> Iterator[tuple[str, Path | None]]:
    """Yield (recipe, clip) as each is made; None where its real clips are not under `data`."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, recipe in RECIPES.items():
        if only is not None and name != only:
            continue
        try:
            yield name, recipe(data, folder)
        except (SourceError, FileNotFoundError):
            yield name, None

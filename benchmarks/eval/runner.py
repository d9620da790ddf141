"""Take a data set's clips one after another through the product, with a progress bar and one detector for all."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from benchmarks.eval.clips import Detect, Watched, watch
from benchmarks.eval.truth import Truth
from common.config import ConfigError
from common.machine import machine_facts
from detectors.detections import Detections
from detectors.detector import Detector
from detectors.load import load_detector
from detectors.lorries import LazyLorryCheck
from detectors.picture import Picture
from edge.config import InferenceSettings, ViewSettings
from edge.rules import CATALOG
from edge.small_objects import through_tiles
from edge.smoke.sight import load_far_sight
from models.card import find_card
from models.store import ensure
from rtsp.file_source import frames


class ClipRunner:
    """Runs every clip of which something is known to be true."""

    def __init__(
        self,
        truths: Sequence[tuple[Path, Truth]],
        *,
        only: str = "*",
        model: str,
        looks_per_s: float | None = None,
    ) -> None:
        self._truths = [(clip, truth) for clip, truth in truths if fnmatch.fnmatch(Path(truth.clip).name, only)]
        if not self._truths:
            names = ", ".join(clip.name for clip, _ in truths)
            raise ConfigError(f"no clip is called like {only!r}; there are: {names}")
        self._looks_per_s = looks_per_s
        self._models = {"objects": model, "smoke": "smoke"}
        self._loaded: dict[str, Detector] = {}
        self._lorries = LazyLorryCheck()

    @property
    def clips(self) -> dict[str, Path]:
        """Where each clip is, by its name."""
        return {clip.name: clip for clip, _ in self._truths}

    @property
    def facts(self) -> dict[str, Any]:
        models = {sense: self._models[sense] for sense in sorted(self._loaded)}
        return {"models": models, "looks_per_s": self._looks_per_s or InferenceSettings().looks_per_s}

    @property
    def machine(self) -> dict[str, object]:
        return machine_facts()

    def run(self) -> Iterator[tuple[str, Truth, Watched]]:
        """Yield (name of the clip, its truth, what the camera had to tell), clip by clip."""
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=Console(stderr=True)) as progress:
            bar = progress.add_task("", total=len(self._truths))
            for clip, truth in self._truths:

                def show(time_s: float, name: str = clip.name) -> None:
                    progress.update(bar, description=f"{name} {time_s:.0f} s")

                moments, detect = frames(clip, truth.camera.id), self._detectors(truth)
                watched = watch(
                    truth.camera,
                    moments,
                    detect,
                    lorries=self._lorries,
                    looks_per_s=self._looks_per_s,
                    advance=show,
                )
                progress.advance(bar)
                yield clip.name, truth, watched

    def views(self) -> Iterator[tuple[Path, ViewSettings, Mapping[str, Detect]]]:
        """Yield each clip's file, what its camera watches for, and the detectors for that."""
        for clip, truth in self._truths:
            yield clip.resolve(), truth.camera, self._detectors(truth)

    def _detectors(self, truth: Truth) -> dict[str, Detect]:
        rules = [CATALOG[rule.kind] for rule in truth.camera.rules]  # type: ignore[attr-defined]
        senses = {sense for rule in rules for sense in (rule.sense, *rule.also)} & set(self._models)
        return {sense: self._detect(sense, truth.camera.tiles if sense == "objects" else None) for sense in senses}

    def _detect(self, sense: str, tiles: tuple[int, int] | None) -> Detect:
        name = self._models[sense]
        if sense not in self._loaded:
            card = find_card(name)
            load = load_far_sight if sense == "smoke" else load_detector
            self._loaded[sense] = load(card, ensure(card))
        loaded = self._loaded[sense]
        detector = through_tiles(loaded, tiles) if tiles else loaded

        def look(picture: Picture) -> Detections:
            return detector.detect([picture])[0]

        return look

"""The models of one box: chosen by its configuration, loaded when first needed, and what became of them."""

from __future__ import annotations

from collections.abc import Callable, MutableMapping

import psutil

from detectors.detector import Detector
from edge.attention import load_eyes
from edge.config import InferenceSettings
from edge.inference import Detectors
from edge.lazy_detector import LazyDetector
from edge.rules.base import Sense
from edge.smoke.sight import load_far_sight
from models.card import find_card
from models.precision import choose
from models.store import ensure
from mqtt.event import ModelRef
from mqtt.wire import ModelHealth


class ModelRoom:
    """Hands each worker its detectors. A model that cannot be had leaves its sense blind, and is tried again."""

    def __init__(self, settings: InferenceSettings, health: MutableMapping[str, ModelHealth]) -> None:
        """`health` is kept up to date with the models that have been loaded, by sense."""
        self._settings = settings
        self._health = health
        self._loaded: dict[Sense, ModelRef] = {}

    def sets(self) -> list[Detectors]:
        """Return each worker's detectors: its own for objects, and the one for smoke that all share.

        Smoke is looked at a few times a minute, with far larger inputs: workers take turns, and memory is spent once.
        """
        smoke = LazyDetector(self._loader("smoke", self._settings.smoke_model))
        return [
            {"objects": LazyDetector(self._loader("objects", self._settings.model)), "smoke": smoke}
            for _ in range(self._workers())
        ]

    def loaded(self, sense: Sense) -> ModelRef | None:
        """Return the model that a sense looks through; None for a sense without one, and before it is loaded."""
        return self._loaded.get(sense)

    def refresh(self) -> list[str]:
        """Fetch the models that are named in the configuration, where they are missing. Raises ModelError."""
        names = sorted({self._settings.model, self._settings.smoke_model})
        for name in names:
            ensure(find_card(name, self._settings.models_dir), self._settings.models_dir)
        return names

    def _workers(self) -> int:
        """One worker for each core on CPUs, where a model runs best on one thread; one worker for an accelerator."""
        if self._settings.providers[0] != "cpu":
            return 1
        return self._settings.threads or len(psutil.Process().cpu_affinity() or [0])

    def _loader(self, sense: Sense, name: str) -> Callable[[], Detector]:
        settings = self._settings

        def load() -> Detector:
            card = find_card(name, settings.models_dir)
            chosen = choose(card, settings.precision, providers=settings.providers, models_dir=settings.models_dir)
            card = chosen.card
            self._loaded[sense] = ModelRef(name=card.name, version=card.version, sha256=card.sha256)
            self._health[sense] = ModelHealth(name=card.name, version=card.version, why=chosen.why_not_int8)
            threads = 1 if settings.providers[0] == "cpu" else 0
            loader = load_far_sight if sense == "smoke" else load_eyes
            return loader(card, chosen.path, providers=settings.providers, threads=threads)

        return load

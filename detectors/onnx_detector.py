"""A detector made of a session, a letterbox, an output layout and a suppressor."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from detectors.detections import Detections
from detectors.layout import Candidates, Layout
from detectors.letterbox import Letterbox, Placement
from detectors.picture import Picture
from detectors.sizes import Size
from detectors.suppress import NEVER, Suppressor
from models.card import ModelCard
from models.errors import ModelError
from models.session import Session


class OnnxDetector:
    """Finds objects with one ONNX model of one input size. Safe to share between threads; they take turns."""

    def __init__(
        self,
        card: ModelCard,
        session: Session,
        layout: Layout,
        letterbox: Letterbox,
        batch: int,
        buffer: npt.NDArray[np.float32] | None = None,
    ) -> None:
        """`buffer`: (batch, 3, height, width) to fill; its own when None."""
        self._card, self._session, self._layout, self._letterbox = card, session, layout, letterbox
        self._labels = np.array(card.classes)
        self._suppress = Suppressor(
            card.classes,
            overlap=card.thresholds.overlap if layout.repeats else NEVER,
            alike=card.alike,
            alike_overlap=card.thresholds.alike_overlap,
        )
        self._buffer = letterbox.empty(batch) if buffer is None else buffer
        self._turn = threading.Lock()

    @property
    def labels(self) -> tuple[str, ...]:
        return self._card.classes

    @property
    def size(self) -> Size:
        """Width and height of the model's input in pixels."""
        return self._letterbox.size

    @property
    def providers(self) -> list[str]:
        """What it really runs on, first choice first."""
        return self._session.providers

    def detect(self, pictures: Sequence[Picture], *, floor: float | None = None) -> list[Detections]:
        """Return what scores at least `floor` (the card's `low` when None) in each picture. Raises `ModelError`."""
        found: list[Detections] = []
        with self._turn:
            for start in range(0, len(pictures), len(self._buffer)):
                found += self._batch(pictures[start : start + len(self._buffer)], floor)
        return found

    def warm_up(self) -> None:
        """Run on grey until memory is planned and kernels are chosen; refuse a model whose output cannot be read."""
        outputs = self.infer(len(self._buffer))
        mistake = self._layout.mistake([output.shape for output in outputs])
        if mistake is not None:
            shapes = ", ".join(str(output.shape) for output in outputs)
            raise ModelError(f"{self._card.name}: layout {self._layout.kind}: {mistake}, the model gives {shapes}")
        self.infer(len(self._buffer))

    # The three steps of `detect`, apart for measuring; they share one buffer, so only one caller may use them.

    def fill(self, pictures: Sequence[Picture]) -> list[Placement]:
        """Scale `pictures` into the input and return where they lie."""
        return [self._letterbox.fill(self._buffer[i], picture) for i, picture in enumerate(pictures)]

    def infer(self, pictures: int) -> list[npt.NDArray[Any]]:
        """Return the model's outputs for the first so many pictures of the input."""
        others = self._layout.others(pictures)
        wanted = {name: value for name, value in others.items() if name in self._session.input_names}
        return self._session.run(self._buffer[:pictures], **wanted)

    def finish(
        self, outputs: Sequence[npt.NDArray[Any]], places: Sequence[Placement], floor: float | None = None
    ) -> list[Detections]:
        """Return what the outputs mean in each picture."""
        read = self._layout.read(outputs, self._card.thresholds.low if floor is None else floor)
        return [self._finished(one, place) for one, place in zip(read, places, strict=True)]

    def _batch(self, pictures: Sequence[Picture], floor: float | None) -> list[Detections]:
        places = self.fill(pictures)
        return self.finish(self.infer(len(pictures)), places, floor)

    def _finished(self, candidates: Candidates, place: Placement) -> Detections:
        kept = self._suppress(candidates)
        return Detections(place.shares(kept.boxes), kept.scores, self._labels[kept.classes])

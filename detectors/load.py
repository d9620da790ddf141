"""From a model card and its weights file to a detector that is ready to look."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import detectors.layouts
from common.catalog import load_catalog
from detectors.any_size import AnySizeDetector
from detectors.fitted import FittedDetector
from detectors.layout import Layout
from detectors.letterbox import Letterbox
from detectors.onnx_detector import OnnxDetector
from detectors.sizes import Size, fitting
from models.card import ModelCard
from models.errors import ModelError
from models.reshape import freed, reshaped
from models.session import Provider, Session, SessionSettings
from models.store import read_checked

WIDE: Size = (1920, 1080)  # what most cameras send


def load_detector(
    card: ModelCard,
    path: Path,
    *,
    providers: Sequence[Provider] = ("cpu",),
    threads: int = 0,
    batch: int = 1,
    spinning: bool = False,
    longest: int | None = None,
    expected: Sequence[Size] = (WIDE,),
) -> OnnxDetector | FittedDetector:
    """Return a warmed-up detector. Raises `ModelError`: wrong hash, corrupt, or not what the card says.

    Where the card says that the graph may be rewritten, each picture is looked at in the input size of its own shape,
    `longest` pixels on its longer side (the card's when None), and `expected` picture sizes are made ready now.
    """
    maker = _Maker(card, read_checked(card, path), SessionSettings(tuple(providers), threads, spinning), batch)
    if not card.input.reshape:
        if longest not in {None, card.input.width}:
            raise ModelError(f"{card.name}: its input is fixed at {card.input.width}x{card.input.height}")
        return maker.as_it_is()
    return FittedDetector(maker.of_size, longest or max(card.input.width, card.input.height), expected)


def load_any_size(
    card: ModelCard, path: Path, *, threads: int = 0, expected: Sequence[Size] = (WIDE,)
) -> AnySizeDetector | None:
    """Return a detector for CPUs that looks at windows of any size, or None where the graph serves one size only.

    Raises `ModelError` as `load_detector` does.
    """
    maker = _Maker(card, read_checked(card, path), SessionSettings(("cpu",), threads), 1)
    free = freed(card.name, maker.content) if card.input.reshape else None
    if free is None:
        return None
    longest = max(card.input.width, card.input.height)
    side = fitting(longest, longest, longest)[0]
    memory = np.empty(3 * side * side, np.float32)  # no picture and no window takes more than a square
    session = Session(card.name, free, maker.settings)

    def build(size: Size) -> OnnxDetector:
        width, height = size
        buffer = memory[: 3 * width * height].reshape(1, 3, height, width)
        return OnnxDetector(card, session, _layout(card, size), Letterbox(card.input, *size), 1, buffer)

    return AnySizeDetector(build, longest, expected)


@dataclass(frozen=True, slots=True)
class _Maker:
    card: ModelCard
    content: bytes
    settings: SessionSettings
    batch: int

    def as_it_is(self) -> OnnxDetector:
        return self._detector(self.content, (self.card.input.width, self.card.input.height))

    def of_size(self, size: Size) -> OnnxDetector:
        return self._detector(reshaped(self.card.name, self.content, *size), size)

    def _detector(self, content: bytes, size: Size) -> OnnxDetector:
        layout = _layout(self.card, size)
        session = Session(self.card.name, content, self.settings)
        shape = session.input_shape
        if len(shape) != 4 or shape[2] not in {None, size[1]} or shape[3] not in {None, size[0]}:
            raise ModelError(f"{self.card.name}: its input is {shape}, but the card says {size[0]}x{size[1]}")
        detector = OnnxDetector(self.card, session, layout, Letterbox(self.card.input, *size), shape[0] or self.batch)
        detector.warm_up()
        return detector


def _layout(card: ModelCard, size: Size) -> Layout:
    catalog = load_catalog(detectors.layouts, Layout)  # type: ignore[type-abstract]
    if card.layout not in catalog:
        raise ModelError(f"{card.name}: there is no layout {card.layout!r}; there are: {', '.join(sorted(catalog))}")
    return catalog[card.layout](len(card.classes), *size)

"""From a model card and its weights file to a detector that is ready to look."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import detectors.layouts
from common.catalog import load_catalog
from detectors.layout import Layout
from detectors.letterbox import Letterbox
from detectors.onnx_detector import OnnxDetector
from models.card import ModelCard
from models.errors import ModelError
from models.session import Provider, Session, SessionSettings
from models.store import read_checked


def load_detector(
    card: ModelCard,
    path: Path,
    *,
    providers: Sequence[Provider] = ("cpu",),
    threads: int = 0,
    batch: int = 1,
    spinning: bool = False,
) -> OnnxDetector:
    """Return a warmed-up detector. Raises `ModelError`: wrong hash, corrupt, or not what the card says."""
    catalog = load_catalog(detectors.layouts, Layout)  # type: ignore[type-abstract]
    if card.layout not in catalog:
        raise ModelError(f"{card.name}: there is no layout {card.layout!r}; there are: {', '.join(sorted(catalog))}")
    session = Session(card.name, read_checked(card, path), SessionSettings(tuple(providers), threads, spinning))
    width, height = card.input.width, card.input.height
    if session.input_shape[0] is not None:
        batch = session.input_shape[0]
    layout = catalog[card.layout](len(card.classes), width, height)
    detector = OnnxDetector(card, session, layout, Letterbox(card.input, width, height), batch)
    detector.warm_up()
    return detector

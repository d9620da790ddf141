"""A second opinion on what the detector calls a bus: is it a lorry?"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from detectors.letterbox import Letterbox
from detectors.picture import Picture, Region
from models.card import ModelCard, find_card
from models.errors import ModelError
from models.session import Session, SessionSettings
from models.store import ensure, read_checked

log = logging.getLogger(__name__)

CARD: Final = "lorry"
LAYOUT: Final = "shares"  # of the card's classes, (B, 2): no boxes
MARGIN: Final = 0.08  # of the longer side, around the vehicle


class LorryCheck:
    """Tells lorries from buses by looks. Safe to share between threads."""

    def __init__(self, card: ModelCard, content: bytes) -> None:
        """`content` is the card's weights, hash checked. Raises `ModelError` when they do not give two shares."""
        self._session = Session(card.name, content, SessionSettings(threads=1))
        self._letterbox = Letterbox(card.input, card.input.width, card.input.height)
        shape = self._session.run(self._letterbox.empty(1))[0].shape
        if shape != (1, len(card.classes)):
            raise ModelError(f"{card.name}: layout {LAYOUT}: one output (1, {len(card.classes)}) expected, got {shape}")

    def lorry_share(self, picture: Picture, box: npt.NDArray[np.float32]) -> float:
        """Return how sure it is, 0..1, that `box` (4,) x0 y0 x1 y1 shows a lorry. Raises `ModelError`."""
        batch = self._letterbox.empty(1)
        self._letterbox.fill(batch[0], picture, _around(picture, box.tolist()))
        lorry, bus = self._session.run(batch)[0][0].tolist()
        return float(lorry) if lorry > bus else 0.0


class LazyLorryCheck:
    """A `LorryCheck` that is loaded when it is first asked; one that cannot be had has no opinion."""

    def __init__(self, models_dir: Path | None = None) -> None:
        self._models_dir = models_dir
        self._lock = threading.Lock()
        self._check: LorryCheck | None = None
        self._failed = False

    def lorry_share(self, picture: Picture, box: npt.NDArray[np.float32]) -> float:
        """Return how sure it is, 0..1, that `box` shows a lorry; 0 without the model."""
        with self._lock:
            if self._check is None and not self._failed:
                self._check = self._load()
        return self._check.lorry_share(picture, box) if self._check else 0.0

    def _load(self) -> LorryCheck | None:
        try:
            card = find_card(CARD, self._models_dir)
            return LorryCheck(card, read_checked(card, ensure(card, self._models_dir)))
        except ModelError as error:
            log.error("lorries cannot be told from buses", extra={"error": str(error)})
            self._failed = True
            return None


def _around(picture: Picture, box: Sequence[float]) -> Region:
    """Return a square around the box, cut off at the picture's edges."""
    x0, y0, x1, y1 = box
    half = (0.5 + MARGIN) * max((x1 - x0) * picture.width, (y1 - y0) * picture.height)
    across, down = half / picture.width, half / picture.height
    x, y = (x0 + x1) / 2, (y0 + y1) / 2
    return (max(0.0, x - across), max(0.0, y - down), min(1.0, x + across), min(1.0, y + down))

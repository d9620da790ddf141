"""Looks for small objects where a camera's settings ask for it: through tiles, beside the whole picture."""

from __future__ import annotations

from detectors.detector import Detector
from detectors.tiles import TiledDetector, grid
from edge.tracking.settings import FAMILIES


def through_tiles(detector: Detector, tiles: tuple[int, int]) -> Detector:
    """Return `detector` over (columns, rows) of tiles and the whole picture. Keeps nothing between calls."""
    return TiledDetector(detector, grid(*tiles), alike=[sorted(family) for family in FAMILIES])

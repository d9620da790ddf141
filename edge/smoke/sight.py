"""Look far and near at once: the land along the horizon in fine detail, the whole picture coarsely.

A plume that begins ten kilometres away is 1/50 of the picture wide and stands near the horizon; a plume above the
sky line or a fire in front of the camera is large. Seen at one size, either the first is lost or the cost is
four times as high.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from detectors.crop import Crop
from detectors.detections import Detections
from detectors.detector import Detector
from detectors.load import load_detector
from detectors.picture import WHOLE, Gray, Picture, Region
from detectors.tiles import joined
from models.card import ModelCard
from models.session import Provider

FAR_LONGEST_PX: Final = 1536  # of the band: a plume of 1/50 is 30 pixels wide
NEAR_LONGEST_PX: Final = 512  # of the whole picture: what is 1/17 of it wide is as large there as 1/50 in the band
ABOVE, BELOW = 0.155, 0.252  # of the height, around the horizon: what rises above the land, and the land that is far;
# 440 of 1080 rows, which are 352 of the band's 1536 pixels: whole steps of the model's grid, as are 512 by 288
USUAL, SPREAD = 0.47, 0.10  # of the height: where people who put up forest cameras place the horizon
FAINT_LAND: Final = 0.4  # of the strongest detail: how faint the land at the horizon may be
ROWS, COLUMNS = 90, 160  # whole pixels of 1080p: shrinking by other factors takes five times as long
WIDE: Final = (1920, 1080)
LOOK: Final = f"{FAR_LONGEST_PX} {NEAR_LONGEST_PX} {ABOVE} {BELOW} {COLUMNS}x{ROWS}"
"""What a look depends on besides the weights: whoever keeps what was seen keeps it under this name."""


class FarSight:
    """A detector made of two: `far` looks at the band around the horizon, `near` at the whole picture."""

    def __init__(self, far: Detector, near: Detector) -> None:
        self._far, self._near = far, near

    @property
    def labels(self) -> tuple[str, ...]:
        return self._far.labels

    def detect(self, pictures: Sequence[Picture]) -> list[Detections]:
        """Return one `Detections` for each picture; what both looks show is reported once. Raises `ModelError`."""
        bands = [band_of(picture) for picture in pictures]
        far = self._far.detect([Crop(picture, band) for picture, band in zip(pictures, bands, strict=True)])
        near = self._near.detect(pictures)
        return [joined([whole, part], [WHOLE, band]) for whole, part, band in zip(near, far, bands, strict=True)]


def load_far_sight(
    card: ModelCard, path: Path, *, providers: Sequence[Provider] = ("cpu",), threads: int = 0
) -> Detector:
    """Return a smoke detector that is ready to look. Raises `ModelError`.

    A model whose input cannot be rewritten looks at the whole picture in its own size.
    """
    if not card.input.reshape:
        return load_detector(card, path, providers=providers, threads=threads)
    band = (WIDE[0], round(WIDE[1] * (ABOVE + BELOW)))
    far = load_detector(card, path, providers=providers, threads=threads, longest=FAR_LONGEST_PX, expected=(band,))
    near = load_detector(card, path, providers=providers, threads=threads, longest=NEAR_LONGEST_PX, expected=(WIDE,))
    return FarSight(far, near)


def band_of(picture: Picture) -> Region:
    """Return the band around the horizon of `picture`, always of the same height."""
    middle = horizon(picture.gray(COLUMNS, ROWS))
    top = min(max(0.0, middle - ABOVE), 1 - ABOVE - BELOW)
    return (0.0, top, 1.0, top + ABOVE + BELOW)


def horizon(gray: Gray) -> float:
    """Return 0..1 of the height at which the picture best divides into a plain upper and a detailed lower part."""
    plane = gray.astype(np.float32)
    detail = np.abs(np.diff(plane, axis=1)).mean(axis=1)
    # Capped low: hazy land far away counts as much as rocks in front, and a mast or a caption does not count more.
    detail = np.minimum(detail, FAINT_LAND * np.quantile(detail, 0.9))
    rows = np.arange(1, len(detail))
    above = np.cumsum(detail)[:-1] / rows
    below = np.cumsum(detail[::-1])[:-1][::-1] / (len(detail) - rows)
    shares = rows / len(detail)
    contrast = (below - above) * np.sqrt(shares * (1 - shares))  # as Otsu weighs two classes
    usual = np.exp(-0.5 * ((shares - USUAL) / SPREAD) ** 2)  # clouds are detailed and backlit land is not
    return float(shares[int(np.argmax(contrast.clip(1e-6) * usual))])

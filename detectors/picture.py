"""What a detector may ask of a picture. `rtsp.picture` implements it straight from the decoder's YUV planes."""

from __future__ import annotations

from typing import Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

Image: TypeAlias = npt.NDArray[np.uint8]  # (height, width, 3) BGR unless said otherwise; read-only
Gray: TypeAlias = npt.NDArray[np.uint8]  # (height, width) luma 0..255
Region: TypeAlias = tuple[float, float, float, float]  # x0 y0 x1 y1, each 0..1 of the picture
WHOLE: Region = (0.0, 0.0, 1.0, 1.0)


class Picture(Protocol):
    """One read-only picture that is converted only as far as somebody needs it."""

    @property
    def width(self) -> int:
        """Width in pixels as decoded."""

    @property
    def height(self) -> int:
        """Height in pixels as decoded."""

    def bgr(self) -> Image:
        """Return the full-size picture, (height, width, 3). Costly: for evidence, not for looking."""

    def scaled(self, width: int, height: int, *, region: Region = WHOLE, rgb: bool = False) -> Image:
        """Return `region` scaled to (height, width, 3), BGR or RGB, without a full-size picture in between."""

    def gray(self, width: int, height: int, *, region: Region = WHOLE) -> Gray:
        """Return the luma of `region` scaled to (height, width)."""

"""The grid cells that anchor-free detectors predict from: three grids, fine to coarse, row by row."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

STRIDES = (8, 16, 32)  # pixels of the input that one cell covers each way


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """corners: (N, 2) column and row of each cell in its grid.   strides: (N, 1) pixels."""

    corners: npt.NDArray[np.float32]
    strides: npt.NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.corners)

    @property
    def centres(self) -> npt.NDArray[np.float32]:
        """(N, 2) x and y of each cell's centre, in cells of its grid."""
        centres: npt.NDArray[np.float32] = self.corners + np.float32(0.5)
        return centres


def cells_of(width: int, height: int) -> Cells:
    """Return the cells of an input of `width` by `height` pixels."""
    corners, strides = [], []
    for stride in STRIDES:
        rows, columns = np.mgrid[: height // stride, : width // stride]
        corners.append(np.stack([columns.ravel(), rows.ravel()], axis=1))
        strides.append(np.full((rows.size, 1), stride))
    return Cells(np.concatenate(corners).astype(np.float32), np.concatenate(strides).astype(np.float32))

"""Heights of the ground from files that the province gives: SRTM tiles (.hgt) and GeoTIFFs in degrees."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from common.config import ConfigError
from common.geodesy import EARTH_M
from edge.geotiff import read_geotiff

Heights = npt.NDArray[np.float64]  # metres above the sea; NaN where nothing is known

_HGT_NAME = re.compile(r"^([NS])(\d{2})([EW])(\d{3})$", re.IGNORECASE)
_HGT_SIDES: Final = {1201**2 * 2: 1201, 3601**2 * 2: 3601}  # bytes → cells along one degree
_HGT_VOID: Final = -32768
SUFFIXES: Final = (".hgt", ".tif", ".tiff")


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """Heights at the crossings of a grid. north, west: of the first cell's centre; rows go south, columns east."""

    heights: npt.NDArray[np.generic]  # (rows, columns), metres
    north: float
    west: float
    step_lat: float  # degrees between rows, positive
    step_lon: float
    void: float | None

    def at(self, lats: Heights, lons: Heights) -> Heights:
        """Return the heights between the four cells around each place; NaN outside or beside a void."""
        rows, columns = (self.north - lats) / self.step_lat, (lons - self.west) / self.step_lon
        last_row, last_column = self.heights.shape[0] - 1, self.heights.shape[1] - 1
        inside = (rows >= 0) & (rows <= last_row) & (columns >= 0) & (columns <= last_column)
        row = np.clip(np.where(inside, rows, 0).astype(np.int64), 0, last_row - 1)
        column = np.clip(np.where(inside, columns, 0).astype(np.int64), 0, last_column - 1)
        down, right = rows - row, columns - column
        upper = self._cell(row, column) * (1 - right) + self._cell(row, column + 1) * right
        lower = self._cell(row + 1, column) * (1 - right) + self._cell(row + 1, column + 1) * right
        return np.where(inside, upper * (1 - down) + lower * down, np.nan)

    def _cell(self, row: npt.NDArray[np.int64], column: npt.NDArray[np.int64]) -> Heights:
        heights = self.heights[row, column].astype(np.float64)
        return heights if self.void is None else np.where(heights == self.void, np.nan, heights)


class Terrain:
    """One surface out of one or several grids. Reading never changes it: threads may share it."""

    def __init__(self, grids: Iterable[Grid]) -> None:
        self._grids = tuple(grids)

    @property
    def cell_m(self) -> float:
        """Distance of two rows of the finest grid."""
        return min(grid.step_lat for grid in self._grids) * math.pi / 180 * EARTH_M

    def at(self, lats: Heights, lons: Heights) -> Heights:
        """Return the height of each place (arrays of one shape, degrees), NaN where no file knows it."""
        heights = np.full(np.shape(lats), np.nan)
        for grid in self._grids:
            unknown = np.isnan(heights)
            if not unknown.any():
                break
            heights[unknown] = grid.at(np.asarray(lats)[unknown], np.asarray(lons)[unknown])
        return heights


def read_terrain(path: Path) -> Terrain:
    """Read a file, or every tile in a folder. Raises ConfigError."""
    files = sorted(f for f in path.iterdir() if f.suffix.lower() in SUFFIXES) if path.is_dir() else [path]
    if not files:
        raise ConfigError(f"{path}: holds no heights: neither .hgt nor .tif files")
    return Terrain(_read(file) for file in files)


def _read(file: Path) -> Grid:
    try:
        return _read_hgt(file) if file.suffix.lower() == ".hgt" else Grid(*read_geotiff(file))
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read: {error.strerror or error}") from error


def _read_hgt(file: Path) -> Grid:
    """An SRTM tile: big-endian int16 of one degree, named by its south-western corner, rows from the north."""
    name, side = _HGT_NAME.match(file.stem), _HGT_SIDES.get(file.stat().st_size)
    if name is None:
        raise ConfigError(f"{file}: an SRTM tile is named by its corner, such as N11E108.hgt")
    if side is None:
        raise ConfigError(f"{file}: {file.stat().st_size} bytes are no SRTM tile: {sorted(_HGT_SIDES)} are expected")
    south = int(name[2]) * (1 if name[1].upper() == "N" else -1)
    west = int(name[4]) * (1 if name[3].upper() == "E" else -1)
    heights = np.memmap(file, dtype=">i2", mode="r", shape=(side, side))
    return Grid(heights, south + 1.0, float(west), 1 / (side - 1), 1 / (side - 1), _HGT_VOID)

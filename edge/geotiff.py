"""Read one GeoTIFF of heights in geographic degrees: OpenCV decodes the pixels, this file says where they lie.

Tags by OGC GeoTIFF 1.1: 33550 pixel scale, 33922 tie point, 34735 keys (1024 model type, 1025 raster type), 42113 void.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

from common.config import ConfigError

_SIZES: Final = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 8: 2, 9: 4, 11: 4, 12: 8}  # TIFF type → bytes
_CODES: Final = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i", 11: "f", 12: "d"}
_SCALE, _TIE, _KEYS, _VOID = 33550, 33922, 34735, 42113
_MODEL_TYPE, _RASTER_TYPE = 1024, 1025
_GEOGRAPHIC, _POINTS = 2, 2


def read_geotiff(file: Path) -> tuple[npt.NDArray[np.generic], float, float, float, float, float | None]:
    """Return (heights (rows, columns), north, west of the first pixel's centre, its height and width in degrees, void).

    Raises ConfigError for what is not such a file, OSError.
    """
    tags = _tags(file)
    keys = _keys(tags.get(_KEYS, ()))
    if _SCALE not in tags or _TIE not in tags:
        raise ConfigError(f"{file}: says not where it lies: a GeoTIFF with pixel scale and tie point is needed")
    if keys.get(_MODEL_TYPE) != _GEOGRAPHIC:
        raise ConfigError(f"{file}: is not in degrees; turn it with: gdalwarp -t_srs EPSG:4326 {file.name} degrees.tif")
    heights = _decode(file)
    if heights is None or heights.ndim != 2:
        raise ConfigError(f"{file}: does not hold one band of heights that can be decoded")
    (width, height), (column, row, _, lon, lat) = tags[_SCALE][:2], tags[_TIE][:5]
    centre = 0.0 if keys.get(_RASTER_TYPE) == _POINTS else 0.5
    north, west = lat + (row - centre) * height, lon + (centre - column) * width
    return np.asarray(heights), north, west, float(height), float(width), _void(tags)


def _decode(file: Path) -> npt.NDArray[np.generic] | None:
    """OpenCV warns of each tag that it does not know; those are the ones that we read ourselves."""
    level = cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)
    try:
        return cv2.imread(str(file), cv2.IMREAD_UNCHANGED)
    finally:
        cv2.utils.logging.setLogLevel(level)


def _tags(file: Path) -> dict[int, tuple[Any, ...]]:
    """Return the first directory's numeric and text tags."""
    data = file.read_bytes()
    try:
        order = {b"II": "<", b"MM": ">"}[data[:2]]
        magic, offset = struct.unpack_from(order + "HI", data, 2)
        if magic != 42:
            raise ConfigError(f"{file}: a BigTIFF; write it as a plain one: gdal_translate -co BIGTIFF=NO")
        (count,) = struct.unpack_from(order + "H", data, offset)
        entries = [struct.unpack_from(order + "HHII", data, offset + 2 + 12 * n) for n in range(count)]
        starts = range(offset + 2, offset + 2 + 12 * count, 12)
        return {e[0]: _values(data, order, e, start) for e, start in zip(entries, starts, strict=True)}
    except (KeyError, struct.error) as error:
        raise ConfigError(f"{file}: is not a TIFF file, or a broken one") from error


def _values(data: bytes, order: str, entry: tuple[int, int, int, int], start: int) -> tuple[Any, ...]:
    _, type_, count, offset = entry
    size = _SIZES.get(type_, 1) * count
    at = start + 8 if size <= 4 else offset
    if type_ == 2:
        return (data[at : at + size].rstrip(b"\0").decode("ascii", "replace"),)
    return struct.unpack_from(f"{order}{count}{_CODES[type_]}", data, at) if type_ in _CODES else ()


def _keys(directory: tuple[Any, ...]) -> dict[int, int]:
    entries = [directory[start : start + 4] for start in range(4, len(directory) - 3, 4)]
    return {key: value for key, where, _, value in entries if where == 0}


def _void(tags: dict[int, tuple[Any, ...]]) -> float | None:
    try:
        return float(tags[_VOID][0])
    except (KeyError, IndexError, ValueError):
        return None

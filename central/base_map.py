"""The province's own map under the incidents: one GeoJSON file, checked when central starts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from common.config import ConfigError

LARGEST_BYTES: Final = 32 * 2**20  # every commune of a province with its rivers is a few megabytes once simplified
NOTHING: Final[dict[str, Any]] = {"type": "FeatureCollection", "features": []}


def read_base_map(file: Path | None) -> dict[str, Any]:
    """Return the file's features (an empty collection without a file); raise ConfigError that says what is wrong."""
    if file is None:
        return NOTHING
    try:
        if file.stat().st_size > LARGEST_BYTES:
            raise ConfigError(f"{file}: larger than {LARGEST_BYTES // 2**20} MB: simplify it first")
        found = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read: {error.strerror or error}") from error
    except ValueError as error:
        raise ConfigError(f"{file}: is not GeoJSON: {error}") from error
    if not isinstance(found, dict) or found.get("type") != "FeatureCollection" or not _in_degrees(found):
        raise ConfigError(f"{file}: must be a GeoJSON FeatureCollection in degrees (WGS 84)")
    return found


def _in_degrees(collection: dict[str, Any]) -> bool:
    """Return whether the first corner of each feature is a longitude and a latitude; projected files are metres."""
    corners = [_first(f.get("geometry") or {}) for f in collection.get("features", ()) if isinstance(f, dict)]
    return all(c is None or (abs(c[0]) <= 180 and abs(c[1]) <= 90) for c in corners)


def _first(geometry: dict[str, Any]) -> tuple[float, float] | None:
    part = geometry.get("coordinates")
    while isinstance(part, list) and part and isinstance(part[0], list):
        part = part[0]
    if not isinstance(part, list) or len(part) < 2 or not all(isinstance(x, int | float) for x in part[:2]):
        return None
    return float(part[0]), float(part[1])

"""Lower the voice where operators have said "false alarm" again and again: still told, counted, but calling nobody.

The areas come from central, which learned them from verdicts; they are kept on disk, so that a box that starts without
central knows them. Nothing is dropped: a finding in an area is an event of severity `info` that names the area (of
severity `low` where it was critical, or is smoke or fire).
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from edge.camera import Told
from edge.rules.base import Finding, Severity
from mqtt.nuisance import NuisanceArea, NuisanceAreas, is_within

log = logging.getLogger(__name__)

INSIDE: Final = 0.6  # of an object's box that must lie in the area
LARGER: Final = 3.0  # an object so many times larger than the area is something else
OF_WEIGHT: Final = frozenset({"smoke", "flame"})


class Nuisance:
    """The areas of one node. `replace` may come from another thread."""

    def __init__(self, file: Path, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._file, self._clock = file, clock
        self._areas = self._read()
        self._counts: Counter[str] = Counter()  # camera → findings that were quietened

    def replace(self, areas: NuisanceAreas) -> int:
        """Take over what central says; return how many areas there are. Raises OSError."""
        fresh = self._file.with_suffix(".new")
        fresh.write_bytes(areas.to_bytes())
        fresh.replace(self._file)
        self._areas = areas.areas
        return len(areas.areas)

    def quietened(self, camera: str) -> int:
        """Return how many findings of a camera have been told with a low voice since the node started."""
        return self._counts[camera]

    def judge(self, camera: str, told: Told) -> Told:
        """Return what is told of a finding: itself, or the same with a low voice."""
        area = self._area_of(camera, told.finding, told.started_at)
        if area is None:
            return told
        self._counts[camera] += told.finding.phase == "start"
        detail = {**told.finding.detail, "nuisance": area.id, "severity_was": told.finding.severity}
        return replace(told, finding=replace(told.finding, severity=_low(told.finding), detail=detail))

    def _area_of(self, camera: str, finding: Finding, at: datetime) -> NuisanceArea | None:
        minute, now = at.astimezone(UTC).hour * 60 + at.astimezone(UTC).minute, self._clock()
        for area in self._areas:
            is_meant = area.camera == camera and area.kind == finding.kind and now < area.expires_at
            if is_meant and is_within(minute, area.from_min, area.to_min) and _is_inside(finding, area):
                return area
        return None

    def _read(self) -> tuple[NuisanceArea, ...]:
        try:
            return NuisanceAreas.from_bytes(self._file.read_bytes()).areas
        except FileNotFoundError:
            return ()
        except (OSError, ValueError) as error:
            log.error("nuisance areas cannot be read", extra={"file": self._file.name, "error": str(error)[:300]})
            return ()


def _low(finding: Finding) -> Severity:
    if finding.severity in {"info", "low"}:
        return finding.severity
    return "low" if finding.severity == "critical" or finding.kind in OF_WEIGHT else "info"


def _is_inside(finding: Finding, area: NuisanceArea) -> bool:
    """Return whether all that the finding names lies in the area: what also happens elsewhere is no nuisance."""
    return bool(finding.objects) and all(_lies_in(seen.box, area.box) for seen in finding.objects)


def _lies_in(box: tuple[float, ...], area: tuple[float, ...]) -> bool:
    both = max(0.0, min(box[2], area[2]) - max(box[0], area[0])) * max(0.0, min(box[3], area[3]) - max(box[1], area[1]))
    own, its = (max((b[2] - b[0]) * (b[3] - b[1]), 1e-9) for b in (box, area))
    return both >= INSIDE * own and own <= LARGER * its

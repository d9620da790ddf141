"""Learn from operators' verdicts where a camera raises false alarms. Pure: no clock, no database.

An area stands for verdicts of one camera and one kind that lie on the same place at about the same time of day. It
takes several (more where much is at stake, more again for a whole day), ends by itself some days after the last, and is
not made where an alarm of that kind was real. A verdict that is taken back (the incident is opened again), or that came
before an operator removed the area, counts no more.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Final, TypeAlias

from mqtt.nuisance import DAY_MIN, NuisanceArea, is_within
from mqtt.topics import NodeTopics

Box: TypeAlias = tuple[float, float, float, float]

MEMORY: Final = timedelta(days=30)  # verdicts older than this are forgotten
EXPIRES: Final = timedelta(days=14)  # after the last verdict
NEEDED, NEEDED_OF_WEIGHT = 3, 6  # verdicts
OF_WEIGHT: Final = frozenset({"smoke", "flame", "accident"})
WHOLE_DAY: Final = 2  # times as many verdicts
SAME_PLACE: Final = 0.3  # overlap (IoU)
WIDER: Final = 0.15  # of its sides: boxes jitter
LARGEST: Final = 0.2  # of the picture: more would blind the camera
AROUND_MIN: Final = 45  # before the first and after the last verdict of the day
LONGEST_MIN: Final = 480
MOST_OF_A_CAMERA: Final = 20


@dataclass(frozen=True, slots=True)
class Verdict:
    """What operators made of one incident."""

    incident: str
    node: NodeTopics
    camera: str
    kind: str
    severity: str
    box: Box
    at: datetime  # when it began
    said_at: datetime
    false: bool


@dataclass(frozen=True, slots=True)
class Removal:
    """An operator's word that an area was no nuisance."""

    node: NodeTopics
    camera: str
    kind: str
    box: Box
    at: datetime


@dataclass(frozen=True, slots=True)
class Learned:
    """An area and whose verdicts made it."""

    node: NodeTopics
    area: NuisanceArea
    incidents: tuple[str, ...]
    last_at: datetime


def learn(verdicts: Iterable[Verdict], removals: Sequence[Removal], now: datetime) -> list[Learned]:
    """Return the areas that count at `now`, most verdicts first."""
    told = sorted((v for v in verdicts if now - v.said_at <= MEMORY), key=lambda v: (v.at, v.incident))
    groups: list[list[Verdict]] = []
    for verdict in told:
        if verdict.false and not any(_is_of(removal, verdict) for removal in removals):
            _place(verdict, groups)
    real = [v for v in told if not v.false]
    found = [area for group in groups if (area := _area(group, real, now)) is not None]
    return _bounded(sorted(found, key=lambda one: (-one.area.verdicts, one.area.id)))


def _place(verdict: Verdict, groups: list[list[Verdict]]) -> None:
    for group in groups:
        first = group[0]
        same = (first.node, first.camera, first.kind) == (verdict.node, verdict.camera, verdict.kind)
        if same and overlap(_middle(group), verdict.box) >= SAME_PLACE:
            group.append(verdict)
            return
    groups.append([verdict])


def _is_of(removal: Removal, verdict: Verdict) -> bool:
    same = (removal.node, removal.camera, removal.kind) == (verdict.node, verdict.camera, verdict.kind)
    return same and verdict.said_at <= removal.at and overlap(removal.box, verdict.box) >= SAME_PLACE


def _area(group: Sequence[Verdict], real: Sequence[Verdict], now: datetime) -> Learned | None:
    first, last_at = group[0], max(v.said_at for v in group)
    heavy = first.kind in OF_WEIGHT or any(v.severity == "critical" for v in group)
    from_min, to_min = _span([_minute(v.at) for v in group])
    needed = (NEEDED_OF_WEIGHT if heavy else NEEDED) * (WHOLE_DAY if from_min == to_min else 1)
    box = _wider(_middle(group))
    too_large = (box[2] - box[0]) * (box[3] - box[1]) > LARGEST
    if len(group) < needed or too_large or now >= last_at + EXPIRES:
        return None
    if any(_contradicts(v, first, box, from_min, to_min) for v in real):
        return None
    name = f"{first.node.site}/{first.node.node}/{first.camera}/{first.kind}/{first.incident}"
    area = NuisanceArea(
        id=hashlib.sha256(name.encode()).hexdigest()[:16], camera=first.camera, kind=first.kind, box=box,
        from_min=from_min, to_min=to_min, expires_at=last_at + EXPIRES, verdicts=len(group),
    )  # fmt: skip
    return Learned(first.node, area, tuple(v.incident for v in group), last_at)


def _contradicts(real: Verdict, first: Verdict, box: Box, from_min: int, to_min: int) -> bool:
    """Return whether something real was told there, at that time of day."""
    same = (real.node, real.camera, real.kind) == (first.node, first.camera, first.kind)
    return same and overlap(box, real.box) >= SAME_PLACE / 2 and is_within(_minute(real.at), from_min, to_min)


def _span(minutes: Sequence[int]) -> tuple[int, int]:
    """Return the shortest span of the day that holds all `minutes`, with a margin; equal ends are the whole day."""
    ordered = sorted(set(minutes))
    gaps = [((b - a) % DAY_MIN or DAY_MIN, b) for a, b in zip(ordered, ordered[1:] + ordered[:1], strict=True)]
    widest, begin = max(gaps)
    if DAY_MIN - widest + 2 * AROUND_MIN > LONGEST_MIN:
        return 0, 0
    return (begin - AROUND_MIN) % DAY_MIN, (begin + DAY_MIN - widest + AROUND_MIN) % DAY_MIN


def _bounded(found: Sequence[Learned]) -> list[Learned]:
    kept: list[Learned] = []
    for one in found:
        of_camera = sum((k.node, k.area.camera) == (one.node, one.area.camera) for k in kept)
        if of_camera < MOST_OF_A_CAMERA:
            kept.append(one)
    return kept


def _middle(group: Sequence[Verdict]) -> Box:
    x0, y0, x1, y1 = (float(median(v.box[i] for v in group)) for i in range(4))
    return x0, y0, x1, y1


def _wider(box: Box) -> Box:
    dx, dy = WIDER * (box[2] - box[0]), WIDER * (box[3] - box[1])
    corners = (max(0.0, box[0] - dx), max(0.0, box[1] - dy), min(1.0, box[2] + dx), min(1.0, box[3] + dy))
    x0, y0, x1, y1 = (round(v, 4) for v in corners)
    return x0, y0, x1, y1


def _minute(at: datetime) -> int:
    utc = at.astimezone(UTC)
    return utc.hour * 60 + utc.minute


def overlap(a: Box, b: Box) -> float:
    """Return intersection over union of two boxes, 0..1."""
    both = max(0.0, min(a[2], b[2]) - max(a[0], b[0])) * max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    either = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both
    return both / either if either > 0 else 0.0

"""Synthetic looks: objects that move as a test says, and flat pictures with things drawn into them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from detectors.detections import Detections
from edge.camera import make_rules
from edge.config import ViewSettings
from edge.rules import CATALOG
from edge.rules.base import Finding, Look, Rule
from edge.tracks import Tracks
from rtsp.picture import VideoPicture

Box = tuple[float, float, float, float]

# A road from straight above, 50 m by 50 m: a hundredth of the picture is half a metre.
CORNERS = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)]
GROUND = {"points": [{"at": (x, y), "metres": (50 * x, 50 * y)} for x, y in CORNERS], "click_error": 0.001}


def rule(kind: str, *, calibrated: bool = False, **settings: Any) -> Rule[Any]:
    """Return one rule on a camera with a zone `gate` (lower half) and a line `mid` (across, at half height)."""
    view = {
        "zones": {"gate": [[0, 0.5], [1, 0.5], [1, 1], [0, 1]]},
        "lines": {"mid": {"from": [0.1, 0.5], "to": [0.9, 0.5]}},
        "ground": GROUND if calibrated or CATALOG[kind].needs_ground else None,
        "rules": [{"kind": kind, "name": "it", **settings}],
    }
    return make_rules(ViewSettings.model_validate(view), aspect=1.0)[0]


def at(x: float, y: float, size: float = 0.1, height: float | None = None) -> Box:
    """Return a box whose feet stand at (x, y)."""
    tall = height or size
    return (x - size / 2, y - tall, x + size / 2, y)


@dataclass(frozen=True)
class Thing:
    """An object of one track: where it is at each moment; None is out of sight."""

    track: int
    label: str
    path: Mapping[float, Box | None]
    score: float = 0.9


def thing(track: int, label: str, path: Iterable[tuple[float, Box | None]]) -> Thing:
    return Thing(track, label, {round(t, 3): box for t, box in path})


def straight(t0: float, t1: float, start: Box, end: Box, step_s: float = 0.2) -> Iterator[tuple[float, Box]]:
    """Yield (time, box) on the straight way from `start` to `end`."""
    for t in np.arange(t0, t1 + 1e-6, step_s):
        share = (t - t0) / max(t1 - t0, 1e-9)
        yield float(t), tuple(float(a + (b - a) * share) for a, b in zip(start, end, strict=True))  # type: ignore[misc]


def stays(t0: float, t1: float, box: Box, step_s: float = 0.2) -> Iterator[tuple[float, Box]]:
    return straight(t0, t1, box, box, step_s)


def looks(things: Iterable[Thing], until_s: float, *, step_s: float = 0.2) -> Iterator[Look]:
    """Yield one look at every step; objects out of sight for less than 2 s keep their last box, unseen."""
    last: dict[int, tuple[float, Box]] = {}
    first: dict[int, float] = {}
    for t in np.arange(0, until_s + 1e-6, step_s):
        now = round(float(t), 3)
        rows, seen_boxes = [], []
        for one in things:
            box = one.path.get(now)
            before = last.get(one.track, (now, box or (0, 0, 0, 0)))[1]
            if box is not None:
                last[one.track] = (now, box)
                first.setdefault(one.track, now)
                seen_boxes.append((box, one))
            if one.track in last and now - last[one.track][0] < 2.0:
                seen_s, where = last[one.track]
                rows.append((one.track, one.label, where, before, one.score, first[one.track], seen_s))
        yield Look(now, _tracks(rows), _detections(seen_boxes), None)


def tell(of: Rule[Any], many: Iterable[Look]) -> list[Finding]:
    return [finding for look in many for finding in of.see(look)]


def starts(findings: Iterable[Finding]) -> list[Finding]:
    return [f for f in findings if f.phase == "start"]


def picture_looks(pictures: Iterable[tuple[float, np.ndarray[Any, np.dtype[np.uint8]]]]) -> Iterator[Look]:
    """Yield a look for each (time, grey picture), with no tracks."""
    for time_s, gray in pictures:
        picture = VideoPicture.of(np.repeat(gray[..., None], 3, axis=2))
        yield Look(time_s, Tracks.none(), Detections.none(), picture)


def _tracks(rows: list[tuple[int, str, Box, Box, float, float, float]]) -> Tracks:
    if not rows:
        return Tracks.none()
    ids, labels, boxes, before, scores, started, seen = zip(*rows, strict=True)
    return Tracks(
        np.array(ids, np.int64), np.array(labels), np.array(boxes, np.float32), np.array(before, np.float32),
        np.array(scores, np.float32), np.array(started, np.float64), np.array(seen, np.float64),
    )  # fmt: skip


def _detections(seen: list[tuple[Box, Thing]]) -> Detections:
    if not seen:
        return Detections.none()
    return Detections(
        np.array([box for box, _ in seen], np.float32),
        np.array([one.score for _, one in seen], np.float32),
        np.array([one.label for _, one in seen]),
    )

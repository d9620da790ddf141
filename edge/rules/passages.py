"""What has passed over a line, told twice: by the detector, with names, and by movement, without. Counts each once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from edge.geometry import Points
from edge.rules.objects import sizes, square
from edge.tracks import Tracks

SAME_S: Final = 1.0  # two accounts of one passage differ by less
BELIEVED: Final = 0.8  # the detector is believed alone where it has names for this share of what moves
BENEFIT: Final = 2  # of the doubt: so many named passages are credited before the first
ENOUGH: Final = 3  # passages, before which nobody is judged
REMEMBERS: Final = 60
NAMELESS: Final = -1  # the track of what only moves


@dataclass(slots=True)
class Passage:
    """One passage over the line, as one of the two accounts has it. Lengths in picture heights."""

    at_s: float
    along: float  # from the line's start
    size: float
    to_right: bool
    track: int
    label: str
    doubtful: bool
    is_confirmed: bool = False  # by the other account

    def is_beside(self, other: Passage, sizes: float, least: float = 0.0) -> bool:
        """Return whether both went the same way, at most so many sizes apart: of the larger, or of `least`."""
        near = abs(self.along - other.along) <= sizes * max(self.size, other.size, least)
        return near and self.to_right == other.to_right

    def unlike(self, other: Passage) -> float:
        """Return how much two accounts differ, in time and place; 0 is not at all, 2 as much as they may."""
        apart = abs(self.along - other.along) / max(self.size, other.size)
        return abs(self.at_s - other.at_s) / SAME_S + apart


class Passages:
    """Unites both accounts. Where the detector has no names for much of what moves, movement counts as well."""

    def __init__(self) -> None:
        self._named: list[Passage] = []
        self._moved: list[Passage] = []
        self._taken: list[Passage] = []  # named ones that movement may still tell of
        self._all_moved = self._all_named = 0

    @property
    def misses_much(self) -> bool:
        """Whether the detector has had no name for too much of what moved over the line, so far."""
        share = (self._all_named + BENEFIT) / (self._all_moved + BENEFIT)
        return self._all_moved >= ENOUGH and share < BELIEVED

    @property
    def is_judged(self) -> bool:
        return self._all_moved >= ENOUGH

    def name(self, passage: Passage) -> None:
        """Take in a passage of something that the detector knows."""
        _confirm(passage, self._moved)
        self._named.append(passage)

    def move(self, passage: Passage) -> None:
        """Take in a passage of something that moves."""
        _confirm(passage, self._named + self._taken)
        self._moved.append(passage)

    def relabel(self, labels: Mapping[int, str]) -> None:
        """Let labels (track → label) that have settled since win over those at the line."""
        for passage in self._named:
            passage.label = labels.get(passage.track, passage.label)

    def take(self, until_s: float) -> list[Passage]:
        """Return, once each, what is certain up to `until_s`."""
        named, self._named = _split(self._named, until_s)
        self._taken = [p for p in self._taken + named if p.at_s > until_s - SAME_S]
        settled, self._moved = _split(self._moved, until_s - SAME_S)
        self._all_moved += len(settled)
        self._all_named += sum(p.is_confirmed for p in settled)
        nameless = [p for p in settled if not p.is_confirmed]
        if not self.is_judged:
            self._moved = nameless + self._moved  # until there is a verdict
            self._all_moved -= len(nameless)
        help_is_needed = self.misses_much
        if self._all_moved > REMEMBERS:  # an old verdict must not outlive dusk
            self._all_moved, self._all_named = self._all_moved // 2, self._all_named // 2
        return named + (nameless if help_is_needed else [])


def position(tracks: Tracks, row: int, line: Points, aspect: float) -> tuple[float, float]:
    """Return (how far along `line` one of the tracks is, its size), in picture heights."""
    start, end = square(line, aspect)
    at = square(tracks.centres[row], aspect)
    along = float((at - start) @ (end - start) / np.hypot(*(end - start)))
    return along, float(sizes(tracks, aspect)[row])


def _confirm(passage: Passage, others: Iterable[Passage]) -> None:
    """Mark `passage` and the one of `others` that is most like it as one."""
    open_ = [o for o in others if not o.is_confirmed and abs(o.at_s - passage.at_s) <= SAME_S]
    same = [o for o in open_ if passage.is_beside(o, 1.0)]
    if same:
        likest = min(same, key=passage.unlike)
        passage.is_confirmed = likest.is_confirmed = True


def _split(passages: list[Passage], until_s: float) -> tuple[list[Passage], list[Passage]]:
    return [p for p in passages if p.at_s <= until_s], [p for p in passages if p.at_s > until_s]

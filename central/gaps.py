"""Which sequence numbers of one boot of one node never came. Pure; late arrivals fill the gaps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

MOST_RANGES: Final = 1_000
"""Of one boot; beyond it, new ranges are no longer listed (a node that loses a thousand spans has other worries)."""


@dataclass(frozen=True, slots=True)
class Gaps:
    """Numbers 1…`highest` have come but for those inside `missing`: sorted, disjoint, inclusive ranges."""

    highest: int = 0
    missing: tuple[tuple[int, int], ...] = ()

    @property
    def count(self) -> int:
        return sum(last - first + 1 for first, last in self.missing)

    def heard(self, seq: int) -> Gaps:
        """Return the gaps after number `seq` has come, again or for the first time."""
        if seq > self.highest:
            return Gaps(seq, self._expected(seq - 1).missing)
        return Gaps(self.highest, tuple(part for range_ in self.missing for part in _without(range_, seq)))

    def expect(self, seq: int) -> Gaps:
        """Return the gaps when the node says that it has numbered up to `seq`."""
        return self if seq <= self.highest else Gaps(seq, self._expected(seq).missing)

    def _expected(self, seq: int) -> Gaps:
        if seq <= self.highest or len(self.missing) >= MOST_RANGES:
            return self
        return Gaps(seq, (*self.missing, (self.highest + 1, seq)))


def _without(range_: tuple[int, int], seq: int) -> list[tuple[int, int]]:
    first, last = range_
    if not first <= seq <= last:
        return [range_]
    return [part for part in ((first, seq - 1), (seq + 1, last)) if part[0] <= part[1]]

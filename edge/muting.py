"""While a camera says of itself that it cannot see, what its other rules find is held back, and told when it is over.

Smoke and fire are never held back: thick smoke before the lens looks like a cover.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from edge.rules.base import Finding

NEVER_MUTED: Final = frozenset({"smoke", "flame"})
MOST_HELD: Final = 1000  # causes that go on at a time; the oldest is forgotten first


class Muting:
    """Knows which causes of one camera have been held back, and how many so far."""

    def __init__(self) -> None:
        self.count = 0
        self._held: dict[tuple[str, str, str], None] = {}  # rule, kind, cause

    def pass_on(self, rule_name: str, finding: Finding, muted_by: str | None) -> Finding | None:
        """Return what may be told of `finding` while `muted_by` goes on (None: all is well), or None to hold it.

        A cause that is held and outlasts the muting starts then; one that ends before is never told. What was told
        before goes on and ends as it would, marked `muted`.
        """
        cause = (rule_name, finding.kind, finding.key)
        if finding.phase == "start" and muted_by is not None and finding.kind not in NEVER_MUTED:
            self._hold(cause)
            return None
        if cause not in self._held:
            return finding if muted_by is None else replace(finding, detail={**finding.detail, "muted": True})
        if finding.phase == "end":
            del self._held[cause]
            return None
        if muted_by is not None:
            return None
        del self._held[cause]
        return replace(finding, phase="start")

    def _hold(self, cause: tuple[str, str, str]) -> None:
        self.count += 1
        self._held[cause] = None
        if len(self._held) > MOST_HELD:
            self._held.pop(next(iter(self._held)))

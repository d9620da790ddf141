"""Hold back what a rule finds outside its schedule; what still goes on when the schedule begins is told then."""

from __future__ import annotations

from dataclasses import replace
from typing import Final, TypeAlias

from edge.rules.base import Finding

MOST_KEPT: Final = 1000  # causes that go on at a time; the oldest is forgotten first
Cause: TypeAlias = tuple[str, str, str]  # rule, kind, key


class Duty:
    """Knows of one camera's causes that go on which were told, and which began while their rule was off duty."""

    def __init__(self) -> None:
        self._held: dict[Cause, None] = {}
        self._told: dict[Cause, None] = {}

    def pass_on(self, rule_name: str, finding: Finding, is_on: bool) -> Finding | None:
        """Return what may be told of `finding`: what was told on duty gets its end also later, and no other news."""
        cause = (rule_name, finding.kind, finding.key)
        if finding.phase == "end":
            was_held, was_told = _taken(self._held, cause), _taken(self._told, cause)
            return finding if was_told or (is_on and not was_held) else None
        if is_on:
            was_held = _taken(self._held, cause)
            _keep(self._told, cause)
            return replace(finding, phase="start") if was_held else finding
        if finding.phase == "start":
            _keep(self._held, cause)
        return None


def _taken(causes: dict[Cause, None], cause: Cause) -> bool:
    """Return whether `cause` was among them, and forget it."""
    there = cause in causes
    causes.pop(cause, None)
    return there


def _keep(causes: dict[Cause, None], cause: Cause) -> None:
    causes[cause] = None
    if len(causes) > MOST_KEPT:
        causes.pop(next(iter(causes)))

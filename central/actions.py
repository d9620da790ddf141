"""What an operator may do with an incident, and what becomes of it. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Final, Literal, TypeAlias

from central.incidents import Handling, Incident

Action: TypeAlias = Literal["acknowledge", "assign", "resolve", "close", "false_alarm", "reopen", "comment"]

_OPEN: Final[frozenset[Handling]] = frozenset({"new", "acknowledged", "in_progress"})
_ALLOWED: Final[dict[Action, frozenset[Handling]]] = {
    "acknowledge": frozenset({"new"}),
    "assign": _OPEN,
    "resolve": _OPEN,
    "close": _OPEN | {"resolved"},
    "false_alarm": _OPEN | {"resolved", "closed"},
    "reopen": frozenset({"resolved", "closed", "false_alarm"}),
    "comment": _OPEN | {"resolved", "closed", "false_alarm"},
}
_BECOMES: Final[dict[Action, Handling]] = {
    "acknowledge": "acknowledged",
    "assign": "in_progress",
    "resolve": "resolved",
    "close": "closed",
    "false_alarm": "false_alarm",
    "reopen": "acknowledged",
}


class NotNow(Exception):  # noqa: N818  the operator's step does not fit the incident's state
    """The action makes no sense in this state."""


def act(incident: Incident, do: Action, who: str, at: datetime, *, assignee: str | None = None) -> Incident:
    """Return what `incident` becomes when `who` does this. Raises NotNow."""
    if incident.handling not in _ALLOWED[do]:
        raise NotNow(f"an incident that is {incident.handling!r} cannot be given {do!r}")
    if do == "comment":
        return incident
    takes = assignee or who if do == "assign" else incident.assignee or (who if do == "acknowledge" else None)
    return replace(incident, handling=_BECOMES[do], handled_at=at, assignee=takes)


def allowed(handling: Handling) -> list[Action]:
    """Return what may be done in this state, in the order of the buttons."""
    return [action for action, states in _ALLOWED.items() if handling in states]

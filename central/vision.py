"""Can a camera's view be judged, and since when not: from what its health says. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

UNSEEN: Final = "unseen"  # central's own entry beside a camera's health; no node can write it
CLEAR: Final = "clear"


def unseen(health: Mapping[str, Any], before: Mapping[str, Any] | None, now: datetime) -> dict[str, str] | None:
    """Return why a camera does not see and since when (UTC, by central's clock), or None when nothing says so.

    The camera's own trouble (`muted`) comes before the weather (`sight`), and a camera without pictures is offline,
    not blind. `before` is its health as kept until now: a reason that goes on keeps its beginning.
    """
    reason = _reason(health)
    if reason is None:
        return None
    earlier: dict[str, str] | None = (before or {}).get(UNSEEN)
    if earlier is not None and earlier["reason"] == reason:
        return earlier
    return {"reason": reason, "since": now.isoformat().replace("+00:00", "Z")}


def vision(health: Mapping[str, Any], *, online: bool) -> dict[str, Any] | None:
    """Return the state as the API shows it, or None where nobody judges the view.

    `stale` is what was known before the node fell silent: it never reads as "can see".
    """
    found = health.get(UNSEEN)
    if found is None and (health.get("sight") is None or health.get("state") != "online"):
        return None
    state = "stale" if not online else "seen" if found is None else "unseen"
    return {"state": state, **(found or {"reason": None, "since": None})}


def _reason(health: Mapping[str, Any]) -> str | None:
    if health.get("state") != "online":
        return None
    sight = health.get("sight")
    reason: str | None = health.get("muted") or (None if sight == CLEAR else sight)
    return reason or None

"""Watch the box itself: a full disk, a full outbox or too many cameras is an incident, not a log line."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Protocol

from edge.strain import Load, Strain
from mqtt.event import Event
from mqtt.wire import OutboxHealth

LOW_DISK_BYTES: Final = 500 * 2**20
ENOUGH_DISK_BYTES: Final = 800 * 2**20  # above the first, so that one log file does not flip it
OUTBOX_OLD_S: Final = 300.0  # central has confirmed nothing for five minutes
OVERLOAD_FOR_S: Final = 10.0


class Reports(Protocol):
    def report_node(
        self, kind: str, *, phase: str, severity: str, started_at: datetime, detail: dict[str, Any]
    ) -> Event: ...


@dataclass(slots=True)
class _Trouble:
    kind: str
    severity: str
    since: datetime | None = None


@dataclass(slots=True)
class SelfWatch:
    """Asked about once a second; opens and closes one event for each trouble."""

    reports: Reports
    outbox_health: Callable[[], OutboxHealth]
    data_dir: Path
    utc: Callable[[], datetime] = lambda: datetime.now(UTC)
    free_bytes: Callable[[Path], int] = lambda path: shutil.disk_usage(path).free
    _disk: _Trouble = field(default_factory=lambda: _Trouble("disk", "high"))
    _outbox: _Trouble = field(default_factory=lambda: _Trouble("outbox", "high"))
    _overload: _Trouble = field(default_factory=lambda: _Trouble("overloaded", "medium"))
    _strain: Strain = field(default_factory=Strain)
    _strained_s: float = 0.0
    _lost: int = 0

    def look(self, loads: Sequence[Load], step_s: float) -> None:
        """Judge the last `step_s` seconds."""
        self._look_at_disk()
        self._look_at_outbox()
        self._look_at_load(loads, step_s)

    def _look_at_disk(self) -> None:
        free = self.free_bytes(self.data_dir)
        limit = LOW_DISK_BYTES if self._disk.since is None else ENOUGH_DISK_BYTES
        self._say(self._disk, free < limit, {"free_mb": free // 2**20})

    def _look_at_outbox(self) -> None:
        outbox = self.outbox_health()
        lost = sum(outbox.discarded.values())
        is_losing, self._lost = lost > self._lost, lost
        is_stuck = is_losing or outbox.trouble is not None or outbox.oldest_age_s > OUTBOX_OLD_S
        detail = {"depth": outbox.depth, "oldest_age_s": round(outbox.oldest_age_s), "trouble": outbox.trouble}
        self._say(self._outbox, is_stuck, {**detail, "discarded": dict(outbox.discarded)})

    def _look_at_load(self, loads: Sequence[Load], step_s: float) -> None:
        is_on = self._overload.since is not None
        is_strained, detail = self._strain.judge(loads, was_over=is_on)
        self._strained_s = self._strained_s + step_s if is_strained else 0.0
        self._say(self._overload, is_strained and (is_on or self._strained_s >= OVERLOAD_FOR_S), detail)

    def _say(self, trouble: _Trouble, is_so: bool, detail: dict[str, Any]) -> None:
        if is_so == (trouble.since is not None):
            return
        started_at = trouble.since or self.utc()
        phase = "start" if is_so else "end"
        trouble.since = started_at if is_so else None
        self.reports.report_node(
            trouble.kind, phase=phase, severity=trouble.severity, started_at=started_at, detail=detail
        )

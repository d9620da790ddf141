"""One cause, one alarm: said when it starts, when it grows, now and then while it lasts, and when it is over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from edge.rules.base import Finding, Phase, Seen, Severity

GONE_S: Final = 5.0  # a cause that comes back within this is the same one
UPDATE_S: Final = 30.0  # between two updates of a cause that only lasts
GROWTH_S: Final = 2.0  # between two updates of a cause that grows


class Cause:
    """Turns "true now" and "not true now" into start, update and end findings under one key."""

    def __init__(
        self,
        kind: str,
        key: str,
        *,
        severity: Severity,
        zone: str | None = None,
        line: str | None = None,
        gone_s: float = GONE_S,
        update_s: float = UPDATE_S,
    ) -> None:
        self._fixed: dict[str, Any] = {"kind": kind, "severity": severity, "zone": zone, "line": line}
        self._key, self._gone_s, self._update_s = key, gone_s, update_s
        self._count = 0  # causes so far: each gets its own key
        self._open: Finding | None = None  # what was said last
        self._true_s = 0.0  # when it was last true
        self._named: frozenset[int] = frozenset()  # tracks already told

    @property
    def is_open(self) -> bool:
        return self._open is not None

    @property
    def since_s(self) -> float:
        """Since when what is open has been true; 0 when nothing is."""
        return 0.0 if self._open is None else self._open.started_s

    def names(self, track: int) -> bool:
        """Return whether the open cause has told of this object."""
        return self._open is not None and track in self._named

    def hold(
        self,
        time_s: float,
        *,
        since_s: float,
        confidence: float = 1.0,
        objects: Sequence[Seen] = (),
        detail: Mapping[str, Any] | None = None,
        is_news: bool = False,
    ) -> Iterator[Finding]:
        """It is true now, and has been since `since_s`. `is_news`: it has changed in a way that is worth an update."""
        tracks = frozenset(seen.track for seen in objects)
        self._true_s = time_s
        if self._open is None:
            self._count += 1
            phase: Phase = "start"
        elif is_news or self._is_news(time_s, tracks):
            phase, since_s = "update", self._open.started_s
        else:
            return
        self._named |= tracks
        key = f"{self._key}#{self._count}"
        self._open = Finding(
            phase=phase, key=key, time_s=time_s, started_s=since_s, confidence=confidence,
            objects=tuple(objects), detail=detail or {}, **self._fixed,
        )  # fmt: skip
        yield self._open

    def release(self, time_s: float) -> Iterator[Finding]:
        """It is not true now; it is over once that has lasted."""
        if self._open is not None and time_s - self._true_s > self._gone_s:
            yield from self.close(time_s)

    def close(self, time_s: float) -> Iterator[Finding]:
        """It is over, whatever happens next."""
        if self._open is None:
            return
        last, self._open, self._named = self._open, None, frozenset()
        yield Finding(
            phase="end", key=last.key, time_s=time_s, started_s=last.started_s, ended_s=self._true_s,
            confidence=last.confidence, objects=last.objects, detail=last.detail, **self._fixed,
        )  # fmt: skip

    def _is_news(self, time_s: float, tracks: frozenset[int]) -> bool:
        last_s = 0.0 if self._open is None else self._open.time_s
        grown = not tracks <= self._named
        return time_s - last_s >= (GROWTH_S if grown else self._update_s)

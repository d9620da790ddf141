"""What has been sent and is not confirmed: when it is due again, and how much may be open at once. Pure; no clock."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from mqtt.outbox_file import Pending

PARK_AFTER: Final = 5
"""Sendings of one event, while others are confirmed, before it stops taking a place in the window."""
PARKED_TIMES: Final = 30
"""A parked event is sent again this many times less often."""
PROBES: Final = 8
"""Events sent again while central is silent: enough to notice its return, too few to hurt the broker."""


@dataclass(slots=True)
class _Sent:
    pending: Pending
    at_s: float
    times: int = 1

    @property
    def parked(self) -> bool:
        return self.times >= PARK_AFTER


class Flight:
    """Events on their way. `now_s` is any clock that does not run backwards."""

    def __init__(self, *, window: int, resend_after_s: float) -> None:
        self._window, self._resend_after_s = window, resend_after_s
        self._open: dict[str, _Sent] = {}
        self._parked = 0
        self._heard_s = float("-inf")  # when central last confirmed anything
        self._probe_s = float("-inf")

    def __len__(self) -> int:
        return len(self._open)

    def __contains__(self, event_id: str) -> bool:
        return event_id in self._open

    @property
    def room(self) -> int:
        """How many more may be sent now."""
        return max(0, self._window - (len(self._open) - min(self._parked, 4 * self._window)))

    def silent(self, now_s: float) -> bool:
        """True while something is overdue and central has confirmed nothing for as long."""
        return now_s - self._heard_s >= self._resend_after_s and any(
            now_s - sent.at_s >= self._resend_after_s for sent in self._open.values()
        )

    def sent(self, pending: Pending, now_s: float) -> None:
        known = self._open.get(pending.id)
        if known is None:
            self._open[pending.id] = _Sent(pending, now_s)
            if self._heard_s == float("-inf"):
                self._heard_s = now_s
            return
        known.at_s = now_s

    def confirmed(self, ids: Iterable[str], now_s: float) -> int:
        """Forget these and return how many of them were open."""
        if self.silent(now_s):
            self.central_is_back(now_s)
        self._heard_s = now_s
        landed = [sent for sent in (self._open.pop(id_, None) for id_ in ids) if sent is not None]
        self._parked -= sum(sent.parked for sent in landed)
        return len(landed)

    def central_is_back(self, now_s: float) -> None:
        """Central has said hello, so what it may have missed is due at once."""
        self._heard_s = now_s
        for sent in self._open.values():
            sent.at_s = float("-inf")

    def overdue(self, now_s: float) -> list[Pending]:
        """Return what is to be sent again now; only a few probes while central is silent."""
        if self.silent(now_s):
            if now_s - self._probe_s < self._resend_after_s:
                return []
            self._probe_s = now_s
            return [sent.pending for sent in list(self._open.values())[:PROBES]]
        return [self._count(sent) for sent in self._open.values() if now_s - sent.at_s >= self._patience_s(sent)]

    def _count(self, sent: _Sent) -> Pending:
        """One more sending that central ignored while it confirmed others: something is wrong with this event."""
        was_parked = sent.parked
        sent.times += 1
        self._parked += sent.parked and not was_parked
        return sent.pending

    def _patience_s(self, sent: _Sent) -> float:
        return self._resend_after_s * (PARKED_TIMES if sent.parked else 1)

"""What central does by itself: notice that a node fell silent, and forget what is old."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from central import presence, retention
from central.evidence import EvidenceFiles
from central.inbox import Inbox, now_utc
from central.rounds import Rounds
from central.store import Store

log = logging.getLogger(__name__)

OFFLINE_GRACE: Final = timedelta(seconds=10)  # a restart or a short cut of the line is no incident
SILENT_AFTER: Final = timedelta(seconds=90)  # health comes every few seconds; a lost will must not hide a dead node
TIDY_EVERY: Final = timedelta(hours=1)
TICK_S: Final = 1.0


class Watch(Rounds):
    """A thread that looks once a second."""

    def __init__(
        self,
        store: Store,
        inbox: Inbox,
        evidence: EvidenceFiles,
        connected: Callable[[], bool],
        *,
        keep: timedelta,
        teach: Callable[[], None] = lambda: None,
        grace: timedelta = OFFLINE_GRACE,
        clock: Callable[[], datetime] = now_utc,
    ) -> None:
        self._store, self._inbox, self._evidence = store, inbox, evidence
        self._connected = connected
        self._keep = keep
        self._teach = teach
        self._grace = grace
        self._clock = clock
        self._hears_since: datetime | None = None
        self._tidied_at: datetime | None = None
        super().__init__("watch", TICK_S, self._go)

    def look(self) -> None:
        """Report nodes that are away for too long. While the broker is away nobody can be called silent."""
        now = self._clock()
        self._hears_since = (self._hears_since or now) if self._connected() else None
        listened = self._hears_since is not None and now - self._hears_since >= SILENT_AFTER
        silent_before = now - SILENT_AFTER if listened else now - timedelta(days=36_500)
        with self._store.read() as db:
            away = presence.silent_nodes(db, offline_before=now - self._grace, silent_before=silent_before)
        for node in away:
            self._inbox.take_absence(node)

    def tidy(self) -> None:
        """Forget what is older than it has to be kept, once an hour."""
        now = self._clock()
        if self._tidied_at is not None and now - self._tidied_at < TIDY_EVERY:
            return
        self._tidied_at = now
        gone = retention.forget(self._store, now - self._keep)
        pictures = self._evidence.forget_old()
        if gone or pictures:
            log.info("forgotten", extra={"rows": gone, "pictures": pictures})

    def _go(self) -> None:
        self.look()
        self._teach()
        self.tidy()

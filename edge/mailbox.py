"""Hand the newest frame of a fast camera to a slow model."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Mailbox(Generic[T]):
    """Holds at most one thing. A newer one replaces an unread one, and that is counted."""

    def __init__(self, on_news: Callable[[], None] = lambda: None) -> None:
        self._lock = threading.Condition()
        self._on_news = on_news
        self._held: T | None = None
        self.replaced = 0  # frames that no model ever saw

    def put(self, newest: T) -> None:
        """Hold `newest` and say that there is news."""
        with self._lock:
            self.replaced += self._held is not None
            self._held = newest
        self._on_news()

    def take(self) -> T | None:
        """Return what is held, unread until now, or None."""
        with self._lock:
            held, self._held = self._held, None
            self._lock.notify_all()
            return held

    def wait_until_taken(self, timeout_s: float) -> bool:
        """Wait until nothing waits here; for files, whose frames shall not be replaced but follow one another."""
        with self._lock:
            return self._lock.wait_for(lambda: self._held is None, timeout_s)

    @property
    def waiting(self) -> bool:
        return self._held is not None

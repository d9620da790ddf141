"""Hand the newest frame of a fast camera to a slow model."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Mailbox(Generic[T]):
    """Holds the newest thing. A newer one replaces what is unread, and that is counted.

    A camera that wakes sends what it held back faster than life; those wait in line, up to `longest` of them, because
    the beginning of what woke it is among them.
    """

    def __init__(self, on_news: Callable[[], None] = lambda: None, *, longest: int = 12) -> None:
        self._lock = threading.Condition()
        self._on_news = on_news
        self._held: deque[T] = deque()
        self._longest = longest
        self.replaced = 0  # frames that no model ever saw

    def put(self, newest: T, *, in_line: bool = False) -> None:
        """Hold `newest`, behind what waits (`in_line`) or in its place, and say that there is news."""
        with self._lock:
            if not in_line or len(self._held) >= self._longest:
                self.replaced += len(self._held)
                self._held.clear()
            self._held.append(newest)
        self._on_news()

    def take(self) -> T | None:
        """Return the oldest of what is held, unread until now, or None."""
        with self._lock:
            if not self._held:
                return None
            held = self._held.popleft()
            self._lock.notify_all()
            return held

    def wait_until_taken(self, timeout_s: float) -> bool:
        """Wait until nothing waits here; for files, whose frames shall not be replaced but follow one another."""
        with self._lock:
            return self._lock.wait_for(lambda: not self._held, timeout_s)

    @property
    def waiting(self) -> bool:
        return bool(self._held)

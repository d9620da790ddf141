"""Slow down whoever guesses passwords, without letting them lock out the person whose name they guess."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

FREE_ATTEMPTS: Final = 5
FREE_PER_ADDRESS: Final = 30  # a whole control room may sit behind one address
WINDOW_S: Final = 60.0
MOST_REMEMBERED: Final = 10_000


class Attempts:
    """Failed attempts by key: after `free` of them, the rest of a minute is refused."""

    def __init__(self, free: int = FREE_ATTEMPTS, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._free = free
        self._clock = clock
        self._lock = threading.Lock()
        self._failed: OrderedDict[str, list[float]] = OrderedDict()

    def wait_s(self, key: str) -> float:
        """Return how long `key` has to wait before the next attempt; 0 when it is free."""
        with self._lock:
            return self._wait_s(key)

    def failed(self, key: str) -> None:
        """Remember a failure."""
        with self._lock:
            self._failed.setdefault(key, []).append(self._clock())
            self._failed.move_to_end(key)
            while len(self._failed) > MOST_REMEMBERED:
                self._failed.popitem(last=False)

    def forget(self, key: str) -> None:
        """They have come in: start from nothing."""
        with self._lock:
            self._failed.pop(key, None)

    def _wait_s(self, key: str) -> float:
        since = self._clock() - WINDOW_S
        recent = [at for at in self._failed.get(key, []) if at > since]
        if not recent:
            self._failed.pop(key, None)
            return 0.0
        self._failed[key] = recent
        return recent[-self._free] - since if len(recent) >= self._free else 0.0

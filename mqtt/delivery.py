"""Hand a batch to central's store until it is kept: wait while the store is away, set apart what it can't digest."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from mqtt.errors import TryAgain
from mqtt.intake import DeadLetter, Received, dead

log = logging.getLogger(__name__)

TRIES: Final = 3
"""Failures of a batch, for no reason that its handler names, before its messages are tried one at a time."""


class Delivery:
    """Calls `on_batch` and `on_dead` on the caller's thread."""

    def __init__(
        self,
        on_batch: Callable[[Sequence[Received]], None],
        on_dead: Callable[[DeadLetter], None],
        stop: threading.Event,
        waits: Callable[[], Iterator[float]],
    ) -> None:
        self.error: str | None = None  # why the batch at hand is not stored yet
        self._on_batch, self._on_dead, self._stop, self._waits = on_batch, on_dead, stop, waits

    def deliver(self, judged: Sequence[Received | DeadLetter]) -> int | None:
        """Return how many became dead letters when all are stored; None when stopped before that."""
        good = [item for item in judged if isinstance(item, Received)]
        letters = [item for item in judged if isinstance(item, DeadLetter)]
        bad, failures, waits = 0, 0, self._waits()
        while not self._stop.is_set():
            try:
                if good and failures < TRIES:
                    self._on_batch(good)
                elif good:
                    letters += self._one_at_a_time(good)
                good = []
                while letters:
                    self._on_dead(letters[-1])
                    letters.pop()
                    bad += 1
                self.error = None
                return bad
            except TryAgain as reason:
                self._wait(f"the store is away: {reason}", waits)
            except Exception as error:
                log.exception("a batch could not be stored", extra={"messages": len(good), "dead": len(letters)})
                failures += 1
                self._wait(f"{type(error).__name__}: {error}", waits)
        return None

    def _one_at_a_time(self, good: Sequence[Received]) -> list[DeadLetter]:
        letters = []
        for received in good:
            try:
                self._on_batch([received])
            except TryAgain:
                raise
            except Exception as error:
                log.exception("a message could not be stored", extra={"topic": received.node(received.channel)})
                letters.append(dead(received, f"could not be stored: {type(error).__name__}: {error}"))
        return letters

    def _wait(self, error: str, waits: Iterator[float]) -> None:
        if self.error is None:
            log.warning("messages wait to be stored", extra={"reason": error})
        self.error = error[:500]
        self._stop.wait(next(waits))

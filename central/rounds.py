"""A thread that goes its rounds: the same work again and again, whatever went wrong the last time."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from central.store import StoreUnavailable
from mqtt.errors import BrokerUnavailable

log = logging.getLogger(__name__)


class Rounds:
    """Calls `work` every `every_s` seconds from `start` to `stop`; `name` stands in the log and on the thread."""

    def __init__(self, name: str, every_s: float, work: Callable[[], None]) -> None:
        self._name, self._every_s, self._work = name, every_s, work
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout=2.0)

    def _run(self) -> None:
        while not self._stop.wait(self._every_s):
            try:
                self._work()
            except BrokerUnavailable:
                pass  # the subscriber says so itself, and the next round tries again
            except StoreUnavailable as error:
                log.error("store unavailable", extra={"work": self._name, "error": str(error)})
            except Exception:
                log.exception("a round failed", extra={"work": self._name})

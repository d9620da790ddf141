"""Keep one camera connected for as long as the node runs.

A source knows how to run once and how to fail. Only this file knows about trying again.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator

from common.backoff import delays
from rtsp.errors import SourceError

log = logging.getLogger(__name__)

HEALTHY_AFTER_S = 30.0  # a session this long earns a fresh start to the waits: a link that breaks each minute is used


def supervise(
    attempt: Callable[[int], bool],
    lost: Callable[[SourceError], None],
    stop: threading.Event,
    *,
    camera_id: str,
    clock: Callable[[], float] = time.monotonic,
    waits: Callable[[], Iterator[float]] = delays,
) -> None:
    """Run `attempt(session)` again and again until `stop`, or until it returns True: there is no more to come.

    `lost` hears of every failure, also of one that is about to be tried again.
    """
    session, pending = 0, waits()
    while not stop.is_set():
        started_s = clock()
        try:
            if attempt(session):
                return
            failure = SourceError("ended", "the stream ended")
        except SourceError as error:
            failure = error
        if stop.is_set():
            return
        lost(failure)
        session += 1
        if clock() - started_s >= HEALTHY_AFTER_S:
            pending = waits()
        wait_s = next(pending)
        log.warning(
            "stream lost",
            extra={"camera": camera_id, "reason": failure.reason, "error": str(failure), "retry_s": round(wait_s, 1)},
        )
        stop.wait(wait_s)

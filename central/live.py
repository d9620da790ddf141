"""Push changes to open screens without letting a slow one hold up the rest."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

Change = dict[str, Any]


class Hub:
    """Each viewer has its own short queue. A viewer that falls behind is cut off and reloads; nobody waits for it."""

    def __init__(self, *, backlog: int = 256) -> None:
        self._backlog = backlog
        self._viewers: set[asyncio.Queue[Change | None]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lock = threading.Lock()
        self.closed = False
        self.cut_off = 0

    @property
    def viewers(self) -> int:
        return len(self._viewers)

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """Say on which loop the viewers live. Until then nobody watches, and `tell` is a no-op."""
        with self._lock:
            self._loop, self.closed = loop, False

    @contextmanager
    def join(self) -> Iterator[AsyncIterator[Change]]:
        """Give every change from now on: first join, then look at the present state, and there is no gap."""
        queue: asyncio.Queue[Change | None] = asyncio.Queue(self._backlog)
        if self.closed:
            queue.put_nowait(None)
        self._viewers.add(queue)
        try:
            yield _until_cut_off(queue)
        finally:
            self._viewers.discard(queue)

    def tell(self, changes: Sequence[Change]) -> None:
        """Show changes to every viewer. May be called from any thread; never blocks."""
        self._on_loop(lambda: self._tell_all(changes))

    def close(self) -> None:
        """Let every viewer go, so that the server can stop."""
        self._on_loop(self._close)

    def _on_loop(self, work: Callable[[], object]) -> None:
        with self._lock:
            if self._loop is not None and not self._loop.is_closed():
                self._loop.call_soon_threadsafe(work)

    def _tell_all(self, changes: Sequence[Change]) -> None:
        for change in changes:
            self._tell(change)

    def _tell(self, change: Change) -> None:
        for queue in list(self._viewers):
            if queue.qsize() >= self._backlog - 1:
                self.cut_off += 1
                self._cut(queue)
            else:
                queue.put_nowait(change)

    def _close(self) -> None:
        self.closed = True
        for queue in list(self._viewers):
            self._cut(queue)

    def _cut(self, queue: asyncio.Queue[Change | None]) -> None:
        self._viewers.discard(queue)
        queue.put_nowait(None)  # the reserved last place


async def _until_cut_off(queue: asyncio.Queue[Change | None]) -> AsyncIterator[Change]:
    while (change := await queue.get()) is not None:
        yield change

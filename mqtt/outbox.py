"""Events that must reach the city even if the network, the disk or the power goes.

An event is written here, fsync included, before anything else happens to it, and is deleted only when central says
that it has it: a broker's PUBACK means that the broker has the message, not that anyone will ever read it. So a
crash can repeat an event but never lose one. Central drops repeats by id.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TypeAlias

from mqtt.event import LARGEST_EVENT_BYTES, Event
from mqtt.outbox_disk import OutboxDisk
from mqtt.outbox_file import OutboxFile, Pending, claim
from mqtt.priority import RANKS, is_spare, rank_of
from mqtt.wire import OutboxHealth

Make: TypeAlias = Callable[[int], Event]


class Outbox:
    """One per node. Any thread may put; the courier reads and forgets.

    Bounded by `keep_events` and `keep_bytes`: the least important goes first, counted by kind in `discarded`. While the
    disk is full or broken, up to `keep_in_memory` events wait in memory under the same rule, and are written as soon
    as the disk takes them. Raises ConfigError when another process has the same outbox open.
    """

    def __init__(
        self,
        path: Path,
        *,
        boot_id: str | None = None,
        keep_events: int = 100_000,
        keep_bytes: int = 256 * 2**20,
        keep_in_memory: int = 2_000,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
        open_file: Callable[[Path], OutboxFile] = OutboxFile,
    ) -> None:
        self.boot_id = boot_id or uuid.uuid4().hex
        self.changed = threading.Event()  # something was put; whoever waits clears it first
        self.discarded: Counter[str] = Counter()  # kind → events given up since boot
        self.written = 0  # events put and ready to be read, since boot
        self._keep_events, self._keep_bytes, self._keep_in_memory = keep_events, keep_bytes, keep_in_memory
        self._clock = clock
        self._door = threading.Lock()  # numbers, and what is in memory: held for microseconds
        self._turn = threading.Lock()  # the disk: whoever holds it writes for all who wait
        self._seq = 0
        self._waiting: list[Pending] = []  # numbered, and about to be written
        self._memory: dict[str, Pending] = {}  # the disk did not take these yet
        self._gone: set[str] = set()  # confirmed, but still on a disk that can't be written
        self._claim = claim(path)
        self._disk = OutboxDisk(path, clock=clock, monotonic=monotonic, open_file=open_file)
        self._disk.write([])

    @property
    def generation(self) -> int:
        """Changes when older events have come to light: read again from the start."""
        return self._disk.generation

    def put(self, make: Make) -> Event:
        """Number an event and return it when it is on disk; see `put_many`."""
        return self.put_many([make])[0]

    def put_many(self, makes: Sequence[Make]) -> list[Event]:
        """Call each `make(seq)` with the next number of this boot, and return when all are on disk (one fsync).

        A `make` that raises uses up no number, and nothing after it is put. ValueError: the event is too large or
        does not carry the number and boot that it was given.
        """
        events = []
        try:
            for make in makes:
                events.append(self._number(make))
        finally:
            self._write_all_waiting()
            with self._door:
                self.written += len(events)
            self.changed.set()
        return events

    def after(self, marks: Sequence[int], limit: int) -> list[Pending]:
        """Return up to `limit` events beyond row `marks[rank]`: most important rank first, oldest first within it."""
        with self._door:  # memory before disk: what moves between them meanwhile is seen twice, not missed
            memory, gone = list(self._memory.values()), set(self._gone)
        found: list[Pending] = []
        for rank in range(RANKS):
            if len(found) < limit:
                rows = {p.row: p for p in memory if p.rank == rank and p.row > marks[rank]}
                rows.update((p.row, p) for p in self._disk.after(rank, marks[rank], limit - len(found)))
                found += [p for _, p in sorted(rows.items()) if p.id not in gone]
        return found[:limit]

    def delivered(self, ids: Iterable[str]) -> None:
        """Forget what central has confirmed; an id that is not here any more is no error."""
        with self._turn:
            with self._door:
                on_disk = [i for i in ids if self._memory.pop(i, None) is None]
            if on_disk and not self._disk.forget(on_disk) and len(self._gone) < self._keep_events:
                with self._door:
                    self._gone.update(self._disk.known(on_disk))

    def tend(self) -> None:
        """Write what waits in memory if the disk takes it again. The courier calls this about once a second."""
        if self._memory or self._gone or self._disk.trouble:
            with self._turn:
                self._keep([])
                self._forget_gone()

    def health(self) -> OutboxHealth:
        with self._door:
            memory, gone, seq = list(self._memory.values()), len(self._gone), self._seq
        times = [p.put_at for p in memory]
        if (on_disk := self._disk.oldest_put_at()) is not None:
            times.append(on_disk)
        return OutboxHealth(
            depth=max(0, self._disk.count - gone) + len(memory),
            bytes=max(0, self._disk.bytes) + sum(len(p.payload) for p in memory),
            oldest_age_s=max(0.0, self._clock() - min(times)) if times else 0.0,
            in_memory=len(memory),
            discarded=dict(self.discarded),
            dead_files=self._disk.dead_files,
            trouble=self._disk.trouble,
            last_seq=seq,
        )

    def close(self) -> None:
        """Write what can be written, and let the file go."""
        self._disk.retry_now()
        self.tend()
        with self._turn:
            self._disk.close()
            self._claim.close()

    def _number(self, make: Make) -> Event:
        with self._door:
            event = make(self._seq + 1)
            payload = event.to_bytes()
            if (event.data.seq, event.data.boot_id) != (self._seq + 1, self.boot_id):
                raise ValueError(f"the event must carry seq {self._seq + 1} and boot_id {self.boot_id!r}")
            if len(payload) > LARGEST_EVENT_BYTES:
                raise ValueError(f"event of {len(payload)} bytes is larger than {LARGEST_EVENT_BYTES}")
            self._seq += 1
            self._waiting.append(_pending(event, payload, self._clock()))
        return event

    def _write_all_waiting(self) -> None:
        """Write for every thread that waits, or find that another has written ours while we queued for our turn."""
        with self._turn:
            with self._door:
                batch, self._waiting = self._waiting, []
            if batch:
                self._keep(self._disk.number(batch))

    def _keep(self, batch: list[Pending]) -> None:
        with self._door:
            held = [*self._memory.values(), *batch]
        if self._disk.write(held):
            with self._door:
                self._memory.clear()
            self.discarded.update(self._disk.give_up(self._keep_events, self._keep_bytes))
        else:
            with self._door:
                self._memory.update((p.id, p) for p in batch)
                self._give_up_memory()

    def _give_up_memory(self) -> None:
        too_many = len(self._memory) - self._keep_in_memory
        if too_many > 0:
            by_worth = sorted(self._memory.values(), key=lambda p: (-p.rank, -p.spare, p.row))
            for pending in by_worth[:too_many]:
                del self._memory[pending.id]
                self.discarded[pending.kind] += 1

    def _forget_gone(self) -> None:
        if self._gone and self._disk.forget(list(self._gone)):
            with self._door:
                self._gone.clear()


def _pending(event: Event, payload: bytes, put_at: float) -> Pending:
    return Pending(
        row=0,
        id=event.id,
        rank=rank_of(event),
        spare=int(is_spare(event)),
        channel="flow" if event.kind == "line_count" else "event",
        kind=event.kind,
        put_at=put_at,
        payload=payload,
    )

"""Keep a sound outbox file at hand: wait out a full disk, move a corrupt file aside and save what it still holds."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Final, TypeVar

from mqtt.outbox_file import CorruptFile, DiskTrouble, OutboxFile, Pending, move_aside, salvage

log = logging.getLogger(__name__)

RETRY_AFTER_S: Final = 1.0
T = TypeVar("T")


class OutboxDisk:
    """All but `after` and `oldest_put_at` are called by one thread at a time; those two by any.

    No method raises: what can't be done now returns None (or nothing found), and `trouble` says why.
    """

    def __init__(
        self,
        path: Path,
        *,
        clock: Callable[[], float],
        monotonic: Callable[[], float],
        open_file: Callable[[Path], OutboxFile] = OutboxFile,
    ) -> None:
        self.count = self.bytes = 0  # on disk
        self.newest = 0  # row of the newest event, on disk or waiting in memory
        self.dead_files = 0
        self.generation = 0  # +1 when rows may have come to light that are older than those already read
        self.trouble: str | None = None
        self._path, self._clock, self._monotonic = path, clock, monotonic
        self._open_file = open_file
        self._file: OutboxFile | None = None
        self._damage: str | None = None  # found while reading; the next writer replaces the file
        self._retry_at = float("-inf")

    def number(self, batch: Sequence[Pending]) -> list[Pending]:
        """Give each the next row: the order of happening."""
        first = self.newest + 1
        self.newest += len(batch)
        return [replace(pending, row=first + i) for i, pending in enumerate(batch)]

    def write(self, held: Sequence[Pending]) -> bool:
        """Return True when all would survive a power cut, False when none has been written."""
        return self._attempt(lambda file: self._insert(file, held)) is not None

    def forget(self, ids: Sequence[str]) -> bool:
        """Return True when none of `ids` is on disk any more."""
        return self._attempt(lambda file: self._delete(file, ids)) is not None

    def give_up(self, keep_events: int, keep_bytes: int) -> list[str]:
        """Delete the least important events until both bounds hold, and return their kinds."""
        lost: list[str] = []
        while self.count > keep_events or self.bytes > keep_bytes:
            victims = self._attempt(lambda file: self._victims(file, keep_events, keep_bytes))
            if not victims or not self.forget([id_ for id_, _ in victims]):
                break
            lost += [kind for _, kind in victims]
        return lost

    def known(self, ids: Sequence[str]) -> list[str]:
        """Return those of `ids` that are on disk; all of them when that can't be told."""
        found = self._read(lambda file: file.known(ids))
        return list(ids) if found is None else found

    def after(self, rank: int, row: int, limit: int) -> list[Pending]:
        return self._read(lambda file: file.after(rank, row, limit)) or []

    def oldest_put_at(self) -> float | None:
        return self._read(lambda file: file.oldest_put_at())

    def retry_now(self) -> None:
        self._retry_at = float("-inf")

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
        self._file, self._retry_at = None, float("inf")

    def _attempt(self, work: Callable[[OutboxFile], T]) -> T | None:
        for _ in range(2):  # what a corrupt file refused, the new one takes
            try:
                if self._damage is not None:
                    raise CorruptFile(self._damage)
                done = work(self._opened())
            except CorruptFile as damage:
                self._replace_file(str(damage))
            except DiskTrouble as trouble:
                self._wait(trouble)
                return None
            else:
                self.trouble = None
                return done
        return None

    def _read(self, work: Callable[[OutboxFile], T]) -> T | None:
        file = self._file
        try:
            return work(file) if file is not None else None
        except CorruptFile as damage:
            self._damage = str(damage)
        except DiskTrouble as trouble:
            log.debug("the outbox could not be read", extra={"reason": str(trouble)})
        return None

    def _opened(self) -> OutboxFile:
        if self._monotonic() < self._retry_at:
            raise DiskTrouble(self.trouble or "closed", full=True)
        if self._file is None:
            self._file = self._open_file(self._path)
            self.count, self.bytes, newest = self._file.totals()
            self.newest = max(self.newest, newest)
            self.generation += 1
        return self._file

    def _insert(self, file: OutboxFile, held: Sequence[Pending]) -> bool:
        if held and held[0].row <= file.newest:  # numbered before this file could be opened
            held = self.number(held)
            self.generation += 1
        file.insert(held)
        self.count += len(held)
        self.bytes += sum(len(pending.payload) for pending in held)
        return True

    def _delete(self, file: OutboxFile, ids: Sequence[str]) -> bool:
        count, size = file.delete(ids)
        self.count -= count
        self.bytes -= size
        if count and self.count <= 0:
            file.shrink()
        return True

    def _victims(self, file: OutboxFile, keep_events: int, keep_bytes: int) -> list[tuple[str, str]]:
        too_many, too_large = self.count - keep_events, self.bytes - keep_bytes
        victims: list[tuple[str, str]] = []
        for id_, kind, size in file.least_worth(max(too_many, 0) + 64):
            if too_many <= 0 and too_large <= 0:
                break
            victims.append((id_, kind))
            too_many, too_large = too_many - 1, too_large - size
        return victims

    def _wait(self, trouble: DiskTrouble) -> None:
        if self._monotonic() < self._retry_at:
            return
        if self.trouble is None:
            log.error("the outbox cannot be written: events wait in memory", extra={"reason": str(trouble)})
        self.trouble, self._retry_at = str(trouble), self._monotonic() + RETRY_AFTER_S
        if not trouble.full and self._file is not None:  # a full disk may not let it be opened again
            self._file.close()
            self._file = None

    def _replace_file(self, damage: str) -> None:
        if self._file is not None:
            self._file.close()
        self._file, self._damage = None, None
        try:
            dead = move_aside(self._path, datetime.fromtimestamp(self._clock(), UTC))
            self.dead_files += 1
            saved = self._save_from(dead)
        except (DiskTrouble, CorruptFile) as trouble:
            self._wait(DiskTrouble(str(trouble)))
            return
        log.error("the outbox was corrupt", extra={"reason": damage, "moved_to": dead.name, "saved_events": saved})

    def _save_from(self, dead: Path) -> int:
        file, saved, found = self._opened(), 0, salvage(dead)
        while batch := list(islice(found, 500)):
            file.insert(batch)
            saved += len(batch)
        self.count, self.bytes, newest = file.totals()
        self.newest = max(self.newest, newest)
        self.generation += 1
        return saved

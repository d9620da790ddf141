"""The outbox's SQLite file: insert, read, delete, and say plainly whether the disk or the file is at fault."""

from __future__ import annotations

import errno
import fcntl
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Final, Literal

from common.config import ConfigError

_SCHEMA: Final = """
create table if not exists outbox (
  row integer primary key,   -- order of happening, over all boots
  id text not null unique,
  rank integer not null,     -- 0 is the most important
  spare integer not null,    -- 1: given up first within its rank
  channel text not null,
  kind text not null,
  bytes integer not null,
  put_at real not null,      -- seconds since 1970
  payload blob not null
);
create index if not exists by_rank on outbox (rank, row);
create index if not exists by_worth on outbox (rank desc, spare desc, row);
"""
_COLUMNS: Final = "row, id, rank, spare, channel, kind, put_at, payload"
_CORRUPT: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_AT_ONCE: Final = 500
_WORTH_SHRINKING_BYTES: Final = 16 * 2**20
_PASSING: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS})


class DiskTrouble(Exception):  # noqa: N818
    """The disk is full, read-only or away: the events must wait in memory. Worth another try later."""

    def __init__(self, message: str, *, full: bool = False) -> None:
        super().__init__(message)
        self.full = full  # what is open can still be read; anything else is better opened anew


class CorruptFile(Exception):  # noqa: N818
    """The file is not a sound database any more: it has to be moved aside."""


@dataclass(frozen=True, slots=True)
class Pending:
    """One event as it leaves: its bytes never change, so a repeat is recognised as one."""

    row: int
    id: str
    rank: int
    spare: int
    channel: Literal["event", "flow"]
    kind: str
    put_at: float
    payload: bytes


@contextmanager
def _plainly() -> Iterator[None]:
    """Turn SQLite's errors into the two that a caller can do something about."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", None)
        if code is not None and code & 0xFF in _CORRUPT:
            raise CorruptFile(str(error)) from error
        raise DiskTrouble(str(error), full=code == sqlite3.SQLITE_FULL) from error
    except OSError as error:
        raise DiskTrouble(error.strerror or str(error)) from error


class OutboxFile:
    """Two connections: one writes with fsync, one reads without waiting for it. Writers take turns outside.

    Every method raises `DiskTrouble` or `CorruptFile`.
    """

    def __init__(self, path: Path) -> None:
        with _plainly():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._writer = _connect(path)
            try:
                self._writer.executescript(_SCHEMA)
                _check(self._writer)
                self._reader = _connect(path)
            except BaseException:
                self._writer.close()
                raise
        self.newest = self.totals()[2]

    def totals(self) -> tuple[int, int, int]:
        """Return (events, their bytes, newest row)."""
        with _plainly():
            found = self._reader.execute("select count(*), sum(bytes), max(row) from outbox").fetchone()
        return found[0], found[1] or 0, found[2] or 0

    def insert(self, batch: Sequence[Pending]) -> None:
        """Return when the whole batch would survive a power cut; on any error none of it is kept."""
        rows = [(p.row, p.id, p.rank, p.spare, p.channel, p.kind, len(p.payload), p.put_at, p.payload) for p in batch]
        with _plainly(), self._transaction("full"):
            self._writer.executemany(
                "insert into outbox values (?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict (id) do nothing", rows
            )
        self.newest = max([self.newest, *(p.row for p in batch)])

    def delete(self, ids: Sequence[str]) -> tuple[int, int]:
        """Return (events, bytes) that are gone. Without fsync: a forgotten deletion only repeats an event."""
        gone: list[tuple[int]] = []
        with _plainly(), self._transaction("normal"):
            for start in range(0, len(ids), _AT_ONCE):
                part = ids[start : start + _AT_ONCE]
                marks = ",".join("?" * len(part))
                gone += self._writer.execute(f"delete from outbox where id in ({marks}) returning bytes", part)
        return len(gone), sum(size for (size,) in gone)

    def known(self, ids: Sequence[str]) -> list[str]:
        """Return those of `ids` that are here."""
        found: list[str] = []
        with _plainly():
            for start in range(0, len(ids), _AT_ONCE):
                part = ids[start : start + _AT_ONCE]
                marks = ",".join("?" * len(part))
                found += [id_ for (id_,) in self._reader.execute(f"select id from outbox where id in ({marks})", part)]
        return found

    def shrink(self) -> None:
        """Give a large file back to the disk once most of it is empty."""
        with _plainly():
            pages, free, size = (
                self._writer.execute(f"pragma {name}").fetchone()[0]
                for name in ("page_count", "freelist_count", "page_size")
            )
            if free * size > _WORTH_SHRINKING_BYTES and free > pages // 2:
                self._writer.execute("vacuum")

    def after(self, rank: int, row: int, limit: int) -> list[Pending]:
        """Return up to `limit` events of one rank put after `row`, oldest first."""
        query = f"select {_COLUMNS} from outbox where rank = ? and row > ? order by row limit ?"
        with _plainly():
            return [Pending(*found) for found in self._reader.execute(query, (rank, row, limit))]

    def least_worth(self, limit: int) -> list[tuple[str, str, int]]:
        """Return (id, kind, bytes) of what to give up first: lowest rank, updates before others, oldest first."""
        query = "select id, kind, bytes from outbox order by rank desc, spare desc, row limit ?"
        with _plainly():
            return [(id_, kind, size) for id_, kind, size in self._writer.execute(query, (limit,))]

    def oldest_put_at(self) -> float | None:
        with _plainly():
            found = self._reader.execute("select put_at from outbox order by row limit 1").fetchone()
        return float(found[0]) if found else None

    def close(self) -> None:
        for connection in (self._reader, self._writer):
            with suppress(sqlite3.Error):  # a broken file may refuse even this
                connection.close()

    @contextmanager
    def _transaction(self, synchronous: Literal["full", "normal"]) -> Iterator[None]:
        self._writer.execute(f"pragma synchronous = {synchronous}")
        self._writer.execute("begin immediate")
        try:
            yield
            self._writer.execute("commit")
        except BaseException:
            if self._writer.in_transaction:
                self._writer.execute("rollback")
            raise


def salvage(path: Path) -> Iterator[Pending]:
    """Yield what can still be read from a damaged file: from the front up to the damage, then from the back."""
    seen: set[int] = set()
    for order in ("", " desc"):
        with suppress(sqlite3.Error), closing(sqlite3.connect(path, isolation_level=None)) as connection:
            for found in connection.execute(f"select {_COLUMNS} from outbox not indexed order by row{order}"):
                if found[0] in seen:
                    return
                seen.add(found[0])
                yield Pending(*found)


def move_aside(path: Path, at: datetime, *, keep: int = 3) -> Path:
    """Give a dead file and its companions a name that says so, and return it; only the newest `keep` stay."""
    dead = path.with_name(f"{path.stem}.dead-{at:%Y%m%dT%H%M%S%f}Z{path.suffix}")
    with _plainly():
        for companion in ("-wal", "-shm", ""):
            with suppress(FileNotFoundError):
                path.with_name(path.name + companion).rename(dead.with_name(dead.name + companion))
        for old in sorted(path.parent.glob(f"{path.stem}.dead-*Z{path.suffix}"))[:-keep]:
            for companion in ("-wal", "-shm", ""):
                old.with_name(old.name + companion).unlink(missing_ok=True)
    return dead


def claim(path: Path) -> IO[bytes]:
    """Return an open file that marks the outbox as this process's; raises ConfigError when another has it.

    The mark goes with the process, however it ends.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        mark = path.with_name(path.name + ".lock").open("ab")
    except OSError as error:
        if error.errno in _PASSING:  # no reason not to start: events can wait in memory
            return Path(os.devnull).open("ab")
        raise ConfigError(f"{path.parent}: cannot be written: {error.strerror or error}") from error
    try:
        fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        mark.close()
        raise ConfigError(f"{path}: another process uses this outbox; give each node its own data_dir") from error
    return mark


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=5.0)
    try:
        connection.execute("pragma journal_mode = wal")
        connection.execute("pragma journal_size_limit = 16777216")
    except BaseException:
        connection.close()
        raise
    return connection


def _check(connection: sqlite3.Connection) -> None:
    verdict = connection.execute("pragma quick_check(1)").fetchone()[0]
    if verdict != "ok":
        raise CorruptFile(str(verdict))

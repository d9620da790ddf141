"""The one way into the database: short reads side by side, and writes one after the other."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import exc
from sqlalchemy.pool import ConnectionPoolEntry

log = logging.getLogger(__name__)

BUSY_TIMEOUT_MS = 2_000
_WRITERS_LOCK = 0x10CED6E  # any number that nobody else in the same PostgreSQL database uses


class StoreUnavailable(Exception):  # noqa: N818  named by what it means: keep it, and try again later
    """The database does not answer, is locked or full. Nothing was kept: try again later."""


class Store:
    """An open database. `write` gives one transaction at a time, over all processes."""

    def __init__(self, url: str) -> None:
        self.url = sa.make_url(url)
        self._engine = sa.create_engine(self.url, pool_pre_ping=self.url.get_backend_name() != "sqlite")
        if self._engine.dialect.name == "sqlite":
            sa.event.listen(self._engine, "connect", _prepare_sqlite)
            sa.event.listen(self._engine, "begin", _begin_sqlite)

    @property
    def engine(self) -> sa.Engine:
        return self._engine

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """Give a consistent view; raise StoreUnavailable when there is none."""
        with _translated(), self._engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """Give the only writer's transaction: all of it is kept, durably, or none.

        One writer at a time makes cursors appear in the order of commits, so that a reader
        that has seen cursor N never misses a smaller one that commits later.
        """
        with _translated(), self._engine.connect() as connection:
            connection = connection.execution_options(ioc_writes=True)
            with connection.begin():
                if self._engine.dialect.name == "postgresql":
                    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_WRITERS_LOCK)))
                yield connection

    def make_folder(self) -> None:
        """Make the folder of a SQLite file."""
        if self.url.get_backend_name() == "sqlite" and self.url.database not in {None, "", ":memory:"}:
            Path(str(self.url.database)).parent.mkdir(parents=True, exist_ok=True)

    def close(self) -> None:
        self._engine.dispose()


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (exc.IntegrityError, exc.DataError, exc.ProgrammingError):
        raise
    except (exc.DBAPIError, exc.TimeoutError) as error:
        raise StoreUnavailable(str(getattr(error, "orig", None) or error)) from error


def _prepare_sqlite(connection: Any, _entry: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    for pragma in (
        f"busy_timeout = {BUSY_TIMEOUT_MS}",
        "journal_mode = wal",
        "synchronous = full",  # what is confirmed to a node survives a power cut
        "foreign_keys = on",
    ):
        connection.execute(f"pragma {pragma}")


def _begin_sqlite(connection: sa.Connection) -> None:
    writes = connection.get_execution_options().get("ioc_writes", False)
    connection.exec_driver_sql("begin immediate" if writes else "begin")

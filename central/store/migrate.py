"""Bring a database to the present schema."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError

from central.store.store import Store, StoreUnavailable

_SCRIPTS = Path(__file__).resolve().parent.parent / "migrations"


class SchemaMismatch(Exception):  # noqa: N818  the operator has to do something
    """The database is not at the revision that this program was written for. The message says what to do."""


def prepare(store: Store) -> None:
    """Make a SQLite database ready; for PostgreSQL, only look whether somebody has migrated it.

    A database that several programs share is not changed because one of them has been started.
    """
    if store.url.get_backend_name() == "sqlite":
        migrate(store)
    elif (found := current(store)) != wanted():
        raise SchemaMismatch(
            f"the database is at {found or 'nothing'}, not {wanted()}: run `ioc central migrate` first"
        )


def migrate(store: Store) -> tuple[str | None, str | None]:
    """Run what is missing, and return the schema's revision before and after."""
    config = _config()
    store.make_folder()
    try:
        with store.engine.connect() as connection:
            before = MigrationContext.configure(connection).get_current_revision()
            connection.rollback()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            connection.commit()
    except sa.exc.OperationalError as error:
        raise StoreUnavailable(str(error.orig or error)) from error
    except CommandError as error:
        raise SchemaMismatch(f"the database is of another version of this program: {error}") from error
    return before, wanted()


def current(store: Store) -> str | None:
    """Return the database's revision, or None for an empty one."""
    try:
        with store.engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision()
    except sa.exc.OperationalError as error:
        raise StoreUnavailable(str(error.orig or error)) from error


def wanted() -> str | None:
    """Return the revision that this program was written for."""
    return ScriptDirectory.from_config(_config()).get_current_head()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    return config

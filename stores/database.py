"""The SQL database of a library: opening it, bringing its schema up to date, transactions.

SQLite today; everything above this module speaks SQLAlchemy only, so that a Postgres URL can take
its place.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text

from stores.errors import StoreError
from stores.faults import storage_faults

HEAD = "0001"
"""The newest schema revision: the last file in ``migrations/versions``."""

BUSY_MILLISECONDS = 10_000
"""How long a statement waits for another process. Writes take milliseconds; Source: our choice, far above them."""

_MIGRATIONS = Path(__file__).parent / "migrations"
_WRITE = "kinodex_write"


def open_database(url: str) -> Engine:
    """Opens (and creates) the database at ``url`` with its schema at `HEAD`.

    SQLite runs in WAL mode with foreign keys on and full fsync. Alembic is imported only if the schema is
    not at `HEAD` already.

    Raises:
        StoreError: LIBRARY_VERSION if a newer Kinodex wrote it; else as `storage_faults`.
    """
    engine = create_engine(url, json_serializer=_json)
    if engine.dialect.name == "sqlite":
        _prepare_sqlite(engine)
    try:
        with reading(engine) as connection:
            current = _revision(connection)
        if current != HEAD:
            _migrate(engine, current)
    except BaseException:
        engine.dispose()
        raise
    return engine


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A connection that sees one consistent state of the database.

    Raises:
        StoreError: as `storage_faults`.
    """
    with _faults(engine), engine.connect() as connection:
        yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One write transaction: committed at the end of the block, rolled back if it raises.

    Raises:
        StoreError: as `storage_faults`.
    """
    with _faults(engine), engine.connect() as connection:
        connection = connection.execution_options(**{_WRITE: True})
        with connection.begin():
            yield connection


@contextmanager
def _faults(engine: Engine) -> Iterator[None]:
    with storage_faults(f"The library's database {engine.url.database or engine.url.host}"):
        yield


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _prepare_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def on_connect(connection: sqlite3.Connection, record: object) -> None:  # noqa: ARG001
        # Python's own transaction handling begins too late and never for reads; on_begin does it instead.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {BUSY_MILLISECONDS}")
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.close()

    @event.listens_for(engine, "begin")
    def on_begin(connection: Connection) -> None:
        # A read transaction that later writes cannot wait for another writer; so writers say it at once.
        options: dict[str, Any] = dict(connection.get_execution_options())
        connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get(_WRITE) else "BEGIN")


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _migrate(engine: Engine, current: str | None) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if current is not None and current not in known:
        raise StoreError(
            "LIBRARY_VERSION",
            f"The library's database has schema {current}; this Kinodex knows only up to {HEAD}.",
            "Update Kinodex.",
        )
    with writing(engine) as connection:
        # Another process may have migrated while this one waited for the write lock; Alembic looks again.
        config.attributes["connection"] = connection
        command.upgrade(config, "head")

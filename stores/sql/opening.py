"""Opening the SQL database of a library, and bringing its schema up to date.

SQLite in the library's folder, or Postgres for several machines (`stores.sql.postgres`).
"""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, text

from stores.core.errors import StoreError, UsageError
from stores.core.places import masked
from stores.sql.database import BUSY_MILLISECONDS, WRITE_OPTION, database_faults, reading, writing
from stores.sql.lines import keys_are_current, renew_keys
from stores.sql.postgres import (
    POOL,
    connect_arguments,
    ensure_schema,
    has_table,
    is_postgres_url,
    postgres_url,
    prepare_postgres,
)

HEAD = "0023"
"""The newest schema revision: the last file in ``migrations/versions``."""

MAKE_ONE = "Name another with --library or KINODEX_LIBRARY, or create one: kinodex ingest PATH"
"""The hint of LIBRARY_MISSING."""

MIGRATIONS = Path(__file__).parent / "migrations"

SQLITE_POOL = 32
"""Connections to a file kept open by a process; three times as many when threads need them. Source: our choice: with
fewer than threads that search, these wait for each other."""


def open_database(url: str | URL, create: bool = True) -> Engine:
    """Opens (and creates) the database at ``url`` with its schema at `HEAD`.

    SQLite runs in WAL mode with foreign keys on and full fsync. On Postgres the tables are created in the first schema
    of the search path, which ``?options=-csearch_path%3Dname`` in the URL chooses (and which is created if it is
    missing): so several libraries can share one database. Several processes may open a new database at once: one
    creates the tables while the others wait. Alembic is imported only if the schema is not at `HEAD` already. If
    another version of Kinodex made the search keys (`stores.core.text_keys`), they are rebuilt.

    Args:
        url: ``sqlite:///path`` or ``postgresql://…``, the latter always through psycopg 3.
        create: create the tables if there are none.

    Raises:
        StoreError: LIBRARY_MISSING if there are no tables and ``create`` is not set; LIBRARY_VERSION if a newer
            Kinodex wrote it; else as `storage_faults`.
        UsageError: SETTINGS_INVALID as `storage_faults`, or if the driver for Postgres is not installed.
    """
    served = isinstance(url, str) and is_postgres_url(url)
    engine = _postgres(str(url)) if served else _sqlite(url)
    if engine.dialect.name == "sqlite":
        _prepare_sqlite(engine)
    try:
        with reading(engine) as connection:
            current = _revision(connection)
            keys_current = current == HEAD and keys_are_current(connection)
        if current is None and not create:
            where = masked(engine.url.render_as_string(hide_password=True))
            raise StoreError("LIBRARY_MISSING", f"There is no Kinodex library in {where}.", MAKE_ONE)
        if current != HEAD:
            if engine.dialect.name == "postgresql":
                with database_faults(engine):
                    ensure_schema(engine)
            _migrate(engine, current)
        if not keys_current:
            with writing(engine) as connection:
                renew_keys(connection)
    except BaseException:
        engine.dispose()
        raise
    return engine


def _sqlite(url: str | URL) -> Engine:
    return create_engine(url, json_serializer=_json, pool_size=SQLITE_POOL, max_overflow=2 * SQLITE_POOL)


def _postgres(url: str) -> Engine:
    address = postgres_url(url)
    pool = {"pool_pre_ping": True, "pool_size": POOL, "max_overflow": 2 * POOL}
    try:
        engine = create_engine(address, json_serializer=_json, connect_args=connect_arguments(address), **pool)
    except ImportError as error:
        message = "The driver for Postgres is not installed."
        raise UsageError("SETTINGS_INVALID", message, "Install it: pip install 'kinodex[servers]'") from error
    prepare_postgres(engine, BUSY_MILLISECONDS, WRITE_OPTION)
    return engine


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _prepare_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def on_connect(connection: sqlite3.Connection, record: object) -> None:  # noqa: ARG001
        # sqlite3 begins transactions too late, and never for reads; on_begin does it instead.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {BUSY_MILLISECONDS}")
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.close()

    @event.listens_for(engine, "begin")
    def on_begin(connection: Connection) -> None:
        # A read transaction that later writes cannot wait for another writer; so writers begin as such.
        options: dict[str, Any] = dict(connection.get_execution_options())
        connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get(WRITE_OPTION) else "BEGIN")


def _revision(connection: Connection) -> str | None:
    postgres = connection.dialect.name == "postgresql"
    name = "alembic_version"
    if not (has_table(connection, name) if postgres else inspect(connection).has_table(name)):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _migrate(engine: Engine, current: str | None) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if current is not None and current not in known:
        raise StoreError(
            "LIBRARY_VERSION",
            f"The library's database has schema {current}; this Kinodex knows only up to {HEAD}.",
            "Update Kinodex.",
        )
    with writing(engine) as connection:
        # Another process may have migrated while this one waited for the write lock; Alembic checks again.
        config.attributes["connection"] = connection
        command.upgrade(config, "head")

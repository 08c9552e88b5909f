"""The SQL database of a library: opening it, bringing its schema up to date, transactions.

SQLite in the library's folder, or Postgres for several machines (`stores.sql.postgres`); everything above this
module speaks SQLAlchemy only.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, text

from stores.core.errors import StoreError, UsageError
from stores.core.places import masked
from stores.sql.faults import storage_faults
from stores.sql.postgres import (
    POOL,
    connect_arguments,
    ensure_schema,
    has_table,
    is_postgres_url,
    postgres_url,
    prepare_postgres,
)

HEAD = "0008"
"""The newest schema revision: the last file in ``migrations/versions``."""

BUSY_MILLISECONDS = 10_000
"""How long a statement waits for another process. Writes take milliseconds; Source: our choice, far above them."""

MAKE_ONE = "Name another with --library or KINODEX_LIBRARY, or make one: kinodex ingest PATH"
"""The way out of LIBRARY_MISSING."""

_MIGRATIONS = Path(__file__).parent / "migrations"
_WRITE = "kinodex_write"


def open_database(url: str | URL, create: bool = True) -> Engine:
    """Opens (and creates) the database at ``url`` with its schema at `HEAD`.

    SQLite runs in WAL mode with foreign keys on and full fsync. On Postgres the tables go into the first schema of
    the search path, which ``?options=-csearch_path%3Dname`` in the URL chooses (and which is made if need be): so
    several libraries can share one database. Several processes may open a new database at once: one makes
    the tables while the others wait. Alembic is imported only if the schema is not at `HEAD` already. If another
    version of Kinodex made the keys that words are found by (`stores.core.text_keys`), they are made again.

    Args:
        url: ``sqlite:///path`` or ``postgresql://…``, the latter always through psycopg 3.
        create: make the tables if there are none.

    Raises:
        StoreError: LIBRARY_MISSING if there are no tables and none are to be made; LIBRARY_VERSION if a newer
            Kinodex wrote it; else as `storage_faults`.
        UsageError: SETTINGS_INVALID as `storage_faults`, or if the driver for Postgres is not installed.
    """
    served = isinstance(url, str) and is_postgres_url(url)
    engine = _postgres(str(url)) if served else create_engine(url, json_serializer=_json)
    if engine.dialect.name == "sqlite":
        _prepare_sqlite(engine)
    try:
        with reading(engine) as connection:
            current = _revision(connection)
            renewed = current == HEAD and _keys_are_current(connection)
        if current is None and not create:
            where = masked(engine.url.render_as_string(hide_password=True))
            raise StoreError("LIBRARY_MISSING", f"There is no Kinodex library in {where}.", MAKE_ONE)
        if current != HEAD:
            if engine.dialect.name == "postgresql":
                with _faults(engine):
                    ensure_schema(engine)
            _migrate(engine, current)
        if not renewed:
            _renew_keys(engine)
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
        if engine.dialect.name == "postgresql":
            connection = connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One write transaction: committed at the end of the block, rolled back if it raises.

    Write transactions of one library follow each other, whoever asks for them.

    Raises:
        StoreError: as `storage_faults`. After DATABASE_UNREACHABLE the transaction may be done all the same: the
            server may have died after it committed.
    """
    with _faults(engine), engine.connect() as connection:
        connection = connection.execution_options(**{_WRITE: True})
        if engine.dialect.name == "postgresql":
            # What was committed while this transaction waited for its turn must be seen.
            connection = connection.execution_options(isolation_level="READ COMMITTED")
        with connection.begin():
            yield connection


@contextmanager
def _faults(engine: Engine) -> Iterator[None]:
    url = engine.url
    name = f"{url.host}:{url.port or 5432}/{url.database}" if url.host else url.database
    with storage_faults(f"The library's database {name}"):
        yield


def _postgres(url: str) -> Engine:
    address = postgres_url(url)
    pool = {"pool_pre_ping": True, "pool_size": POOL, "max_overflow": 2 * POOL}
    try:
        engine = create_engine(address, json_serializer=_json, connect_args=connect_arguments(address), **pool)
    except ImportError as error:
        message = "The driver for Postgres is not installed."
        raise UsageError("SETTINGS_INVALID", message, "Install it: pip install 'kinodex[servers]'") from error
    prepare_postgres(engine, BUSY_MILLISECONDS, _WRITE)
    return engine


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
    postgres = connection.dialect.name == "postgresql"
    name = "alembic_version"
    if not (has_table(connection, name) if postgres else inspect(connection).has_table(name)):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _keys_are_current(connection: Connection) -> bool:
    # Here, since what keeps lines and tags needs this module.
    from stores.sql.lines import keys_are_current

    return keys_are_current(connection)


def _renew_keys(engine: Engine) -> None:
    from stores.sql.lines import renew_keys

    with writing(engine) as connection:
        renew_keys(connection)


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

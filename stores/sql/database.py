"""Transactions on the SQL database of a library; `stores.sql.opening` opens it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from sqlalchemy import Connection, Engine

from stores.sql.faults import storage_faults

BUSY_MILLISECONDS = 10_000
"""How long a statement waits for another process. Writes take milliseconds. Source: our choice, far above them."""

WRITE_OPTION = "kinodex_write"
"""Execution option of connections that write."""


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A read transaction, which sees one consistent snapshot of the database.

    Raises:
        StoreError: as `storage_faults`.
    """
    with database_faults(engine), engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection = connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One write transaction: committed at the end of the block, rolled back if it raises.

    Write transactions of one library are serialized across threads, processes and machines.

    Raises:
        StoreError: as `storage_faults`. After DATABASE_UNREACHABLE the transaction may be committed all the same: the
            server may have died just after.
    """
    with database_faults(engine), engine.connect() as connection:
        connection = connection.execution_options(**{WRITE_OPTION: True})
        if engine.dialect.name == "postgresql":
            # It must see what was committed while it waited for the lock.
            connection = connection.execution_options(isolation_level="READ COMMITTED")
        with connection.begin():
            yield connection


def empty_log(engine: Engine) -> None:
    """Has SQLite move its write-ahead log into the database, whose file may then be used from its beginning again.

    It would do so by itself once the log has 4 MB; small, frequent writes keep it small. It waits for nobody.
    """
    if engine.dialect.name != "sqlite":
        return
    connection = engine.raw_connection()
    try:
        # What was written is safe in the log: a full disk, for example, is for the next write to complain about.
        with suppress(sqlite3.Error):
            connection.cursor().execute("PRAGMA wal_checkpoint(PASSIVE)")
    finally:
        connection.close()


@contextmanager
def database_faults(engine: Engine) -> Iterator[None]:
    """`storage_faults` that names the database."""
    url = engine.url
    name = f"{url.host}:{url.port or 5432}/{url.database}" if url.host else url.database
    with storage_faults(f"The library's database {name}"):
        yield

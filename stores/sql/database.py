"""Transactions on the SQL database of a library; `stores.sql.opening` opens it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

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


@contextmanager
def database_faults(engine: Engine) -> Iterator[None]:
    """`storage_faults` that names the database."""
    url = engine.url
    name = f"{url.host}:{url.port or 5432}/{url.database}" if url.host else url.database
    with storage_faults(f"The library's database {name}"):
        yield

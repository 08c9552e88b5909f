"""Postgres: connections, locks and the schema with a library's tables.

Every write transaction first acquires one advisory lock of the library. So write transactions are serialized as in
SQLite, none sees a part of another, and none can deadlock.
"""

from __future__ import annotations

import os
import socket
from typing import Any

from sqlalchemy import URL, Connection, Engine, event, make_url, text

from stores.core.errors import UsageError
from stores.core.places import masked

CONNECT_SECONDS = 10
"""How long making a connection may take. Source: our choice: a reachable server answers within one."""

POOL = 5
"""Connections kept open by a process; three times as many when threads need them. Source: our choice."""

_IDLE_MILLISECONDS = 300_000
"""The server ends a transaction that is idle for so long: its process hangs or is disconnected."""

_KEEPALIVE = {"idle": 30, "interval": 10, "count": 3}
"""TCP keepalive in seconds and numbers of probes."""

_SCHEMA_KEY = 0x6B696E6F
"""Key of the lock for creating a schema ("kino"): there is no schema yet to derive a key from."""

_HIDDEN_KEY = "hashtextextended('kinodex {what} ' || current_schema(), 0)"


def is_postgres_url(url: str) -> bool:
    """Whether ``url`` names a Postgres database."""
    return url.partition(":")[0].partition("+")[0] in ("postgres", "postgresql")


def postgres_url(url: str) -> URL:
    """``url`` for SQLAlchemy with psycopg 3.

    Raises:
        UsageError: SETTINGS_INVALID if it cannot be read.
    """
    try:
        return make_url(url).set(drivername="postgresql+psycopg")
    except Exception as error:
        message = f"{masked(url)!r} is not the URL of a database."
        raise UsageError("SETTINGS_INVALID", message, "Example: postgresql://user:password@host:5432/name") from error


def connect_arguments(url: URL) -> dict[str, Any]:
    """psycopg's arguments in addition to the URL, without those that the URL sets."""
    defaults: dict[str, Any] = {
        "connect_timeout": CONNECT_SECONDS,
        "application_name": process_name(),
        "client_encoding": "utf8",
        "keepalives": 1,
        **{f"keepalives_{name}": value for name, value in _KEEPALIVE.items()},
        "tcp_user_timeout": 60_000,
    }
    return {name: value for name, value in defaults.items() if name not in url.query}


def prepare_postgres(engine: Engine, wait_milliseconds: int, write_option: str) -> None:
    """Sets timeouts on new connections, and makes write transactions acquire their lock first.

    Args:
        wait_milliseconds: how long a statement waits for a lock.
        write_option: the execution option that marks a connection as writing.
    """
    settings = {
        "lock_timeout": wait_milliseconds,
        "idle_in_transaction_session_timeout": _IDLE_MILLISECONDS,
        **{f"tcp_keepalives_{name}": value for name, value in _KEEPALIVE.items()},
    }
    setting = "SELECT " + ", ".join(f"set_config('{name}', '{value}', false)" for name, value in settings.items())
    lock = f"SELECT pg_advisory_xact_lock({key_of('write')})"

    @event.listens_for(engine, "connect")
    def on_connect(connection: Any, record: object) -> None:  # noqa: ARG001
        connection.autocommit = True
        connection.execute(setting)
        connection.autocommit = False

    @event.listens_for(engine, "begin")
    def on_begin(connection: Connection) -> None:
        options: dict[str, Any] = dict(connection.get_execution_options())
        if options.get(write_option):
            connection.exec_driver_sql(lock)


def ensure_schema(engine: Engine) -> None:
    """Creates the first schema of the search path if it does not exist.

    Raises:
        UsageError: SETTINGS_INVALID if the database cannot hold every language, or names no schema.
    """
    with engine.connect() as connection, connection.begin():
        if connection.execute(text("SHOW server_encoding")).scalar_one() != "UTF8":
            message = f"The database {engine.url.database} does not store UTF-8."
            raise UsageError("SETTINGS_INVALID", message, "Create it with ENCODING 'UTF8'.")
        if connection.execute(text("SELECT current_schema()")).scalar() is not None:
            return
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _SCHEMA_KEY})
        path = connection.execute(text("SHOW search_path")).scalar_one()
        first = next((name for part in path.split(",") if (name := part.strip().strip('"')) not in ("", "$user")), "")
        if not first:
            message = f"The search path {path!r} of the database {engine.url.database} names no schema."
            raise UsageError("SETTINGS_INVALID", message, "Add ?options=-csearch_path%3Dname to its URL.")
        quoted = engine.dialect.identifier_preparer.quote_identifier(first)
        connection.exec_driver_sql(f"CREATE SCHEMA IF NOT EXISTS {quoted}")


def has_table(connection: Connection, name: str) -> bool:
    """Whether the library's own schema has a table; other schemas of the search path do not count."""
    found = "SELECT 1 FROM pg_catalog.pg_tables WHERE schemaname = current_schema() AND tablename = :name"
    return connection.execute(text(found), {"name": name}).first() is not None


def key_of(what: str) -> str:
    """SQL for the key of the advisory lock ``what`` of the library in the current schema."""
    return _HIDDEN_KEY.format(what=what)


def process_name() -> str:
    """The name of this process among a server's connections: host and process id."""
    return f"kinodex {socket.gethostname()[:30]} pid {os.getpid()}"

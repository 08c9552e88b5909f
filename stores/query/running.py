"""Running the SQL of a checked query where it can change nothing, and not for long.

On SQLite a connection of its own, opened for reading; an authorizer allows only reading the tables behind the views. On
Postgres a read-only transaction of the library's user; to take further rights from it is up to who runs the server.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from decimal import Decimal
from functools import lru_cache
from urllib.parse import quote

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from stores.core.errors import UsageError
from stores.core.text_keys import search_key
from stores.query.rewriting import KEY_FUNCTION, Statement, Target
from stores.query.views import READ_TABLES
from stores.sql.database import BUSY_MILLISECONDS, database_faults, reading

Value = str | int | float | None
Row = tuple[Value, ...]

MAX_BYTES = 1_000_000
"""Bytes of a result, about; more is cut off. Source: our choice: a hundred times what a person reads."""

_INSTRUCTIONS = 1_000  # of SQLite's machine between two looks at the clock: some 10 microseconds
_LOCK_MILLISECONDS = 1_000
_LONGEST_TEXT = 2_000_000  # bytes of a text or a row: far above every row that a view reads
_SQLITE_LIMITS = {
    sqlite3.SQLITE_LIMIT_SQL_LENGTH: 16_000_000,
    sqlite3.SQLITE_LIMIT_COLUMN: 400,
    sqlite3.SQLITE_LIMIT_EXPR_DEPTH: 500,
    sqlite3.SQLITE_LIMIT_COMPOUND_SELECT: 50,
    sqlite3.SQLITE_LIMIT_VDBE_OP: 250_000,
    sqlite3.SQLITE_LIMIT_FUNCTION_ARG: 20,
    sqlite3.SQLITE_LIMIT_ATTACHED: 0,
    sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH: 1_000,
    sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER: 0,
    sqlite3.SQLITE_LIMIT_TRIGGER_DEPTH: 0,
    sqlite3.SQLITE_LIMIT_WORKER_THREADS: 0,
}
_SQLITE_FUNCTIONS = frozenset(
    "count sum avg min max group_concat abs round floor ceil ceiling sqrt coalesce nullif iif lower upper length "
    "substr substring trim ltrim rtrim instr replace like row_number rank dense_rank lag lead first_value last_value "
    f"json_extract json_array_length json_each {KEY_FUNCTION}".split()
)
_SERVER_CANCELLED = "57014"
_SERVER_EXHAUSTED = ("53200", "53400", "54")  # out of memory, over a limit of the configuration or of the server


def target_of(engine: Engine) -> Target:
    """What SQL to write for a library's database.

    Raises:
        StoreError: as `stores.sql.database.reading`.
    """
    if engine.dialect.name != "postgresql":
        return Target("sqlite")
    with reading(engine) as connection:
        known = "SELECT collname FROM pg_catalog.pg_collation WHERE collname IN ('pg_c_utf8', 'und-x-icu')"
        names = sorted(row[0] for row in connection.exec_driver_sql(known))
    return Target("postgres", names[0] if names else "")


def rows_of(engine: Engine, statement: Statement, seconds: float, max_rows: int) -> tuple[list[Row], bool]:
    """Up to ``max_rows`` rows, and whether there are more.

    Args:
        statement: what `stores.query.rewriting.executable` wrote; nothing else.

    Raises:
        UsageError: QUERY_LIMIT if it takes longer than ``seconds``; QUERY_REFUSED if the database cannot run it.
        StoreError: as `stores.sql.faults.storage_faults`.
    """
    with _coded_faults(seconds), database_faults(engine):
        run = _in_postgres if engine.dialect.name == "postgresql" else _in_sqlite
        return run(engine, statement, seconds, max_rows)


def _in_sqlite(engine: Engine, statement: Statement, seconds: float, max_rows: int) -> tuple[list[Row], bool]:
    path = quote(str(engine.url.database))
    opened = sqlite3.connect(f"file:{path}?mode=ro", uri=True, isolation_level=None)
    with closing(opened) as connection:
        connection.execute(f"PRAGMA busy_timeout = {min(BUSY_MILLISECONDS, int(seconds * 1000))}")
        connection.execute("PRAGMA query_only = ON")
        connection.execute("PRAGMA trusted_schema = OFF")
        # The ids of the videos are one text of the statement.
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST_TEXT + len(statement.sql))
        for limit, value in _SQLITE_LIMITS.items():
            connection.setlimit(limit, value)
        connection.create_function(KEY_FUNCTION, 1, _key, deterministic=True)
        # Its first use declares a table, which the authorizer would take for the query's doing.
        connection.execute("SELECT 1 FROM json_each('[]')").fetchall()
        connection.set_authorizer(_authorized)
        deadline = time.monotonic() + seconds
        connection.set_progress_handler(lambda: time.monotonic() > deadline, _INSTRUCTIONS)
        cursor = connection.execute(statement.sql)
        return _cut(iter(cursor), max_rows)


def _key(value: object) -> str | None:
    return None if value is None else _key_of(str(value))


@lru_cache(maxsize=10_000)
def _key_of(text: str) -> str:
    return search_key(text)


def _authorized(action: int, one: str | None, two: str | None, database: str | None, *_: object) -> int:
    """Reading the tables of the views, and the functions that `stores.query.rewriting` writes."""
    if action == sqlite3.SQLITE_SELECT:
        return sqlite3.SQLITE_OK
    if action == sqlite3.SQLITE_READ and one in READ_TABLES and database in ("main", None):
        return sqlite3.SQLITE_OK
    if action == sqlite3.SQLITE_READ and one == "":
        return sqlite3.SQLITE_OK  # a table of which no column is needed
    if action == sqlite3.SQLITE_FUNCTION and two is not None and two.lower() in _SQLITE_FUNCTIONS:
        return sqlite3.SQLITE_OK
    return sqlite3.SQLITE_DENY


def _in_postgres(engine: Engine, statement: Statement, seconds: float, max_rows: int) -> tuple[list[Row], bool]:
    milliseconds = max(1, int(seconds * 1000))
    settings = {
        "statement_timeout": f"{milliseconds}ms",
        "lock_timeout": f"{min(milliseconds, _LOCK_MILLISECONDS)}ms",
        "work_mem": "8MB",
        "max_parallel_workers_per_gather": "0",
        "jit": "off",
        "standard_conforming_strings": "on",
    }
    setting = ", ".join(f"set_config('{name}', '{value}', true)" for name, value in settings.items())
    with reading(engine) as connection, connection.begin():
        connection.exec_driver_sql(f"SELECT {setting}")
        result = connection.exec_driver_sql(statement.sql.replace("%", "%%") + " LIMIT %s", (statement.most,))
        return _cut((tuple(row) for row in result), max_rows)


def _cut(rows: Iterator[Row], max_rows: int) -> tuple[list[Row], bool]:
    found: list[Row] = []
    size = 0
    for row in rows:
        values = tuple(map(_plain, row))
        size += sum(len(value) if isinstance(value, str) else 8 for value in values)
        if len(found) == max_rows or size > MAX_BYTES:
            return found, True
        found.append(values)
    return found, False


def _plain(value: object) -> Value:
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, Decimal):
        return int(value) if value.as_tuple().exponent == 0 else float(value)
    return value if value is None or isinstance(value, (str, int, float)) else str(value)


@contextmanager
def _coded_faults(seconds: float) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, DBAPIError) as error:
        original = error.orig if isinstance(error, DBAPIError) else error
        said = next(iter(str(original).splitlines()), "")[:200].rstrip(".")
        state = getattr(original, "sqlstate", None) or ""
        if "interrupted" in said or state == _SERVER_CANCELLED:
            hint = "Ask for less: join on video_id, filter by category, video or time."
            raise UsageError("QUERY_LIMIT", f"The query took longer than {seconds:g} s.", hint) from error
        if "too big" in said or state.startswith(_SERVER_EXHAUSTED):
            raise UsageError("QUERY_LIMIT", "The query makes more text than it may.", "Ask for less.") from error
        raise UsageError("QUERY_REFUSED", f"The database cannot run the query: {said}.") from error

"""Asking a library in SQL: rows, and the evidence behind them."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property

from sqlalchemy import Engine

from stores.query.checking import CheckedQuery, checked
from stores.query.refusal import refuse
from stores.query.rewriting import Target, executable
from stores.query.running import Row, rows_of, target_of
from stores.query.schema import TableInfo, schema
from stores.query.witnesses import Witness, witness_queries

MAX_ROWS = 200
"""Rows of a result, if the caller does not say. Source: our choice: more than anybody reads."""

MOST_ROWS = 10_000

SECONDS = 0.5
"""Time of a query, if the caller does not say. Source: our choice: counts over 100,000 rows take less."""

MOST_SECONDS = 30.0

MAX_WITNESSES = 200

_VIDEO_ID = re.compile(r"[A-Za-z0-9_.:-]+")


@dataclass(frozen=True, slots=True)
class QueryResult:
    """A result.

    Attributes:
        columns: their names; rows: values in that order, numbers, texts and None.
        truncated: whether there are more rows.
        sql: the query as it was understood; running it again gives the same.
    """

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    truncated: bool
    sql: str


class GuardedSql:
    """SQL over the tables of `stores.query.schema`. It reads; nothing that is asked can change anything.

    Queries are written in the SQL of SQLite, whatever database the library has: one SELECT, with joins, WITH, UNION,
    aggregates and window functions. Safe to use from several threads.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def run(
        self, sql: str, video_ids: Collection[str] | None = None, max_rows: int = MAX_ROWS, seconds: float = SECONDS
    ) -> QueryResult:
        """Runs a query.

        Args:
            video_ids: the videos that there are for this query; None for all.
            max_rows: rows of the result, at most `MOST_ROWS`.
            seconds: its time, at most `MOST_SECONDS`.

        Raises:
            UsageError: QUERY_REFUSED if it is not allowed or cannot be run, QUERY_LIMIT if it takes too long.
            StoreError: as `stores.sql.faults.storage_faults`.
        """
        query = checked(sql)
        rows, truncated = self._rows(query, video_ids, max(1, min(max_rows, MOST_ROWS)), seconds)
        return QueryResult(query.columns, tuple(rows), truncated, query.sql)

    def witnesses(
        self, sql: str, video_ids: Collection[str] | None = None, limit: int = MAX_WITNESSES, seconds: float = SECONDS
    ) -> tuple[str, ...]:
        """Ids of the evidence that a query's result comes from: what it lists, counted or took the extreme of.

        A result of several groups is represented by some evidence of each. Of what is counted because it is missing,
        and of tables without evidence such as ``videos``, there is none.

        Raises:
            UsageError, StoreError: as `run`.
        """
        found: dict[str, None] = {}
        for witness in witness_queries(checked(sql)):
            rows, _ = self._rows(witness, video_ids, max(1, min(limit, MOST_ROWS)), seconds)
            for row in rows:
                found.update((str(row[at]), None) for at in witness.at if row[at] is not None)
        return tuple(found)[:limit]

    def tables(self) -> tuple[TableInfo, ...]:
        """The tables that can be asked."""
        return tuple(schema().values())

    @cached_property
    def _target(self) -> Target:
        return target_of(self._engine)

    def _rows(
        self, query: CheckedQuery | Witness, video_ids: Collection[str] | None, max_rows: int, seconds: float
    ) -> tuple[list[Row], bool]:
        for video_id in video_ids or ():
            if not _VIDEO_ID.fullmatch(video_id):
                refuse(f"{video_id[:60]!r} is not the id of a video.", "Ids are those of the table videos.")
        try:
            statement = executable(query.tree, self._target, video_ids, max_rows + 1)
        except RecursionError:
            refuse("The query is nested too deeply.")
        return rows_of(self._engine, statement, min(seconds, MOST_SECONDS), max_rows)

"""The full-text index over all evidence: what was said, written, seen or measured.

Lines and queries are compared by their keys (`stores.core.text_keys`). FTS5's unicode61 tokenizer treats a run of
Chinese characters as one word. So every such character is stored as a word of its own, and a run in a query becomes
phrases of two neighbouring characters, the usual length of a Chinese word. `stores.sql.fulltext_sqlite` and
`stores.sql.fulltext_postgres` store the same words and return the same results.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, func, insert, select, text

from stores.core.records import Channel
from stores.core.text_keys import key_words
from stores.sql import fulltext_postgres
from stores.sql.database import reading
from stores.sql.fulltext_common import best_lines, frequencies
from stores.sql.fulltext_postgres import PostgresLines
from stores.sql.fulltext_sqlite import SqliteLines
from stores.sql.fulltext_terms import terms_of
from stores.sql.tables import EVIDENCE, FULLTEXT, CounterRow, IndexedLineRow

_INDEXED = ("evidence_id", "video_id", "channel", "body")


@dataclass(frozen=True, slots=True)
class TextHit:
    """One line that matches. ``score``: BM25, higher is better, comparable within a search only."""

    evidence_id: str
    video_id: str
    channel: Channel
    score: float


def spaced(body: str) -> str:
    """``body`` as SQLite's index stores it: the keys of its words, each CJK character a word."""
    return " ".join(key_words(body))


class FullText:
    """Searches the full-text index of one database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._size: tuple[int, tuple[int, float]] = (-1, (0, 1.0))

    def search(
        self,
        query: str,
        k: int,
        video_ids: Sequence[str] | None = None,
        channels: Iterable[Channel] | None = None,
    ) -> list[TextHit]:
        """The ``k`` best lines, best first; ties in the order of their ids.

        Exact while no term of the query is common (`stores.sql.fulltext_common`), as in every small library.

        Args:
            video_ids: only these videos (None: all).
            channels: only these channels (None: all).

        Raises:
            StoreError: as `stores.sql.database.reading`.
        """
        terms = terms_of(query)
        if not terms:
            return []
        wanted = None if channels is None else list(channels)
        with reading(self._engine) as connection:
            index: SqliteLines | PostgresLines
            if connection.dialect.name == "postgresql":
                index = PostgresLines(connection, self._size_of(connection), video_ids, wanted)
            else:
                index = SqliteLines(connection, video_ids, wanted)
            found = frequencies(index, terms)
            if found.common:
                lines = best_lines(index, found, k)
                return [TextHit(row.evidence_id, row.video_id, row.channel, score) for row, score in lines]
            rows = index.scored(found.rare, k)
        return [TextHit(*row) for row in rows]

    def _size_of(self, connection: Connection) -> tuple[int, float]:
        revision = connection.execute(select(CounterRow.value).where(CounterRow.name == "revision")).scalar() or 0
        if self._size[0] != revision:
            # Queried once between two commits.
            self._size = revision, fulltext_postgres.index_size(connection)
        return self._size[1]


def indexed_body(connection: Connection, search_text: str) -> str:
    """``search_text`` as the index of that database stores it."""
    if connection.dialect.name == "postgresql":
        return fulltext_postgres.body_of(key_words(search_text))
    return spaced(search_text)


def index_lines(connection: Connection, video_id: str, stage: str, nothing: bool = False) -> None:
    """Replaces the lines of one stage of one video by its rows in the view ``evidence``.

    Call it in the transaction that changed the rows, after the stage run became active.

    Args:
        nothing: whether there are certainly neither lines to replace nor rows to add.
    """
    if nothing:
        return
    forget_lines(connection, video_id, stage)
    of_stage = (EVIDENCE.c.video_id == video_id) & (EVIDENCE.c.stage == stage)
    add_lines(connection, connection.execute(EVIDENCE.select().where(of_stage)).all())


def add_lines(connection: Connection, rows: Sequence[Any]) -> None:
    """Adds the lines of rows of the view ``evidence``, the last one as the newest."""
    if not rows:
        return
    lines = [
        {
            "evidence_id": row.evidence_id,
            "video_id": row.video_id,
            "stage": row.stage,
            "channel": row.channel,
            "body": indexed_body(connection, row.search_text),
        }
        for row in rows
    ]
    if connection.dialect.name == "postgresql":
        fulltext_postgres.index_rows(connection, lines)
        return
    # Two bulk inserts with numbers of our own: a video may have thousands of labels.
    first = (connection.execute(select(func.max(IndexedLineRow.line))).scalar() or 0) + 1
    owners = [{"line": first + n, "video_id": row.video_id, "stage": row.stage} for n, row in enumerate(rows)]
    numbered = [{"rowid": first + n, **{name: line[name] for name in _INDEXED}} for n, line in enumerate(lines)]
    connection.execute(insert(IndexedLineRow), owners)
    connection.execute(FULLTEXT.insert(), numbered)


def forget_lines(connection: Connection, video_id: str, stage: str) -> None:
    """Removes the lines of one stage of one video."""
    if connection.dialect.name == "postgresql":
        fulltext_postgres.forget_rows(connection, video_id, stage)
        return
    values = {"video_id": video_id, "stage": stage}
    chosen = "FROM evidence_lines WHERE video_id = :video_id AND stage = :stage"
    connection.execute(text(f"DELETE FROM evidence_fts WHERE rowid IN (SELECT line {chosen})"), values)
    connection.execute(text(f"DELETE {chosen}"), values)

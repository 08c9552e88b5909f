"""The full-text index on Postgres: a table with a `tsvector` column, searched and ranked in SQL.

A line is stored as the plain words that `stores.sql.fulltext` searches (no punctuation, no accents, every CJK
character a word), so that Postgres's parser has nothing to interpret and finds what FTS5 finds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, text

from stores.sql.fulltext_common import COMMON, FEW_LINES, IndexedLine
from stores.sql.fulltext_terms import K1, B, Term, weight

LONGEST_WORD = 255
"""Letters of a word that are indexed. Source: our choice; Postgres refuses words of 2,048 bytes in a query."""

MEASURED = 50_000
"""Lines whose mean length is used for all. Source: our choice; above, the number of lines is Postgres's estimate."""

LONGEST_LINE = 200_000
"""Bytes of a line that are indexed. Source: our choice; a tsvector holds 1 MiB."""

_INSERT = text(
    "INSERT INTO evidence_fts (evidence_id, video_id, stage, channel, body) "
    "VALUES (:evidence_id, :video_id, :stage, :channel, :body)"
)
_DELETE = text("DELETE FROM evidence_fts WHERE video_id = :video_id AND stage = :stage")
_SIZE = text(
    "SELECT count(*), coalesce(avg(words), 1), "
    "(SELECT reltuples FROM pg_class WHERE oid = 'evidence_fts'::regclass) "
    "FROM (SELECT length(tsv) AS words FROM evidence_fts LIMIT :measured) AS measured"
)
_COUNT = text(
    "SELECT count(*) FROM (SELECT 1 FROM evidence_fts WHERE tsv @@ to_tsquery('pg_catalog.simple', :term) LIMIT :limit)"
    " AS matching"
)
_SAMPLE = text(
    "SELECT line FROM evidence_fts WHERE tsv @@ to_tsquery('pg_catalog.simple', :term) ORDER BY line DESC LIMIT :limit"
)
_COLUMNS = "line, evidence_id, video_id, channel, body"
_SCORED = (
    "WITH asked AS MATERIALIZED ("
    "SELECT to_tsquery('pg_catalog.simple', word) AS term, weight "
    "FROM unnest(CAST(:terms AS text[]), CAST(:weights AS float8[])) AS given (word, weight)) "
    "SELECT {columns}, "
    "(SELECT coalesce(sum(weight), 0) FROM asked WHERE tsv @@ term)"
    f" * {K1 + 1} / (1 + {K1} * ({1 - B} + {B} * length(tsv) / :mean)) AS score "
    "FROM evidence_fts WHERE tsv @@ to_tsquery('pg_catalog.simple', :anything){wanted} "
    "ORDER BY score DESC, evidence_id LIMIT :limit"
)


def term_of(words: Sequence[str], prefix: bool) -> str:
    """One term for `to_tsquery`: adjacent words, or a word or prefix. Words are letters and digits."""
    quoted = " <-> ".join(f"'{word[:LONGEST_WORD]}'" for word in words)
    return f"({quoted})" if len(words) > 1 else quoted + (":*" if prefix else "")


def body_of(words: Iterable[str]) -> str:
    """A line as the table stores it."""
    body = " ".join(word[:LONGEST_WORD] for word in words).encode()
    return body[:LONGEST_LINE].decode("utf-8", "ignore")


class PostgresLines:
    """`LineIndex` for one search, in some videos and channels or in all (None).

    Args:
        size: as `index_size`; it may be a little old.
    """

    def __init__(
        self,
        connection: Connection,
        size: tuple[int, float],
        video_ids: Sequence[str] | None,
        channels: Sequence[str] | None,
    ) -> None:
        self._connection = connection
        self._size = size
        self._values: dict[str, Any] = {}
        self._wanted = ""
        self._of_videos = video_ids is not None
        self.limited = video_ids is not None or channels is not None
        if channels is not None:
            self._wanted += " AND channel = ANY(CAST(:channels AS text[]))"
            self._values["channels"] = list(channels)
        if video_ids is not None:
            self._wanted += " AND video_id = ANY(CAST(:videos AS text[]))"
            self._values["videos"] = list(video_ids)

    def scored(
        self, hits: Mapping[Term, int], k: int, columns: str = "evidence_id, video_id, channel"
    ) -> Sequence[Any]:
        """The ``k`` best lines that contain one of the terms, and their scores, best first.

        The score is BM25 with every term counted once a line: lines are short.

        Args:
            hits: how many lines contain each term.
        """
        words = [term_of(term.words, term.prefix) for term in hits]
        values = {
            "terms": words,
            "weights": [weight(count, self._size[0]) for count in hits.values()],
            "anything": " | ".join(words),
            "mean": self._size[1],
        }
        return self._rows(_SCORED.replace("{columns}", columns), k, values)

    def count(self, term: Term) -> int:
        """As `LineIndex`."""
        values = {"term": term_of(term.words, term.prefix), "limit": COMMON}
        return int(self._connection.execute(_COUNT, values).scalar_one())

    def sample(self, term: Term, limit: int) -> list[int]:
        """As `LineIndex`."""
        values = {"term": term_of(term.words, term.prefix), "limit": limit}
        return list(self._connection.execute(_SAMPLE, values).scalars())

    def newest(self, all_of: Sequence[Sequence[Term]], limit: int, after: int = 0) -> list[int]:
        """As `LineIndex`."""
        groups = (" | ".join(term_of(term.words, term.prefix) for term in group) for group in all_of)
        statement = (
            "SELECT line FROM evidence_fts WHERE tsv @@ to_tsquery('pg_catalog.simple', :asked) "
            "AND line > :after{wanted} ORDER BY line DESC LIMIT :limit"
        )
        values = {"asked": " & ".join(f"({group})" for group in groups), "after": after}
        return [row[0] for row in self._rows(statement, limit, values)]

    def ranked(self, terms: Sequence[Term], limit: int) -> list[int]:
        """As `LineIndex`."""
        return [row[0] for row in self.scored(dict.fromkeys(terms, 1), limit, "line")]

    def read(self, lines: Sequence[int]) -> list[IndexedLine]:
        """As `LineIndex`."""
        statement = text(f"SELECT {_COLUMNS} FROM evidence_fts WHERE line = ANY(CAST(:lines AS bigint[]))")
        return [IndexedLine(*row) for row in self._connection.execute(statement, {"lines": list(lines)})]

    def few(self) -> list[IndexedLine] | None:
        """As `LineIndex`."""
        if not self._of_videos:
            return None
        rows = self._rows(f"SELECT {_COLUMNS} FROM evidence_fts WHERE true{{wanted}} LIMIT :limit", FEW_LINES + 1, {})
        return None if len(rows) > FEW_LINES else [IndexedLine(*row) for row in rows]

    def last(self) -> int:
        """As `LineIndex`."""
        return int(self._connection.execute(text("SELECT coalesce(max(line), 0) FROM evidence_fts")).scalar_one())

    def _rows(self, statement: str, limit: int, values: Mapping[str, Any]) -> Sequence[Any]:
        every = {**self._values, **values, "limit": limit}
        return self._connection.execute(text(statement.replace("{wanted}", self._wanted)), every).all()


def index_size(connection: Connection) -> tuple[int, float]:
    """The approximate number of lines, and the mean number of different words in one."""
    lines, mean, estimated = connection.execute(_SIZE, {"measured": MEASURED}).one()
    return max(int(lines), int(estimated) if lines == MEASURED else 0), max(float(mean), 1.0)


def index_rows(connection: Connection, lines: Sequence[Mapping[str, str]]) -> None:
    """Adds lines: ``evidence_id``, ``video_id``, ``stage``, ``channel`` and ``body`` each."""
    if lines:
        connection.execute(_INSERT, list(lines))


def forget_rows(connection: Connection, video_id: str, stage: str) -> None:
    """Removes the rows of one stage of one video."""
    connection.execute(_DELETE, {"video_id": video_id, "stage": stage})

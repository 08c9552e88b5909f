"""The full-text index on Postgres: a table with a `tsvector` column, searched and ranked in SQL.

A line is stored as the bare words that `stores.sql.fulltext` would look for (no punctuation, no accents, every CJK
character a word), so that Postgres's parser has nothing to interpret and finds what FTS5 finds.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, text

K1, B = 1.2, 0.75
"""BM25's constants. Source: those of SQLite's FTS5, https://sqlite.org/fts5.html#the_bm25_function."""

LONGEST_WORD = 255
"""Letters of a word that count. Source: our choice; Postgres refuses words of 2,048 bytes in a query."""

LONGEST_LINE = 200_000
"""Bytes of a line that are indexed. Source: our choice; a tsvector holds 1 MiB."""

_INSERT = text(
    "INSERT INTO evidence_fts (evidence_id, video_id, stage, channel, body) "
    "VALUES (:evidence_id, :video_id, :stage, :channel, :body)"
)
_DELETE = text("DELETE FROM evidence_fts WHERE video_id = :video_id AND stage = :stage")
_SIZE = text("SELECT count(*), coalesce(avg(length(tsv)), 1) FROM evidence_fts")
_SEARCH = (
    "WITH asked AS MATERIALIZED ("
    "SELECT term, greatest(ln((greatest(:lines, hits) - hits + 0.5) / (hits + 0.5)), 1e-6) AS weight FROM ("
    "SELECT term, (SELECT count(*) FROM evidence_fts WHERE tsv @@ term) AS hits FROM ("
    "SELECT to_tsquery('pg_catalog.simple', word) AS term FROM unnest(CAST(:terms AS text[])) AS word"
    ") AS parsed) AS counted) "
    "SELECT evidence_id, video_id, channel, "
    "(SELECT coalesce(sum(weight), 0) FROM asked WHERE tsv @@ term)"
    f" * {K1 + 1} / (1 + {K1} * ({1 - B} + {B} * length(tsv) / :mean)) AS score "
    "FROM evidence_fts WHERE tsv @@ to_tsquery('pg_catalog.simple', :anything) "
    "AND channel = ANY(CAST(:channels AS text[])) {videos}"
    "ORDER BY score DESC, evidence_id LIMIT :k"
)


def folded(line: str) -> str:
    """``line`` as it is compared: NFKC, no case, no accents on letters."""
    spread = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", line).casefold())
    # Only the accents of alphabets: the marks of Japanese kana make other sounds, not the same letter.
    return unicodedata.normalize("NFC", "".join(c for c in spread if not "\u0300" <= c <= "\u036f"))


def term_of(words: Sequence[str], prefix: bool) -> str:
    """One term for `to_tsquery`: neighbouring words, or one word or its beginning. Words are letters and digits."""
    quoted = " <-> ".join(f"'{word[:LONGEST_WORD]}'" for word in words)
    return f"({quoted})" if len(words) > 1 else quoted + (":*" if prefix else "")


def body_of(words: Iterable[str]) -> str:
    """A line as it is stored."""
    body = " ".join(word[:LONGEST_WORD] for word in words).encode()
    return body[:LONGEST_LINE].decode("utf-8", "ignore")


def search(
    connection: Connection,
    size: tuple[int, float],
    terms: Sequence[str],
    k: int,
    video_ids: Sequence[str] | None,
    channels: Sequence[str],
) -> Sequence[Any]:
    """The ``k`` best lines as rows of evidence id, video id, channel and score, best first.

    The score is BM25 with every term counted once a line: lines are short.

    Args:
        size: as `index_size`; it may be a little old.
        terms: of `term_of`, at least one; a line must match one of them.
    """
    values: dict[str, Any] = {"terms": list(terms), "anything": " | ".join(terms), "channels": list(channels), "k": k}
    values |= {"lines": size[0], "mean": size[1]}
    videos = ""
    if video_ids is not None:
        videos = "AND video_id = ANY(CAST(:videos AS text[])) "
        values["videos"] = list(video_ids)
    return connection.execute(text(_SEARCH.replace("{videos}", videos)), values).all()


def index_size(connection: Connection) -> tuple[int, float]:
    """How many lines there are, and how many different words one has on average."""
    lines, mean = connection.execute(_SIZE).one()
    return int(lines), max(float(mean), 1.0)


def index_rows(connection: Connection, lines: Sequence[Mapping[str, str]]) -> None:
    """Adds lines: ``evidence_id``, ``video_id``, ``stage``, ``channel`` and ``body`` each."""
    if lines:
        connection.execute(_INSERT, list(lines))


def forget_rows(connection: Connection, video_id: str, stage: str) -> None:
    """Removes the rows of one stage of one video."""
    connection.execute(_DELETE, {"video_id": video_id, "stage": stage})

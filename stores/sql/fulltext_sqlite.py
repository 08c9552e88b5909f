"""The full-text index on SQLite: an FTS5 table, which finds its rows by number only."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, text

from stores.sql.fulltext_common import COMMON, FEW_LINES, IndexedLine
from stores.sql.fulltext_terms import Term

_COUNT = text("SELECT count(*) FROM (SELECT rowid FROM evidence_fts WHERE evidence_fts MATCH :expression LIMIT :limit)")
_SAMPLE = text("SELECT rowid FROM evidence_fts WHERE evidence_fts MATCH :expression ORDER BY rowid DESC LIMIT :limit")
_COLUMNS = "f.rowid, f.evidence_id, f.video_id, f.channel, f.body"


def expression(*groups: Sequence[Term]) -> str:
    """A well-formed FTS5 expression for lines that contain one term of every group."""
    return " AND ".join(f"({' OR '.join(_quoted(term) for term in group)})" for group in groups)


class SqliteLines:
    """`LineIndex` for one search, in some videos and channels or in all (None)."""

    def __init__(self, connection: Connection, video_ids: Sequence[str] | None, channels: Sequence[str] | None) -> None:
        self._connection = connection
        self._values: dict[str, Any] = {}
        self._wanted = ""
        self._of_videos = video_ids is not None
        self.limited = video_ids is not None or channels is not None
        if channels is not None:
            self._wanted += " AND channel IN (SELECT value FROM json_each(:channels))"
            self._values["channels"] = json.dumps(list(channels))
        if video_ids is not None:
            self._wanted += " AND video_id IN (SELECT value FROM json_each(:videos))"
            self._values["videos"] = json.dumps(list(video_ids))

    def scored(self, hits: Mapping[Term, int], k: int) -> Sequence[Any]:
        """The ``k`` best lines that contain one of the terms: evidence id, video id, channel and score; best first.

        Args:
            hits: how many lines contain each term.
        """
        statement = (
            "SELECT evidence_id, video_id, channel, -bm25(evidence_fts) AS score FROM evidence_fts "
            f"WHERE evidence_fts MATCH :expression{self._wanted} ORDER BY score DESC, evidence_id LIMIT :limit"
        )
        return self._rows(statement, expression(list(hits)), k)

    def count(self, term: Term) -> int:
        """As `LineIndex`."""
        values = {"expression": expression([term]), "limit": COMMON}
        return int(self._connection.execute(_COUNT, values).scalar_one())

    def sample(self, term: Term, limit: int) -> list[int]:
        """As `LineIndex`."""
        values = {"expression": expression([term]), "limit": limit}
        return list(self._connection.execute(_SAMPLE, values).scalars())

    def newest(self, all_of: Sequence[Sequence[Term]], limit: int, after: int = 0) -> list[int]:
        """As `LineIndex`."""
        newer = " AND rowid > :after" if after else ""
        statement = (
            f"SELECT rowid FROM evidence_fts WHERE evidence_fts MATCH :expression{newer}{self._wanted} "
            "ORDER BY rowid DESC LIMIT :limit"
        )
        return [
            row[0] for row in self._rows(statement, expression(*all_of), limit, **({"after": after} if after else {}))
        ]

    def ranked(self, terms: Sequence[Term], limit: int) -> list[int]:
        """As `LineIndex`."""
        matching = f"evidence_fts MATCH :expression{self._wanted}"
        statement = f"SELECT rowid FROM evidence_fts WHERE {matching} ORDER BY rank LIMIT :limit"
        return [row[0] for row in self._rows(statement, expression(terms), limit)]

    def read(self, lines: Sequence[int]) -> list[IndexedLine]:
        """As `LineIndex`."""
        statement = text(
            f"SELECT {_COLUMNS} FROM evidence_fts AS f WHERE f.rowid IN (SELECT value FROM json_each(:lines))"
        )
        return [IndexedLine(*row) for row in self._connection.execute(statement, {"lines": json.dumps(list(lines))})]

    def few(self) -> list[IndexedLine] | None:
        """As `LineIndex`."""
        if not self._of_videos:
            return None
        owned = "FROM evidence_lines WHERE video_id IN (SELECT value FROM json_each(:videos))"
        counted = text(f"SELECT count(*) FROM (SELECT 1 {owned} LIMIT {FEW_LINES + 1})")
        videos = {"videos": self._values["videos"]}
        if self._connection.execute(counted, videos).scalar_one() > FEW_LINES:
            return None
        statement = text(
            f"SELECT {_COLUMNS} FROM evidence_fts AS f WHERE f.rowid IN (SELECT line {owned}){self._wanted}"
        )
        return [IndexedLine(*row) for row in self._connection.execute(statement, self._values)]

    def last(self) -> int:
        """As `LineIndex`."""
        return int(self._connection.execute(text("SELECT coalesce(max(line), 0) FROM evidence_lines")).scalar_one())

    def _rows(self, statement: str, match: str, limit: int, **more: int) -> Sequence[Any]:
        values = {**self._values, **more, "expression": match, "limit": limit}
        return self._connection.execute(text(statement), values).all()


def _quoted(term: Term) -> str:
    return f'"{" ".join(term.words)}"' + ("*" if term.prefix else "")

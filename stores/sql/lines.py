"""The full-text lines as they lie in the index, for checking them and for making them anew."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, select, text

from stores.sql.fulltext import index_lines, indexed_body
from stores.sql.tables import EVIDENCE, StageRunRow


@dataclass(frozen=True, slots=True, order=True)
class Line:
    """One line of the full-text index. ``body``: as `stores.sql.fulltext.indexed_body` makes it."""

    evidence_id: str
    stage: str
    channel: str
    body: str


def indexed_lines(connection: Connection, video_id: str) -> list[Line]:
    """The lines of one video as they are, sorted."""
    if _has_owners(connection):
        chosen = (
            "SELECT f.evidence_id, l.stage, f.channel, f.body FROM evidence_lines AS l "
            "JOIN evidence_fts AS f ON f.rowid = l.line WHERE l.video_id = :video_id AND f.video_id = l.video_id"
        )
    else:
        chosen = "SELECT evidence_id, stage, channel, body FROM evidence_fts WHERE video_id = :video_id"
    return sorted(Line(*row) for row in connection.execute(text(chosen), {"video_id": video_id}))


def expected_lines(connection: Connection, video_id: str) -> list[Line]:
    """The lines of one video as they should be, sorted."""
    rows = connection.execute(EVIDENCE.select().where(EVIDENCE.c.video_id == video_id))
    return sorted(
        Line(row.evidence_id, row.stage, row.channel, indexed_body(connection, row.search_text)) for row in rows
    )


def count_lines(connection: Connection) -> int:
    """All lines, also those that no video owns; the larger number if lines and their owners differ."""
    tables = ("evidence_fts", "evidence_lines") if _has_owners(connection) else ("evidence_fts",)
    return max(int(connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()) for table in tables)


def index_all_lines(connection: Connection) -> int:
    """Makes all lines anew from what readers see, in the caller's transaction, and returns their number."""
    connection.execute(text("DELETE FROM evidence_fts"))
    if _has_owners(connection):
        connection.execute(text("DELETE FROM evidence_lines"))
    shown = select(StageRunRow.video_id, StageRunRow.stage).where(StageRunRow.active)
    for row in connection.execute(shown.order_by(StageRunRow.video_id, StageRunRow.stage)).all():
        index_lines(connection, row.video_id, row.stage)
    return count_lines(connection)


def _has_owners(connection: Connection) -> bool:
    # FTS5 cannot look up its rows by anything but their number; Postgres has a table like any other.
    return connection.dialect.name == "sqlite"

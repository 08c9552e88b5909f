"""The lines of the full-text index: checking and rebuilding them."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, delete, func, insert, select, text

from stores.core.text_keys import VERSION, name_key
from stores.sql.fulltext import add_lines, indexed_body
from stores.sql.tables import EVIDENCE, CounterRow, StageRunRow, TagAliasRow, TagRow

_AT_ONCE = 200  # videos whose lines are read in one query
_KEYS = "text_keys"


@dataclass(frozen=True, slots=True, order=True)
class Line:
    """One line of the full-text index. ``body``: as `stores.sql.fulltext.indexed_body` makes it."""

    evidence_id: str
    stage: str
    channel: str
    body: str


def indexed_lines(connection: Connection, video_id: str) -> list[Line]:
    """The lines of one video in the index, sorted."""
    if _has_owners(connection):
        chosen = (
            "SELECT f.evidence_id, l.stage, f.channel, f.body FROM evidence_lines AS l "
            "JOIN evidence_fts AS f ON f.rowid = l.line WHERE l.video_id = :video_id AND f.video_id = l.video_id"
        )
    else:
        chosen = "SELECT evidence_id, stage, channel, body FROM evidence_fts WHERE video_id = :video_id"
    return sorted(Line(*row) for row in connection.execute(text(chosen), {"video_id": video_id}))


def expected_lines(connection: Connection, video_id: str) -> list[Line]:
    """The lines of one video as they should be in the index, sorted."""
    rows = connection.execute(EVIDENCE.select().where(EVIDENCE.c.video_id == video_id))
    return sorted(
        Line(row.evidence_id, row.stage, row.channel, indexed_body(connection, row.search_text)) for row in rows
    )


def count_lines(connection: Connection) -> int:
    """The number of all lines, including those of no video; the larger one if lines and their owners differ."""
    tables = ("evidence_fts", "evidence_lines") if _has_owners(connection) else ("evidence_fts",)
    return max(int(connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()) for table in tables)


def index_all_lines(connection: Connection) -> int:
    """Rebuilds all lines from what readers see, in the caller's transaction, and returns their number.

    The lines of the videos that were processed last become the newest ones.
    """
    connection.execute(text("DELETE FROM evidence_fts"))
    if _has_owners(connection):
        connection.execute(text("DELETE FROM evidence_lines"))
    last = func.max(StageRunRow.finished_at)
    ordered = select(StageRunRow.video_id).where(StageRunRow.active).group_by(StageRunRow.video_id)
    videos = connection.execute(ordered.order_by(last, StageRunRow.video_id)).scalars().all()
    for first in range(0, len(videos), _AT_ONCE):
        batch = videos[first : first + _AT_ONCE]
        rows = connection.execute(EVIDENCE.select().where(EVIDENCE.c.video_id.in_(batch))).all()
        place = {video_id: number for number, video_id in enumerate(batch)}
        add_lines(connection, sorted(rows, key=lambda row: (place[row.video_id], row.stage)))
    return count_lines(connection)


def keys_are_current(connection: Connection) -> bool:
    """Whether the lines and the names of tags have the keys that queries use now."""
    return connection.execute(select(CounterRow.value).where(CounterRow.name == _KEYS)).scalar() == VERSION


def renew_keys(connection: Connection) -> None:
    """Rebuilds the keys of lines and tags after a change of `stores.core.text_keys`, in the caller's transaction."""
    if keys_are_current(connection):
        return
    tags = connection.execute(select(TagRow.tag_id, TagRow.name)).all()
    aliases = connection.execute(select(TagAliasRow.tag_id, TagAliasRow.ordinal, TagAliasRow.alias)).all()
    if tags:
        keyed = [{"id": row.tag_id, "key": name_key(row.name)} for row in tags]
        connection.execute(text("UPDATE tags SET folded = :key WHERE tag_id = :id"), keyed)
    if aliases:
        keyed = [{"id": row.tag_id, "n": row.ordinal, "key": name_key(row.alias)} for row in aliases]
        connection.execute(text("UPDATE tag_aliases SET folded = :key WHERE tag_id = :id AND ordinal = :n"), keyed)
    index_all_lines(connection)
    connection.execute(delete(CounterRow).where(CounterRow.name == _KEYS))
    connection.execute(insert(CounterRow).values(name=_KEYS, value=VERSION))


def _has_owners(connection: Connection) -> bool:
    # FTS5 finds its rows by number only; on Postgres the index is an ordinary table.
    return connection.dialect.name == "sqlite"

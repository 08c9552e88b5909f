"""What reads need so that they cost what they answer: standings kept by triggers, names of files, what vectors mean.

The SQL stands here as it was when this was written: `stores.sql.standing` may go on from it.
"""

from pathlib import PurePosixPath
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

# SQLite orders by bytes; Postgres does as its owner chose, unless told.
_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")

_STANDING = """CASE
WHEN EXISTS (SELECT 1 FROM stage_runs r WHERE r.video_id = {video} AND r.stage = 'vectors' AND r.active) THEN 3
WHEN NOT EXISTS (SELECT 1 FROM locations l WHERE l.video_id = {video} AND NOT l.missing) THEN 0
WHEN EXISTS (SELECT 1 FROM stage_runs r WHERE r.video_id = {video} AND r.status IN ('failed', 'quarantined')) THEN 2
ELSE 1 END"""
_COUNTERS = {"videos_known": ">= 1", "videos_failed": "= 2", "videos_indexed": "= 3"}


def _set(video: str) -> str:
    """One video's standing, written only where it is another."""
    standing = _STANDING.format(video=video)
    return f"UPDATE videos SET standing = {standing} WHERE video_id = {video} AND standing <> {standing};"


def _count(new: str, old: str) -> str:
    """The counters after a standing went from ``old`` to ``new``, either of which may be a number."""
    return "".join(
        f"UPDATE counters SET value = value + (CASE WHEN {new} {condition} THEN 1 ELSE 0 END) "
        f"- (CASE WHEN {old} {condition} THEN 1 ELSE 0 END) WHERE name = '{name}';"
        for name, condition in _COUNTERS.items()
    )


# (name, table, event, further condition in SQLite and Postgres alike, what is done)
_OWNERS = (("stage_runs", "video_id, stage, status, active"), ("locations", "video_id, missing"))


def _triggers() -> list[tuple[str, str, str, str, str]]:
    found = []
    for table, columns in _OWNERS:
        found += [
            (f"{table}_came", table, "INSERT", "", _set("NEW.video_id")),
            (f"{table}_went", table, "DELETE", "", _set("OLD.video_id")),
            (f"{table}_changed", table, f"UPDATE OF {columns}", "", _set("NEW.video_id")),
            (
                f"{table}_moved",
                table,
                "UPDATE OF video_id",
                "OLD.video_id <> NEW.video_id",
                _set("OLD.video_id"),
            ),
        ]
    return [
        *found,
        (
            "videos_stand",
            "videos",
            "UPDATE OF standing",
            "OLD.standing <> NEW.standing",
            _count("NEW.standing", "OLD.standing"),
        ),
        ("videos_came", "videos", "INSERT", "NEW.standing <> 0", _count("NEW.standing", "0")),
        ("videos_went", "videos", "DELETE", "OLD.standing <> 0", _count("0", "OLD.standing")),
    ]


def _name_files(connection: sa.Connection) -> None:
    locations = sa.table("locations", sa.column("uri"), sa.column("name"), sa.column("stem"))
    uris = connection.execute(sa.select(locations.c.uri)).scalars().all()
    rows: list[dict[str, Any]] = [
        {"at": uri, "as_name": PurePosixPath(uri).name, "as_stem": PurePosixPath(uri).stem} for uri in uris
    ]
    change = sa.update(locations).where(locations.c.uri == sa.bindparam("at"))
    if rows:
        connection.execute(change.values(name=sa.bindparam("as_name"), stem=sa.bindparam("as_stem")), rows)


def upgrade() -> None:
    connection = op.get_bind()
    op.add_column("videos", sa.Column("standing", sa.BigInteger(), nullable=False, server_default="0"))
    for name in ("name", "stem"):
        op.add_column("locations", sa.Column(name, _TEXT, nullable=False, server_default=sa.text("''")))
    _name_files(connection)
    for name in ("name", "stem"):
        op.create_index(f"ix_locations_{name}", "locations", [name])
    for name in ("channel", "clip_id", "evidence_id"):
        op.add_column("vectors_index", sa.Column(name, _TEXT, nullable=True))
    for name in ("start_tick", "end_tick"):
        op.add_column("vectors_index", sa.Column(name, sa.BigInteger(), nullable=True))
    op.execute(f"UPDATE videos SET standing = {_STANDING.format(video='videos.video_id')}")
    for name, condition in _COUNTERS.items():
        op.execute(f"DELETE FROM counters WHERE name = '{name}'")
        count = f"(SELECT count(*) FROM videos WHERE standing {condition})"
        op.execute(f"INSERT INTO counters (name, value) SELECT '{name}', {count}")
    postgres = connection.dialect.name == "postgresql"
    for name, table, event, condition, action in _triggers():
        when = f" WHEN ({condition})" if condition else ""
        if not postgres:
            op.execute(f"CREATE TRIGGER {name} AFTER {event} ON {table} FOR EACH ROW{when} BEGIN {action} END")
            continue
        body = f"BEGIN {action} RETURN NULL; END"
        op.execute(f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $${body}$$")
        op.execute(f"CREATE TRIGGER {name} AFTER {event} ON {table} FOR EACH ROW{when} EXECUTE FUNCTION {name}()")


def downgrade() -> None:
    raise NotImplementedError("A library is not made older; restore it from a backup.")

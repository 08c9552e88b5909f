"""The first schema: every table, the view ``evidence`` and, on SQLite, the full-text table.

Frozen: later changes get a revision of their own.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_CITABLE = (
    ("utterances", "speech", "text", "text", "confidence"),
    ("screen_texts", "screen", "text", "text", "confidence"),
    ("labels", "picture", "name", "search_text", "score"),
    ("tracklets", "object", "category", "search_text", "confidence"),
    ("facts", "format", "text", "text", "confidence"),
)


# SQLite orders by bytes; Postgres does as its owner chose, unless told.
_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def _text(name: str, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, _TEXT, **{"nullable": False, **options})


def _int(name: str, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, sa.BigInteger(), **{"nullable": False, **options})


def _float(name: str, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, sa.Float(), **{"nullable": False, **options})


def _json(name: str, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, sa.JSON(), **{"nullable": False, **options})


def _record_table(name: str, *columns: sa.Column[Any], citable: bool = False) -> None:
    evidence = (_text("evidence_id", unique=True),) if citable else ()
    op.create_table(
        name,
        _text("video_id", primary_key=True),
        _text("stage", primary_key=True),
        _int("ordinal", primary_key=True),
        _text("fingerprint"),
        _int("start_tick"),
        _int("end_tick"),
        *evidence,
        *columns,
    )


def _ledger() -> None:
    op.create_table(
        "videos",
        _text("video_id", primary_key=True),
        _text("sha256", unique=True),
        _int("size"),
        *(_int(name, nullable=True) for name in ("duration", "time_base_numerator", "time_base_denominator")),
        *(_int(name, nullable=True) for name in ("start_pts", "width", "height", "rotation")),
        *(_int(name, nullable=True) for name in ("frame_rate_numerator", "frame_rate_denominator")),
        sa.Column("variable_frame_rate", sa.Boolean(), nullable=True),
        *(_text(name, nullable=True) for name in ("video_codec", "audio_codec", "container")),
        _json("warnings", nullable=True),
    )
    op.create_table(
        "locations",
        _text("uri", primary_key=True),
        sa.Column("video_id", _TEXT, sa.ForeignKey("videos.video_id"), nullable=False, index=True),
        _int("size"),
        _int("mtime_ns"),
        _float("seen_at"),
        sa.Column("missing", sa.Boolean(), nullable=False),
    )
    op.create_table(
        "input_errors", _text("uri", primary_key=True), _text("error_code"), _text("error_message"), _float("seen_at")
    )
    op.create_table(
        "stage_runs",
        _text("video_id", primary_key=True),
        _text("stage", primary_key=True),
        _text("fingerprint", primary_key=True),
        _text("status"),
        sa.Column("active", sa.Boolean(), nullable=False),
        _int("attempts"),
        _text("error_code"),
        _text("error_message"),
        _text("worker"),
        _float("started_at"),
        _float("finished_at", nullable=True),
        _float("seconds"),
    )
    where = sa.text("active")
    op.create_index(
        "one_active_run", "stage_runs", ["video_id", "stage"], unique=True, sqlite_where=where, postgresql_where=where
    )
    op.create_table(
        "runs",
        sa.Column("run_id", sa.Integer(), primary_key=True, autoincrement=True),
        _text("command"),
        _text("worker"),
        _float("started_at"),
        _float("finished_at", nullable=True),
        _json("summary"),
    )
    op.create_table("counters", _text("name", primary_key=True), _int("value"))


def _records() -> None:
    _record_table("scenes", _text("scene_id"))
    _record_table("clips", _text("clip_id", unique=True), _int("keyframe"), _text("thumbnail"))
    _record_table("utterances", _text("text"), _text("language"), _float("confidence"), _json("words"), citable=True)
    _record_table("screen_texts", _text("text"), _float("confidence"), _json("box"), citable=True)
    _record_table(
        "labels",
        *(_text(name) for name in ("clip_id", "concept", "name", "name_zh")),
        _json("broader"),
        _float("score"),
        _float("peak"),
        _text("search_text"),
        citable=True,
    )
    _record_table(
        "tracklets",
        *(_text(name) for name in ("concept", "category", "category_zh")),
        _json("broader"),
        _text("appearance"),
        _text("motion"),
        _json("trajectory"),
        _text("audio"),
        _float("confidence"),
        _text("search_text"),
        citable=True,
    )
    _record_table("facts", _text("text"), _float("confidence"), citable=True)
    _record_table("voices")


def _indexes() -> None:
    op.create_table(
        "vectors_index",
        _text("collection", primary_key=True),
        _text("vector_id", primary_key=True),
        _text("video_id"),
        _text("stage"),
        _text("fingerprint"),
    )
    op.create_index("vectors_of_stage", "vectors_index", ["video_id", "stage"])
    op.create_table(
        "blobs_index",
        _text("video_id", primary_key=True),
        _text("stage", primary_key=True),
        _text("fingerprint"),
        _text("name", primary_key=True),
        _int("size"),
    )
    op.create_table(
        "evidence_lines",
        sa.Column("line", sa.Integer(), primary_key=True, autoincrement=True),
        _text("video_id"),
        _text("stage"),
    )
    op.create_index("lines_of_stage", "evidence_lines", ["video_id", "stage"])
    selects = (
        f"SELECT e.evidence_id, e.video_id, e.stage, e.fingerprint, e.start_tick, e.end_tick, '{channel}' AS channel, "
        f"e.{shown} AS text, e.{searched} AS search_text, e.{confidence} AS confidence FROM {table} AS e "
        "JOIN stage_runs AS r ON r.video_id = e.video_id AND r.stage = e.stage AND r.fingerprint = e.fingerprint "
        "WHERE r.active"
        for table, channel, shown, searched, confidence in _CITABLE
    )
    op.execute(f"CREATE VIEW evidence AS {' UNION ALL '.join(selects)}")
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "CREATE VIRTUAL TABLE evidence_fts USING fts5("
            "evidence_id UNINDEXED, video_id UNINDEXED, channel UNINDEXED, body, tokenize = 'unicode61')"
        )


def _tags() -> None:
    op.create_table(
        "tags",
        _text("tag_id", primary_key=True),
        _int("position", unique=True),
        _text("name"),
        _text("folded", index=True),
        *(_text(name) for name in ("facet", "parent", "language", "status")),
    )
    op.create_table(
        "tag_aliases",
        sa.Column("tag_id", _TEXT, sa.ForeignKey("tags.tag_id"), primary_key=True, nullable=False),
        _int("ordinal", primary_key=True),
        _text("alias"),
        _text("folded", index=True),
    )
    op.create_table(
        "decisions",
        sa.Column("video_id", _TEXT, sa.ForeignKey("videos.video_id"), primary_key=True, nullable=False),
        _text("tag_id", primary_key=True, index=True),
        _text("origin", primary_key=True),
        _int("ordinal"),
        _text("decision"),
        _float("confidence"),
        _json("recalled_by"),
        _json("scores"),
        _float("decided_at"),
    )
    op.create_table(
        "decision_evidence",
        _text("video_id", primary_key=True),
        _text("tag_id", primary_key=True),
        _text("origin", primary_key=True),
        _int("ordinal", primary_key=True),
        _text("evidence_id"),
    )


def upgrade() -> None:
    _ledger()
    _records()
    _indexes()
    _tags()


def downgrade() -> None:
    raise NotImplementedError("The first schema has nothing before it.")

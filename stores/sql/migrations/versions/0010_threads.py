"""Conversations: threads, turns, claims, citations and run events."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

# SQLite orders by bytes; Postgres does as its owner chose, unless told.
_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def _text(name: str, *more: Any, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, _TEXT, *more, **{"nullable": False, **options})


def _whole(name: str, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, sa.BigInteger(), nullable=False, **options)


def _real(name: str, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Float(), nullable=nullable)


def _flag(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Boolean(), nullable=False)


def _of_turn() -> sa.Column[Any]:
    return _text("turn_id", sa.ForeignKey("turns.turn_id"), primary_key=True)


def upgrade() -> None:
    op.create_table(
        "threads",
        _text("thread_id", primary_key=True),
        _text("title"),
        _flag("scoped"),
        _whole("turns"),
        _real("created_at"),
        _real("changed_at"),
    )
    op.create_index("ix_threads_changed_at", "threads", ["changed_at"])
    op.create_table(
        "thread_videos",
        _text("thread_id", sa.ForeignKey("threads.thread_id"), primary_key=True),
        _text("video_id", primary_key=True),
        _whole("ordinal"),
    )
    op.create_index("ix_thread_videos_video_id", "thread_videos", ["video_id"])
    op.create_table(
        "turns",
        _text("turn_id", primary_key=True),
        _text("thread_id", sa.ForeignKey("threads.thread_id")),
        _whole("ordinal"),
        *(_text(name) for name in ("question", "stand_alone", "status", "answer")),
        _flag("abstained"),
        _flag("removed"),
        *(_text(name) for name in ("mode", "error_code", "error_message")),
        _whole("attempt"),
        _text("owner"),
        _real("lease_until"),
        _flag("cancel_asked"),
        *(_whole(name) for name in ("events", "calls", "tokens")),
        *(_real(name) for name in ("seconds", "cost", "started_at")),
        _real("finished_at", nullable=True),
    )
    op.create_index("turns_in_order", "turns", ["thread_id", "ordinal"], unique=True)
    running = sa.text("status = 'running'")
    op.create_index(
        "one_running_turn", "turns", ["thread_id"], unique=True, sqlite_where=running, postgresql_where=running
    )
    op.create_table("turn_videos", _of_turn(), _text("video_id", primary_key=True))
    op.create_index("ix_turn_videos_video_id", "turn_videos", ["video_id"])
    op.create_table(
        "claims",
        _of_turn(),
        _whole("ordinal", primary_key=True),
        *(_text(name) for name in ("text", "basis", "sql", "value")),
    )
    op.create_table(
        "citations",
        _of_turn(),
        _whole("claim", primary_key=True),
        _whole("ordinal", primary_key=True),
        _text("evidence_id"),
        _text("video_id"),
        *(_whole(name) for name in ("start_tick", "end_tick", "time_base_numerator", "time_base_denominator")),
        _text("channel"),
        _text("quote"),
    )
    op.create_index("ix_citations_video_id", "citations", ["video_id"])
    op.create_table(
        "run_events",
        _of_turn(),
        _whole("number", primary_key=True),
        _text("kind"),
        sa.Column("payload", sa.JSON(), nullable=False),
        _real("at"),
    )


def downgrade() -> None:
    raise NotImplementedError("A library is not made older; restore it from a backup.")

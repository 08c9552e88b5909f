"""Jobs and their events; what people decide about tags: the queue of decisions to review, and who decided what."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

# SQLite orders by bytes; Postgres does as its owner chose, unless told.
_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")

_THRESHOLD = 0.6  # stores.tags.queueing.THRESHOLD when this was written


def _text(name: str, *more: Any, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, _TEXT, *more, **{"nullable": False, **options})


def _whole(name: str, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, sa.BigInteger(), nullable=False, **options)


def _real(name: str, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Float(), nullable=nullable)


def upgrade() -> None:
    op.create_table(
        "jobs",
        _text("job_id", primary_key=True),
        _text("kind"),
        sa.Column("arguments", sa.JSON(), nullable=False),
        _text("owner"),
        _text("state"),
        _real("share"),
        _text("note"),
        sa.Column("totals", sa.JSON(), nullable=False),
        sa.Column("report", sa.JSON(), nullable=True),
        *(_text(name) for name in ("error_code", "error_message", "error_hint")),
        _whole("attempt"),
        _whole("deaths"),
        _text("worker"),
        _real("lease_until"),
        sa.Column("cancel_asked", sa.Boolean(), nullable=False),
        _whole("events"),
        _text("idempotency_key"),
        _text("request"),
        _real("created_at"),
        _real("started_at", nullable=True),
        _real("finished_at", nullable=True),
    )
    op.create_index("jobs_by_state", "jobs", ["state", "created_at"])
    op.create_index("jobs_by_owner", "jobs", ["owner", "created_at"])
    op.create_index("jobs_by_age", "jobs", ["created_at", "job_id"])
    keyed = sa.text("idempotency_key <> ''")
    op.create_index(
        "one_job_for_a_key",
        "jobs",
        ["owner", "idempotency_key"],
        unique=True,
        sqlite_where=keyed,
        postgresql_where=keyed,
    )
    op.create_table(
        "job_events",
        _text("job_id", sa.ForeignKey("jobs.job_id"), primary_key=True),
        _whole("number", primary_key=True),
        _text("kind"),
        sa.Column("payload", sa.JSON(), nullable=False),
        _real("at"),
    )
    op.create_index("job_events_by_kind", "job_events", ["job_id", "kind", "number"])
    op.create_table(
        "review_queue",
        _text("video_id", primary_key=True),
        _text("tag_id", primary_key=True),
        _real("uncertainty"),
        _real("score"),
    )
    op.create_index("review_by_uncertainty", "review_queue", ["uncertainty", "video_id", "tag_id"])
    op.create_index("review_of_tag", "review_queue", ["tag_id", "uncertainty", "video_id"])
    op.create_table(
        "reviews",
        sa.Column("review_id", sa.Integer(), primary_key=True, autoincrement=True),
        _text("undo"),
        _text("video_id"),
        _text("tag_id"),
        *(_text(name) for name in ("verdict", "by_id", "by_name", "automatic", "model")),
        _real("score", nullable=True),
        sa.Column("former", sa.JSON(), nullable=True),
        _real("at"),
        _real("undone_at", nullable=True),
    )
    op.create_index("reviews_by_undo", "reviews", ["undo"])
    op.create_index("reviews_of_decision", "reviews", ["video_id", "tag_id", "review_id"])
    op.execute(
        "INSERT INTO review_queue (video_id, tag_id, uncertainty, score) "
        f"SELECT a.video_id, a.tag_id, abs(a.confidence - {_THRESHOLD}), a.confidence FROM decisions AS a "
        "WHERE a.origin = 'automatic' AND NOT EXISTS (SELECT 1 FROM decisions AS p "
        "WHERE p.video_id = a.video_id AND p.tag_id = a.tag_id AND p.origin = 'person')"
    )


def downgrade() -> None:
    raise NotImplementedError("A library is not made older; restore it from a backup.")

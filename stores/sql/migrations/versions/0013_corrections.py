"""Corrections: what persons wrote in place of what was recognised."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def _text(name: str, *more: Any, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, sa.Text(), *more, **{"nullable": False, **options})


def _whole(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.BigInteger(), nullable=False)


def upgrade() -> None:
    op.create_table(
        "corrections",
        _text("correction_id", primary_key=True),
        _text("video_id", sa.ForeignKey("videos.video_id")),
        _text("stage"),
        *(_whole(name) for name in ("start_tick", "end_tick", "time_base_numerator", "time_base_denominator")),
        _text("evidence_id"),
        _text("original"),
        sa.Column("original_confidence", sa.Float(), nullable=True),
        _text("text"),
        _whole("version"),
        _text("state"),
        _text("author"),
        sa.Column("made_at", sa.Float(), nullable=False),
        sa.Column("ended_at", sa.Float(), nullable=True),
        _text("embedded"),
    )
    op.create_index("ix_corrections_evidence_id", "corrections", ["evidence_id"])
    op.create_index("corrections_of_stage", "corrections", ["video_id", "stage"])
    active = sa.text("state = 'active' AND evidence_id <> ''")
    op.create_index(
        "one_active_correction",
        "corrections",
        ["evidence_id"],
        unique=True,
        sqlite_where=active,
        postgresql_where=active,
    )


def downgrade() -> None:
    raise NotImplementedError("A library is not made older; restore it from a backup.")

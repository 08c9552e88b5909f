"""The vocabulary lives: what was changed by whom, what changed of decisions, what steps put away, and proposals."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"

# SQLite orders by bytes; Postgres does as its owner chose, unless told.
_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def _text(name: str, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, _TEXT, **{"nullable": False, **options})


def _real(name: str, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, sa.Float(), **{"nullable": False, **options})


def _number(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Integer(), primary_key=True, autoincrement=True)


def upgrade() -> None:
    op.create_table(
        "tag_changes",
        _number("change_id"),
        *(_text(name) for name in ("step", "action", "tag_id", "by_id", "by_name")),
        _real("at"),
        sa.Column("before", sa.JSON(), nullable=True),
        sa.Column("after", sa.JSON(), nullable=True),
        _real("undone_at", nullable=True),
    )
    op.create_index("tag_changes_of_step", "tag_changes", ["step", "change_id"])
    op.create_index("tag_changes_of_tag", "tag_changes", ["tag_id", "change_id"])
    op.create_table(
        "decision_changes",
        _number("change_id"),
        *(_text(name) for name in ("video_id", "tag_id", "origin", "before", "after", "by_id", "by_name")),
        _real("confidence", nullable=True),
        _real("at"),
    )
    op.create_index("decision_changes_of_tag", "decision_changes", ["tag_id", "change_id"])
    op.create_index("decision_changes_of_video", "decision_changes", ["video_id"])
    op.create_table(
        "tag_shelf",
        _number("shelf_id"),
        *(_text(name) for name in ("step", "kind", "video_id", "tag_id")),
        sa.Column("row", sa.JSON(), nullable=False),
    )
    op.create_index("tag_shelf_of_step", "tag_shelf", ["step", "shelf_id"])
    op.create_index("tag_shelf_of_video", "tag_shelf", ["video_id"])
    op.create_table(
        "tag_proposals",
        _text("proposal_id", primary_key=True),
        *(_text(name) for name in ("name", "folded", "kind", "source", "tag_id", "language", "status")),
        sa.Column("support", sa.BigInteger(), nullable=False),
        _real("score"),
        _real("likeness"),
        _real("made_at"),
        *(_text(name) for name in ("by_id", "by_name")),
        _real("decided_at", nullable=True),
    )
    op.create_index("tag_proposals_by_score", "tag_proposals", ["status", "score"])
    op.create_index("ix_tag_proposals_folded", "tag_proposals", ["folded"])
    op.create_table(
        "tag_proposal_videos",
        _text("proposal_id", primary_key=True),
        _text("video_id", primary_key=True),
        _text("evidence_id"),
        _text("example"),
    )
    op.create_index("tag_proposals_of_video", "tag_proposal_videos", ["video_id"])
    op.create_index("ix_tags_parent", "tags", ["parent"])


def downgrade() -> None:
    raise NotImplementedError("A library is not made older; restore it from a backup.")

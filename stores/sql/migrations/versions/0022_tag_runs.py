"""When each video was last decided about in a batch, and from what; decisions that wait for the end of their batch."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    texts = ("evidence", "vocabulary", "ranker", "status", "error_code", "error_message", "worker")
    op.create_table(
        "tag_runs",
        sa.Column("video_id", sa.Text(), sa.ForeignKey("videos.video_id"), primary_key=True),
        *(sa.Column(name, sa.Text(), nullable=False) for name in texts),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("finished_at", sa.Float(), nullable=False),
        sa.Column("decisions", sa.JSON(), nullable=True),
    )
    op.create_index("tag_runs_by_status", "tag_runs", ["status", "video_id"])


def downgrade() -> None:
    raise NotImplementedError("A library is not made older; restore it from a backup.")

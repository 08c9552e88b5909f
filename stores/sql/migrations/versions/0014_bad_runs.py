"""What failed in the order in which it was tried: stages that ended badly, and files that could not be read."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    bad = sa.text("status IN ('failed', 'quarantined')")
    op.create_index(
        "bad_runs",
        "stage_runs",
        ["started_at", "video_id", "stage"],
        sqlite_where=bad,
        postgresql_where=bad,
        if_not_exists=True,
    )
    op.create_index("input_errors_by_time", "input_errors", ["seen_at", "uri"], if_not_exists=True)


def downgrade() -> None:
    raise NotImplementedError("A library is not made older; restore it from a backup.")

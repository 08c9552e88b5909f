"""Frame hashes by the time they were done, so that the index of them is brought up to date by what is new."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    of_stage = sa.text("stage = 'frame_hashes'")
    op.create_index(
        "frame_hashes_by_end",
        "stage_runs",
        ["finished_at"],
        sqlite_where=of_stage,
        postgresql_where=of_stage,
        if_not_exists=True,
    )


def downgrade() -> None:
    raise NotImplementedError("A library is not made older; restore it from a backup.")

"""Strikes apart from attempts; the number of a run's rows and the hash of every blob, for
`stores.maintenance.verify`."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    # Added columns with a default, not a batch: SQLite would have to rename the table under the view ``evidence``.
    op.add_column("stage_runs", sa.Column("strikes", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("stage_runs", sa.Column("row_count", sa.BigInteger(), nullable=True))
    op.add_column("blobs_index", sa.Column("sha256", sa.Text(), nullable=False, server_default=sa.text("''")))
    op.execute("UPDATE stage_runs SET strikes = attempts WHERE status IN ('quarantined', 'running')")


def downgrade() -> None:
    raise NotImplementedError("A library is not made older; restore it from a backup.")

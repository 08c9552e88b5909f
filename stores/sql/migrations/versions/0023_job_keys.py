"""Which API key ordered a job: its owner says only whose job it is."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    op.add_column("jobs", sa.Column("key_id", sa.Text(), nullable=False, server_default=sa.text("''")))
    # A key that sees less than its user owns what it orders.
    op.execute("UPDATE jobs SET key_id = owner WHERE owner IN (SELECT key_id FROM api_keys)")


def downgrade() -> None:
    raise NotImplementedError("A library is not made older; restore it from a backup.")

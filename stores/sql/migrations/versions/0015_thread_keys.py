"""Which API key began a thread: one that sees less than its user sees no other threads of that user."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.add_column("threads", sa.Column("key_id", sa.Text(), nullable=False, server_default=sa.text("''")))
    # Who asked the first question began the thread.
    first = "SELECT t.key_id FROM turns t WHERE t.thread_id = threads.thread_id ORDER BY t.ordinal LIMIT 1"
    op.execute(f"UPDATE threads SET key_id = coalesce(({first}), '')")


def downgrade() -> None:
    raise NotImplementedError("A library is not made older; restore it from a backup.")

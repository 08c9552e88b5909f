"""Lines on Postgres are numbered as they come, as in SQLite; all lines are made again when the library is opened.

Older versions of Kinodex must not open the library any more: they would keep and look for words under other keys.
"""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    op.execute("ALTER TABLE evidence_fts ADD COLUMN line bigint GENERATED ALWAYS AS IDENTITY")
    op.create_index("evidence_fts_newest", "evidence_fts", ["line"])


def downgrade() -> None:
    raise NotImplementedError("A library is not made older; restore it from a backup.")

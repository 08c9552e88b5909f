"""What a library on servers needs: its identity, and on Postgres a full-text table of its own."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "about", sa.Column("name", sa.Text(), primary_key=True), sa.Column("value", sa.Text(), nullable=False)
    )
    if op.get_bind().dialect.name != "postgresql":
        return
    op.execute(
        "CREATE TABLE evidence_fts ("
        'evidence_id text COLLATE "C" PRIMARY KEY, video_id text COLLATE "C" NOT NULL, '
        'stage text COLLATE "C" NOT NULL, channel text COLLATE "C" NOT NULL, body text NOT NULL, '
        "tsv tsvector GENERATED ALWAYS AS (to_tsvector('pg_catalog.simple', body)) STORED)"
    )
    op.create_index("evidence_fts_words", "evidence_fts", ["tsv"], postgresql_using="gin")
    op.create_index("evidence_fts_of_stage", "evidence_fts", ["video_id", "stage"])


def downgrade() -> None:
    raise NotImplementedError("A library is not made older; restore it from a backup.")

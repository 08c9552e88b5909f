"""Vectors of tags, kept so that a tagger encodes only what is new."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

# SQLite orders by bytes; Postgres does as its owner chose, unless told.
_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "tag_vectors",
        sa.Column("chunk_id", _TEXT, primary_key=True, nullable=False),
        sa.Column("space", _TEXT, nullable=False),
        sa.Column("keys", sa.LargeBinary(), nullable=False),
        sa.Column("numbers", sa.LargeBinary(), nullable=False),
        sa.Column("checksum", sa.BigInteger(), nullable=False),
    )
    op.create_index("ix_tag_vectors_space", "tag_vectors", ["space"])


def downgrade() -> None:
    raise NotImplementedError("A library is not made older; restore it from a backup.")

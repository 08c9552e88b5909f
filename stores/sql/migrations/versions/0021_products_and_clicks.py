"""Products of videos, searches that led to them, and indexes of labels and objects by what they name."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"


# SQLite orders by bytes; Postgres does as its owner chose, unless told.
_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def _text(name: str, *more: Any, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, _TEXT, *more, **{"nullable": False, **options})


def upgrade() -> None:
    op.create_table(
        "products",
        _text("product_id", primary_key=True),
        _text("title"),
        sa.Column("category", sa.JSON(), nullable=False),
        sa.Column("attributes", sa.JSON(), nullable=False),
        _text("folded"),
        sa.Column("changed_at", sa.Float(), nullable=False),
    )
    op.create_table(
        "video_products",
        _text("video_id", sa.ForeignKey("videos.video_id"), primary_key=True),
        _text("product_id", sa.ForeignKey("products.product_id"), primary_key=True),
    )
    op.create_index("ix_video_products_product_id", "video_products", ["product_id"])
    op.create_table(
        "search_clicks",
        _text("video_id", sa.ForeignKey("videos.video_id"), primary_key=True),
        _text("folded", primary_key=True),
        _text("origin", primary_key=True),
        _text("query"),
        sa.Column("clicks", sa.BigInteger(), nullable=False),
        sa.Column("last_at", sa.Float(), nullable=False),
    )
    op.create_index("ix_search_clicks_folded", "search_clicks", ["folded"])
    op.create_index("labels_by_concept", "labels", ["concept", "score"])
    op.create_index("tracklets_by_concept", "tracklets", ["concept", "confidence"])


def downgrade() -> None:
    raise NotImplementedError("A library is not made older; restore it from a backup.")

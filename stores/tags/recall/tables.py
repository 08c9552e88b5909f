"""The tables of what videos are sold with and what people looked for, and the indexes by which tags find videos."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from stores.sql.tables import Base, JsonList, LabelRow, TrackletRow


class ProductRow(Base):
    """A product: ``category`` its path, the general first; ``attributes`` [name, value] each."""

    __tablename__ = "products"
    product_id: Mapped[str] = mapped_column(primary_key=True)
    title: Mapped[str]
    category: Mapped[JsonList]
    attributes: Mapped[JsonList]
    folded: Mapped[str]
    """All its words, as `stores.core.text_keys.search_key` gives them, for looking up names in."""
    changed_at: Mapped[float]


class VideoProductRow(Base):
    """That a video shows, or is sold with, a product."""

    __tablename__ = "video_products"
    video_id: Mapped[str] = mapped_column(ForeignKey("videos.video_id"), primary_key=True)
    product_id: Mapped[str] = mapped_column(ForeignKey("products.product_id"), primary_key=True, index=True)


class ClickRow(Base):
    """How often a search led to a video: ``folded`` its words (`stores.core.text_keys.search_key`), ``query`` as it was
    last written; ``origin``: ``import`` or ``log``."""

    __tablename__ = "search_clicks"
    video_id: Mapped[str] = mapped_column(ForeignKey("videos.video_id"), primary_key=True)
    folded: Mapped[str] = mapped_column(primary_key=True, index=True)
    origin: Mapped[str] = mapped_column(primary_key=True)
    query: Mapped[str]
    clicks: Mapped[int]
    last_at: Mapped[float]


Index("labels_by_concept", LabelRow.concept, LabelRow.score)
Index("tracklets_by_concept", TrackletRow.concept, TrackletRow.confidence)

"""The tables of review: what is to be looked at by a person, and what people decided."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Index, Integer
from sqlalchemy.orm import Mapped, mapped_column

from stores.sql.tables import Base


class ReviewQueueRow(Base):
    """An automatic decision that no person has decided about; it is kept so that the next ones cost one look."""

    __tablename__ = "review_queue"
    video_id: Mapped[str] = mapped_column(primary_key=True)
    tag_id: Mapped[str] = mapped_column(primary_key=True)
    uncertainty: Mapped[float]
    score: Mapped[float]


Index("review_by_uncertainty", ReviewQueueRow.uncertainty, ReviewQueueRow.video_id, ReviewQueueRow.tag_id)
Index("review_of_tag", ReviewQueueRow.tag_id, ReviewQueueRow.uncertainty, ReviewQueueRow.video_id)


class ReviewRow(Base):
    """One decision by a person: who, when, about what, and what stood there before.

    ``undo``: shared by what was decided at once; ``automatic``, ``score``, ``model``: what was decided without them;
    ``former``: the person's decision that it replaced; NULL if there was none; ``undone_at``: NULL if it counts.
    """

    __tablename__ = "reviews"
    review_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    undo: Mapped[str]
    video_id: Mapped[str]
    tag_id: Mapped[str]
    verdict: Mapped[str]
    by_id: Mapped[str]
    by_name: Mapped[str]
    automatic: Mapped[str]
    model: Mapped[str]
    score: Mapped[float | None]
    former: Mapped[dict[str, Any] | None]
    at: Mapped[float]
    undone_at: Mapped[float | None]


Index("reviews_by_undo", ReviewRow.undo)
Index("reviews_of_decision", ReviewRow.video_id, ReviewRow.tag_id, ReviewRow.review_id)

"""The table of batches of tagging."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from stores.sql.tables import Base, JsonList


class TagRunRow(Base):
    """How tagging of one video ended last, and from what it was decided: see `stores.tags.batches.runs.TagRun`.

    ``decisions``: those that wait until all of the batch are made; NULL when they are where decisions belong.
    """

    __tablename__ = "tag_runs"
    video_id: Mapped[str] = mapped_column(ForeignKey("videos.video_id"), primary_key=True)
    evidence: Mapped[str]
    vocabulary: Mapped[str]
    ranker: Mapped[str]
    status: Mapped[str]
    error_code: Mapped[str]
    error_message: Mapped[str]
    worker: Mapped[str]
    seconds: Mapped[float]
    finished_at: Mapped[float]
    decisions: Mapped[JsonList | None]


Index("tag_runs_by_status", TagRunRow.status, TagRunRow.video_id)

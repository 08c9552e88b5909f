"""The table of corrections."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from stores.sql.tables import Base


class CorrectionRow(Base):
    """One version of what a person wrote for one line.

    ``state``: ``active`` it counts, ``superseded`` a later version does, ``revoked`` it was taken back. The span is
    that of the line when it was corrected, in ticks of its own time base. ``evidence_id``: the line that has the text
    now; "" if the present recogniser found none there. ``original``, ``original_confidence``: what the recogniser
    found for it. ``embedded``: the run of vectors that has the text (`stores.maintenance.amending`).
    """

    __tablename__ = "corrections"
    correction_id: Mapped[str] = mapped_column(primary_key=True)
    video_id: Mapped[str] = mapped_column(ForeignKey("videos.video_id"))
    stage: Mapped[str]
    start_tick: Mapped[int]
    end_tick: Mapped[int]
    time_base_numerator: Mapped[int]
    time_base_denominator: Mapped[int]
    evidence_id: Mapped[str] = mapped_column(index=True)
    original: Mapped[str]
    original_confidence: Mapped[float | None]
    text: Mapped[str]
    version: Mapped[int]
    state: Mapped[str]
    author: Mapped[str]
    made_at: Mapped[float]
    ended_at: Mapped[float | None]
    embedded: Mapped[str]


Index("corrections_of_stage", CorrectionRow.video_id, CorrectionRow.stage)
Index(
    "one_active_correction",
    CorrectionRow.evidence_id,
    unique=True,
    sqlite_where=text("state = 'active' AND evidence_id <> ''"),
    postgresql_where=text("state = 'active' AND evidence_id <> ''"),
)

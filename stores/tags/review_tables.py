"""The tables of review: what is to be looked at by a person, and what people decided."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Index, Integer, text
from sqlalchemy.orm import Mapped, mapped_column

from stores.sql.tables import Base, JsonList


class ReviewQueueRow(Base):
    """An automatic decision; kept so that the next ones to review cost one look.

    ``place``: the lower, the sooner it is asked (`stores.tags.queueing.place_of`); ``alone``: likewise, by what is
    decided about this video only, for those who do not see the others; the numbers that follow say why; ``waits``: no
    person has decided about it.
    """

    __tablename__ = "review_queue"
    video_id: Mapped[str] = mapped_column(primary_key=True)
    tag_id: Mapped[str] = mapped_column(primary_key=True)
    place: Mapped[float]
    alone: Mapped[float]
    uncertainty: Mapped[float]
    disagreement: Mapped[float]
    score: Mapped[float]
    shared: Mapped[int]
    waits: Mapped[bool]


_WAITS: dict[str, Any] = {"sqlite_where": text("waits = 1"), "postgresql_where": text("waits")}

Index("review_by_place", ReviewQueueRow.place, ReviewQueueRow.video_id, ReviewQueueRow.tag_id, **_WAITS)
Index("review_by_alone", ReviewQueueRow.alone, ReviewQueueRow.video_id, ReviewQueueRow.tag_id, **_WAITS)
Index("review_of_tag", ReviewQueueRow.tag_id, ReviewQueueRow.place, ReviewQueueRow.video_id, **_WAITS)


class ReviewEventRow(Base):
    """Something that a person did: a verdict on one tag of one video, or taking one back. Rows are only added.

    ``number``: the order in which events came to this library; ``event_id``: the same in every copy of it; ``step``:
    shared by what was done at once; ``undoes``: the id of the event that this one takes back, "" for a verdict;
    ``automatic``, ``score``, ``sources``, ``model``: what was decided without people at that time; ``kept``: the
    decision that a verdict makes.
    """

    __tablename__ = "review_events"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012  # no number is given twice
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    event_id: Mapped[str]
    step: Mapped[str]
    video_id: Mapped[str]
    tag_id: Mapped[str]
    undoes: Mapped[str]
    verdict: Mapped[str]
    by_id: Mapped[str]
    by_name: Mapped[str]
    at: Mapped[float]
    automatic: Mapped[str]
    model: Mapped[str]
    score: Mapped[float | None]
    sources: Mapped[JsonList]
    kept: Mapped[dict[str, Any]]


Index("review_events_by_id", ReviewEventRow.event_id, unique=True)
Index("review_events_by_step", ReviewEventRow.step)
Index("review_events_of_decision", ReviewEventRow.video_id, ReviewEventRow.tag_id, ReviewEventRow.at)
Index("review_events_of_tag", ReviewEventRow.tag_id)
Index("review_events_by_time", ReviewEventRow.at, ReviewEventRow.event_id)

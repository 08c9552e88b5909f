"""The tables of a vocabulary that changes."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Index, Integer
from sqlalchemy.orm import Mapped, mapped_column

from stores.sql.tables import Base


class TagChangeRow(Base):
    """One tag before and after one change; NULL where it was not, or is no longer, there.

    ``step``: shared by what was changed at once, and undone at once; ``undone_at``: NULL if it counts.
    """

    __tablename__ = "tag_changes"
    change_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    step: Mapped[str]
    action: Mapped[str]
    tag_id: Mapped[str]
    by_id: Mapped[str]
    by_name: Mapped[str]
    at: Mapped[float]
    before: Mapped[dict[str, Any] | None]
    after: Mapped[dict[str, Any] | None]
    undone_at: Mapped[float | None]


Index("tag_changes_of_step", TagChangeRow.step, TagChangeRow.change_id)
Index("tag_changes_of_tag", TagChangeRow.tag_id, TagChangeRow.change_id)


class DecisionChangeRow(Base):
    """A decision that became another one; "" where there was, or is, none."""

    __tablename__ = "decision_changes"
    change_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    video_id: Mapped[str]
    tag_id: Mapped[str]
    origin: Mapped[str]
    before: Mapped[str]
    after: Mapped[str]
    by_id: Mapped[str]
    by_name: Mapped[str]
    confidence: Mapped[float | None]
    at: Mapped[float]


Index("decision_changes_of_tag", DecisionChangeRow.tag_id, DecisionChangeRow.change_id)
Index("decision_changes_of_video", DecisionChangeRow.video_id)


class ShelfRow(Base):
    """A row that a step put away, so that undoing it puts it back; ``kind``: the name of its table."""

    __tablename__ = "tag_shelf"
    shelf_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    step: Mapped[str]
    kind: Mapped[str]
    video_id: Mapped[str]
    tag_id: Mapped[str]
    row: Mapped[dict[str, Any]]


Index("tag_shelf_of_step", ShelfRow.step, ShelfRow.shelf_id)
Index("tag_shelf_of_video", ShelfRow.video_id)


class ProposalRow(Base):
    """Something that no tag covers.

    ``kind``: ``tag`` or ``alias`` (of ``tag_id``, with which it has the cosine ``likeness``); ``source``: how it was
    found; ``status``: ``open``, ``accepted`` or ``rejected``; once it is accepted, ``tag_id`` is the tag that it
    became part of.
    """

    __tablename__ = "tag_proposals"
    proposal_id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    folded: Mapped[str] = mapped_column(index=True)
    kind: Mapped[str]
    source: Mapped[str]
    tag_id: Mapped[str]
    language: Mapped[str]
    status: Mapped[str]
    support: Mapped[int]
    score: Mapped[float]
    likeness: Mapped[float]
    made_at: Mapped[float]
    by_id: Mapped[str]
    by_name: Mapped[str]
    decided_at: Mapped[float | None]


Index("tag_proposals_by_score", ProposalRow.status, ProposalRow.score)


class ProposalVideoRow(Base):
    """A video that a proposal rests on, with one line of it."""

    __tablename__ = "tag_proposal_videos"
    proposal_id: Mapped[str] = mapped_column(primary_key=True)
    video_id: Mapped[str] = mapped_column(primary_key=True)
    evidence_id: Mapped[str]
    example: Mapped[str]


Index("tag_proposals_of_video", ProposalVideoRow.video_id)

"""The tables of conversations.

A turn is written by one process at a time: the one that holds its current ``attempt`` (`stores.threads.turn_ledger`).
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from stores.sql.tables import Base


class ThreadRow(Base):
    """`records.Thread`. ``turns`` only grows: the ordinal of the newest turn."""

    __tablename__ = "threads"
    thread_id: Mapped[str] = mapped_column(primary_key=True)
    title: Mapped[str]
    scoped: Mapped[bool]
    turns: Mapped[int]
    created_at: Mapped[float]
    changed_at: Mapped[float] = mapped_column(index=True)
    owner: Mapped[str] = mapped_column(server_default=text("''"))
    key_id: Mapped[str] = mapped_column(server_default=text("''"))


Index("ix_threads_owner", ThreadRow.owner, ThreadRow.changed_at)


class ThreadVideoRow(Base):
    """A video that a thread is about; a thread with ``scoped`` and without any is about none."""

    __tablename__ = "thread_videos"
    thread_id: Mapped[str] = mapped_column(ForeignKey("threads.thread_id"), primary_key=True)
    video_id: Mapped[str] = mapped_column(primary_key=True, index=True)
    ordinal: Mapped[int]


class TurnRow(Base):
    """`records.Turn`, and who runs it.

    ``attempt``: the fencing token; ``owner``: the process that runs it (`stores.core.owners`), which must renew
    ``lease_until``, seconds since the epoch; ``events``: the number of its newest event; ``key_id``: the API key that
    it was asked with, ``seen_as``: the collections that it was answered from (`stores.access.store`).
    """

    __tablename__ = "turns"
    turn_id: Mapped[str] = mapped_column(primary_key=True)
    thread_id: Mapped[str] = mapped_column(ForeignKey("threads.thread_id"))
    ordinal: Mapped[int]
    question: Mapped[str]
    stand_alone: Mapped[str]
    status: Mapped[str]
    answer: Mapped[str]
    abstained: Mapped[bool]
    removed: Mapped[bool]
    mode: Mapped[str]
    error_code: Mapped[str]
    error_message: Mapped[str]
    attempt: Mapped[int]
    owner: Mapped[str]
    lease_until: Mapped[float]
    cancel_asked: Mapped[bool]
    events: Mapped[int]
    calls: Mapped[int]
    tokens: Mapped[int]
    seconds: Mapped[float]
    cost: Mapped[float]
    started_at: Mapped[float]
    finished_at: Mapped[float | None]
    key_id: Mapped[str] = mapped_column(server_default=text("''"))
    seen_as: Mapped[str] = mapped_column(server_default=text("''"))


Index("turns_in_order", TurnRow.thread_id, TurnRow.ordinal, unique=True)
Index(
    "one_running_turn",
    TurnRow.thread_id,
    unique=True,
    sqlite_where=text("status = 'running'"),
    postgresql_where=text("status = 'running'"),
)


class TurnVideoRow(Base):
    """A video that a turn read from, cited or not: what must be removed with it."""

    __tablename__ = "turn_videos"
    turn_id: Mapped[str] = mapped_column(ForeignKey("turns.turn_id"), primary_key=True)
    video_id: Mapped[str] = mapped_column(primary_key=True, index=True)


class ClaimRow(Base):
    """`records.ThreadClaim`."""

    __tablename__ = "claims"
    turn_id: Mapped[str] = mapped_column(ForeignKey("turns.turn_id"), primary_key=True)
    ordinal: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str]
    basis: Mapped[str]
    sql: Mapped[str]
    value: Mapped[str]


class CitationRow(Base):
    """`records.ThreadCitation` of claim number ``claim``; the time base makes it readable without its video."""

    __tablename__ = "citations"
    turn_id: Mapped[str] = mapped_column(ForeignKey("turns.turn_id"), primary_key=True)
    claim: Mapped[int] = mapped_column(primary_key=True)
    ordinal: Mapped[int] = mapped_column(primary_key=True)
    evidence_id: Mapped[str]
    video_id: Mapped[str] = mapped_column(index=True)
    start_tick: Mapped[int]
    end_tick: Mapped[int]
    time_base_numerator: Mapped[int]
    time_base_denominator: Mapped[int]
    channel: Mapped[str]
    quote: Mapped[str]


class RunEventRow(Base):
    """`records.RunEvent`."""

    __tablename__ = "run_events"
    turn_id: Mapped[str] = mapped_column(ForeignKey("turns.turn_id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    payload: Mapped[dict[str, Any]]
    at: Mapped[float]


OF_TURN: tuple[Any, ...] = (RunEventRow, CitationRow, ClaimRow, TurnVideoRow)
"""Tables whose rows go with their turn."""

"""Checks of the tables of conversations, for `stores.maintenance.verify`."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, and_, exists, func, select

from stores.sql.tables import EVIDENCE, VideoRow
from stores.threads.tables import CitationRow, ClaimRow, RunEventRow, ThreadRow, TurnRow

Fault = tuple[str, str, str]
"""A code, the turn or thread, what is wrong in one sentence."""


def thread_faults(connection: Connection) -> Iterator[Fault]:
    """What is wrong with conversations: each would let a person see a claim that nothing proves, or a false order."""
    of_claim = and_(CitationRow.turn_id == ClaimRow.turn_id, CitationRow.claim == ClaimRow.ordinal)
    bare = select(ClaimRow.turn_id, ClaimRow.ordinal).where(~exists().where(of_claim), ClaimRow.sql == "")
    for turn_id, number in connection.execute(bare):
        yield "CLAIM_UNCITED", turn_id, f"Claim {number} cites nothing."
    no_claim = select(CitationRow.turn_id, CitationRow.claim).where(~exists().where(of_claim)).distinct()
    for turn_id, number in connection.execute(no_claim):
        yield "CITATION_STRAY", turn_id, f"A citation belongs to claim {number}, which does not exist."
    known = exists().where(VideoRow.video_id == CitationRow.video_id)
    for turn_id, video_id in connection.execute(select(CitationRow.turn_id, CitationRow.video_id).where(~known)):
        yield "CITATION_VIDEO", turn_id, f"The cited video {video_id} is unknown."
    there = exists().where(EVIDENCE.c.evidence_id == CitationRow.evidence_id)
    for turn_id, cited in connection.execute(select(CitationRow.turn_id, CitationRow.evidence_id).where(known, ~there)):
        yield "CITATION_GONE", turn_id, f"The cited evidence {cited} does not exist."
    ahead = select(RunEventRow.turn_id).group_by(RunEventRow.turn_id, TurnRow.events)
    ahead = ahead.join(TurnRow, TurnRow.turn_id == RunEventRow.turn_id)
    for (turn_id,) in connection.execute(ahead.having(func.max(RunEventRow.number) != TurnRow.events)):
        yield "EVENTS_LOST", turn_id, "Its newest event is missing, or has another number."
    counted = select(ThreadRow.thread_id).join(TurnRow, TurnRow.thread_id == ThreadRow.thread_id)
    counted = counted.group_by(ThreadRow.thread_id, ThreadRow.turns)
    for (thread_id,) in connection.execute(counted.having(func.max(TurnRow.ordinal) > ThreadRow.turns)):
        yield "TURNS_MISCOUNTED", thread_id, "It has more turns than were begun."


def count_turns(connection: Connection) -> int:
    """How many turns there are."""
    return int(connection.execute(select(func.count()).select_from(TurnRow)).scalar_one())

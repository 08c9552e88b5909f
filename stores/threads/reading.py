"""Rows of conversations as records."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from typing import Any

from sqlalchemy import Connection, select

from stores.core.records import Span
from stores.sql.tables import EVIDENCE, VideoRow
from stores.threads.records import RunEvent, Thread, ThreadCitation, ThreadClaim, Turn, Usage
from stores.threads.tables import CitationRow, ClaimRow, RunEventRow, ThreadVideoRow, TurnRow, TurnVideoRow

_LISTED = 500  # ids in one query


def in_batches(ids: Iterable[str]) -> Iterator[list[str]]:
    """The distinct ids, as many at a time as one statement may name."""
    wanted = list(dict.fromkeys(ids))
    for first in range(0, len(wanted), _LISTED):
        yield wanted[first : first + _LISTED]


def threads_of(connection: Connection, rows: Sequence[Any]) -> list[Thread]:
    """Threads with the videos that they are about, in the order of their rows."""
    scopes: dict[str, list[str]] = defaultdict(list)
    for some in in_batches(row.thread_id for row in rows if row.scoped):
        chosen = select(ThreadVideoRow.thread_id, ThreadVideoRow.video_id).where(ThreadVideoRow.thread_id.in_(some))
        for one in connection.execute(chosen.order_by(ThreadVideoRow.ordinal)):
            scopes[one.thread_id].append(one.video_id)
    return [
        Thread(
            thread_id=row.thread_id,
            title=row.title,
            video_ids=tuple(scopes[row.thread_id]) if row.scoped else None,
            turns=row.turns,
            created_at=row.created_at,
            changed_at=row.changed_at,
            owner=row.owner,
            key_id=row.key_id,
        )
        for row in rows
    ]


def turns_of(connection: Connection, rows: Sequence[Any]) -> list[Turn]:
    """Turns with their claims and citations, in the order of their rows."""
    claims: dict[str, list[ThreadClaim]] = defaultdict(list)
    for some in in_batches(row.turn_id for row in rows):
        cited: dict[tuple[str, int], list[ThreadCitation]] = defaultdict(list)
        chosen = select(CitationRow.__table__).where(CitationRow.turn_id.in_(some)).order_by(CitationRow.ordinal)
        for row in connection.execute(chosen):
            base = Fraction(row.time_base_numerator, row.time_base_denominator)
            span = Span(row.start_tick, row.end_tick, base)
            one = ThreadCitation(row.evidence_id, row.video_id, span, row.channel, row.quote)
            cited[row.turn_id, row.claim].append(one)
        said = select(ClaimRow.__table__).where(ClaimRow.turn_id.in_(some)).order_by(ClaimRow.ordinal)
        for row in connection.execute(said):
            citations = tuple(cited[row.turn_id, row.ordinal])
            claims[row.turn_id].append(ThreadClaim(row.text, citations, row.basis, row.sql, row.value))
    read: dict[str, list[str]] = defaultdict(list)
    for some in in_batches(row.turn_id for row in rows):
        noted = select(TurnVideoRow.turn_id, TurnVideoRow.video_id).where(TurnVideoRow.turn_id.in_(some))
        for turn_id, video_id in connection.execute(noted.order_by(TurnVideoRow.video_id)):
            read[turn_id].append(video_id)
    return [_turn(row, tuple(claims[row.turn_id]), tuple(read[row.turn_id])) for row in rows]


def turn_of(connection: Connection, turn_id: str) -> Turn | None:
    """One turn; None if there is none."""
    rows = connection.execute(select(TurnRow.__table__).where(TurnRow.turn_id == turn_id)).all()
    return next(iter(turns_of(connection, rows)), None)


def events_of(connection: Connection, turn_id: str, after: int, limit: int | None) -> list[RunEvent]:
    """The events of one turn with a number greater than ``after``, in order."""
    chosen = select(RunEventRow.__table__).where(RunEventRow.turn_id == turn_id, RunEventRow.number > after)
    rows = connection.execute(chosen.order_by(RunEventRow.number).limit(limit))
    return [RunEvent(row.turn_id, row.number, row.kind, row.payload, row.at) for row in rows]


def cited_now(connection: Connection, evidence_ids: Iterable[str]) -> dict[str, ThreadCitation]:
    """Citations of evidence that readers can see at this moment."""
    base = (VideoRow.time_base_numerator, VideoRow.time_base_denominator)
    joined = select(EVIDENCE, *base).join(VideoRow, VideoRow.video_id == EVIDENCE.c.video_id)
    found: dict[str, ThreadCitation] = {}
    for some in in_batches(evidence_ids):
        for row in connection.execute(joined.where(EVIDENCE.c.evidence_id.in_(some))):
            span = Span(row.start_tick, row.end_tick, Fraction(row.time_base_numerator, row.time_base_denominator))
            found[row.evidence_id] = ThreadCitation(row.evidence_id, row.video_id, span, row.channel, row.text)
    return found


def _turn(row: Any, claims: tuple[ThreadClaim, ...], videos: tuple[str, ...]) -> Turn:
    return Turn(
        turn_id=row.turn_id,
        thread_id=row.thread_id,
        ordinal=row.ordinal,
        question=row.question,
        stand_alone=row.stand_alone,
        status=row.status,
        answer=row.answer,
        abstained=row.abstained,
        removed=row.removed,
        mode=row.mode,
        claims=claims,
        usage=Usage(row.calls, row.tokens, row.seconds, row.cost),
        error_code=row.error_code,
        error_message=row.error_message,
        attempt=row.attempt,
        events=row.events,
        started_at=row.started_at,
        finished_at=row.finished_at,
        videos=videos,
        key_id=row.key_id,
        seen_as=row.seen_as,
    )

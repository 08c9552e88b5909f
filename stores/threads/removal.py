"""What goes from conversations together with the evidence or the videos that they cite.

A claim goes with any of its citations: its text may repeat every one of them, and a number counted over them is no
longer right. The answer that contained it is replaced by `records.REMOVED`; claims on other evidence stay.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, and_, delete, func, insert, or_, select, update

from stores.core.owners import certainly_dead
from stores.sql.tables import EVIDENCE
from stores.threads.reading import in_batches
from stores.threads.records import REMOVED
from stores.threads.tables import CitationRow, ClaimRow, RunEventRow, ThreadRow, ThreadVideoRow, TurnRow, TurnVideoRow

_NOTHING: Mapping[str, str] = {}

_Place = tuple[str, int]  # turn, number of a claim


def remove_video(connection: Connection, video_id: str) -> list[str]:
    """Removes what turns say about a video, in the transaction that forgets it.

    Turns that cited it or read from it lose the claims that cite it, their answer's text and their events; they and the
    turns after them, which knew their answers, also lose the stand-alone form of their question. Those that
    still run are interrupted. Questions stay as people typed them.

    Returns:
        The ids of the turns that were interrupted: their checkpoints must be removed.
    """
    claims = _claims(connection, CitationRow.video_id == video_id)
    read = select(TurnVideoRow.turn_id).where(TurnVideoRow.video_id == video_id)
    turns = {turn for turn, _ in claims} | set(connection.execute(read).scalars())
    _remove(connection, claims, turns)
    later = _later_turns(connection, turns)
    for some in in_batches(turns | later):
        connection.execute(delete(RunEventRow).where(RunEventRow.turn_id.in_(some)))
        change = update(TurnRow).where(TurnRow.turn_id.in_(some), TurnRow.stand_alone != "")
        connection.execute(change.values(stand_alone=TurnRow.question))
    stopped = _interrupt(connection, turns | later)
    _tell(connection, turns | later, "removed")
    _tell(connection, stopped, "ended", {"status": "interrupted", "error": "EVIDENCE_GONE"})
    for table in (TurnVideoRow, ThreadVideoRow):
        connection.execute(delete(table).where(table.video_id == video_id))
    return stopped


def cited_evidence(connection: Connection, video_id: str) -> set[str]:
    """Which evidence of a video is cited and there, before a commit replaces some of it."""
    cited = select(CitationRow.evidence_id).where(CitationRow.video_id == video_id).distinct()
    return _there(connection, connection.execute(cited).scalars().all())


def remove_replaced(connection: Connection, before: Collection[str]) -> None:
    """Removes claims whose evidence was there ``before`` and no longer is, in the transaction that replaced it."""
    if not before:
        return
    claims: set[_Place] = set()
    for some in in_batches(sorted(set(before) - _there(connection, before))):
        claims |= _claims(connection, CitationRow.evidence_id.in_(some))
    turns = {turn for turn, _ in claims}
    _remove(connection, claims, turns)
    _tell(connection, turns, "removed")


def _claims(connection: Connection, where: Any) -> set[_Place]:
    chosen = select(CitationRow.turn_id, CitationRow.claim).where(where).distinct()
    return {(row.turn_id, row.claim) for row in connection.execute(chosen)}


def _there(connection: Connection, evidence_ids: Iterable[str]) -> set[str]:
    found: set[str] = set()
    for some in in_batches(evidence_ids):
        found.update(
            connection.execute(select(EVIDENCE.c.evidence_id).where(EVIDENCE.c.evidence_id.in_(some))).scalars()
        )
    return found


def _remove(connection: Connection, claims: Iterable[_Place], turns: Collection[str]) -> None:
    for turn_id, number in sorted(claims):
        connection.execute(delete(CitationRow).where(CitationRow.turn_id == turn_id, CitationRow.claim == number))
        connection.execute(delete(ClaimRow).where(ClaimRow.turn_id == turn_id, ClaimRow.ordinal == number))
    for some in in_batches(sorted(turns)):
        chosen = update(TurnRow).where(TurnRow.turn_id.in_(some))
        connection.execute(chosen.values(removed=True, error_message=""))
        connection.execute(chosen.where(TurnRow.answer != "").values(answer=REMOVED))


def _later_turns(connection: Connection, turns: Collection[str]) -> set[str]:
    """The turns after the first of ``turns`` in each thread."""
    later: set[str] = set()
    for some in in_batches(sorted(turns)):
        first = select(TurnRow.thread_id, func.min(TurnRow.ordinal)).where(TurnRow.turn_id.in_(some))
        for thread_id, ordinal in connection.execute(first.group_by(TurnRow.thread_id)).all():
            after = and_(TurnRow.thread_id == thread_id, TurnRow.ordinal > ordinal)
            later.update(connection.execute(select(TurnRow.turn_id).where(after)).scalars())
    return later


def _interrupt(connection: Connection, turns: Collection[str]) -> list[str]:
    """Ends those that run, and all that are lost: what these read last may not have been noted."""
    running = select(TurnRow.turn_id, TurnRow.owner, TurnRow.lease_until).where(TurnRow.status == "running")
    now = time.time()
    stopped = [
        row.turn_id
        for row in connection.execute(running)
        if row.turn_id in turns or row.lease_until <= now or certainly_dead(row.owner)
    ]
    outcome = {"status": "interrupted", "error_code": "EVIDENCE_GONE", "finished_at": now, "owner": ""}
    outcome["error_message"] = "A video was forgotten while the question was being answered."
    for some in in_batches(stopped):
        connection.execute(update(TurnRow).where(TurnRow.turn_id.in_(some)).values(**outcome))
    return stopped


def _tell(connection: Connection, turns: Collection[str], kind: str, payload: Mapping[str, str] = _NOTHING) -> None:
    """Leaves one event in turns that have changed, for clients that replay them; numbers go on growing."""
    now = time.time()
    for some in in_batches(sorted(turns)):
        change = update(TurnRow).where(TurnRow.turn_id.in_(some)).values(events=TurnRow.events + 1)
        rows = connection.execute(change.returning(TurnRow.turn_id, TurnRow.events, TurnRow.thread_id)).all()
        events = [
            {"turn_id": row.turn_id, "number": row.events, "kind": kind, "payload": dict(payload), "at": now}
            for row in rows
        ]
        connection.execute(insert(RunEventRow), events)
        threads = or_(*(ThreadRow.thread_id == one for one in sorted({row.thread_id for row in rows})))
        connection.execute(update(ThreadRow).where(threads).values(changed_at=now))

"""The turns in flight: who may write to which, how they end, and what becomes of those whose process died.

As in `stores.ledger`, a turn is committed before work begins, and its attempt's number is a fencing token: a
process that lost a turn to another one can neither append to it nor end it. At most one turn of a thread runs at a
time, which the database itself ensures. The process that runs it holds a lease, which `append` and `renew` extend; a
turn is lost when its lease has ended or its process is certainly dead.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Engine, Select, insert, select, update

from stores.core.errors import CODES, StoreError, UsageError
from stores.core.owners import certainly_dead, this_process
from stores.core.record_columns import clean
from stores.sql.database import empty_log, reading, writing
from stores.sql.tables import EVIDENCE
from stores.threads.checkpoint_files import CheckpointFiles
from stores.threads.reading import cited_now, in_batches, turn_of, turns_of
from stores.threads.records import (
    MOST_EVENTS,
    Lease,
    NewEvent,
    Progress,
    ThreadCitation,
    Turn,
    TurnAnswer,
    TurnStatus,
    Usage,
)
from stores.threads.store import unknown_thread, unknown_turn
from stores.threads.tables import CitationRow, ClaimRow, RunEventRow, ThreadRow, TurnRow, TurnVideoRow

LEASE_SECONDS = 60.0
"""How long a turn whose process gives no sign is waited for. Source: our choice: six missed renewals."""

MAX_ATTEMPTS = 3
"""Processes that may die of one turn before it is given up. Source: as `stores.ledger.MAX_ATTEMPTS`."""

LONGEST_QUESTION = 4_000
"""Characters of a question. Source: our choice: two pages."""

_PAUSE = 0.1  # seconds between two looks at a busy thread
_LAST_EVENTS = 10  # of the `MOST_EVENTS`, kept for how a turn ends


class TurnLedger:
    """Owner of the tables ``turns``, ``claims``, ``citations`` and ``run_events``.

    Args:
        checkpoints: where those of turns are that end here without their process; None: left to the next sweep.
        clock: seconds since the epoch. Clocks of machines should agree within `LEASE_SECONDS`; if they do not, a turn
            may be begun again too soon, and yet it is answered once.
        owner: the name of this process; None for `stores.core.owners.this_process`.
    """

    def __init__(
        self,
        engine: Engine,
        checkpoints: CheckpointFiles | None = None,
        clock: Callable[[], float] = time.time,
        owner: str | None = None,
    ) -> None:
        self._engine = engine
        self._checkpoints = checkpoints
        self._clock = clock
        self._owner = owner

    def begin(
        self, thread_id: str, question: str, wait_seconds: float = 0.0, key_id: str = "", seen_as: str = ""
    ) -> Lease:
        """Commits a new turn and the right to run it. A turn before it that was lost is marked as interrupted.

        Args:
            key_id: the API key that it is asked with, which may see less than its user.
            seen_as: the collections that it is answered from (`stores.access.store.AccessStore.seen_as`).
            wait_seconds: how long to wait for another turn of the thread to end.

        Raises:
            UsageError: UNKNOWN_THREAD; USAGE if the question is longer than `LONGEST_QUESTION`.
            StoreError: THREAD_BUSY if another turn still runs then; else as `stores.sql.database.writing`.
        """
        if len(question) > LONGEST_QUESTION:
            message = f"A question has at most {LONGEST_QUESTION} characters; this one has {len(question)}."
            raise UsageError("USAGE", message, "Ask for less at a time.")
        deadline = time.monotonic() + wait_seconds
        while True:
            # Looking first: waiting need not lock the database.
            if not self._busy(thread_id):
                ended: list[str] = []
                with writing(self._engine) as connection:
                    lease = self._begin(connection, thread_id, question, ended, (key_id, seen_as))
                if lease is not None:
                    self._remove_checkpoints(ended)
                    return lease
            if time.monotonic() >= deadline:
                message = f"Another question is being answered in the thread {thread_id}."
                raise StoreError("THREAD_BUSY", message, "Wait for its answer, cancel it, or ask in another thread.")
            time.sleep(_PAUSE)

    def _busy(self, thread_id: str) -> bool:
        with reading(self._engine) as connection:
            return any(not self._is_lost(row) for row in connection.execute(_running_in(thread_id)))

    def _begin(
        self, connection: Connection, thread_id: str, question: str, ended: list[str], asked_by: tuple[str, str]
    ) -> Lease | None:
        for row in connection.execute(_running_in(thread_id)).all():
            if not self._is_lost(row):
                return None
            self._give_up(connection, row)
            ended.append(row.turn_id)
        now = self._clock()
        count = update(ThreadRow).where(ThreadRow.thread_id == thread_id)
        count = count.values(turns=ThreadRow.turns + 1, changed_at=now)
        ordinal = connection.execute(count.returning(ThreadRow.turns)).scalar()
        if ordinal is None:
            raise unknown_thread(thread_id)
        lease = Lease(f"trn_{secrets.token_hex(10)}", thread_id, 1)
        texts = ("stand_alone", "answer", "mode", "error_code", "error_message")
        values: dict[str, Any] = dict.fromkeys(texts, "")
        values |= dict.fromkeys(("abstained", "removed", "cancel_asked"), False)
        values |= dict.fromkeys(("calls", "tokens", "events"), 0) | dict.fromkeys(("seconds", "cost"), 0.0)
        values |= {"turn_id": lease.turn_id, "thread_id": thread_id, "ordinal": ordinal, "question": clean(question)}
        values |= {"status": "running", "attempt": 1, "started_at": now, "finished_at": None, **self._hold(now)}
        values |= {"key_id": asked_by[0], "seen_as": asked_by[1]}
        connection.execute(insert(TurnRow).values(**values))
        self._append(connection, lease.turn_id, 0, [NewEvent("begun")])
        return lease

    def append(self, lease: Lease, events: Sequence[NewEvent], progress: Progress | None = None) -> bool:
        """Appends events, notes what else a step has changed, and renews the lease; one transaction.

        Events beyond `MOST_EVENTS` are left out.

        Returns:
            Whether somebody asked to cancel the turn.

        Raises:
            StoreError: STALE_ATTEMPT if the turn is over, was taken over, or is deleted.
        """
        changes: dict[str, Any] = {} if progress is None else _changes(progress)
        with writing(self._engine) as connection:
            row = self._change(connection, lease, **changes, **self._hold(self._clock()))
            fitting = events[: max(0, MOST_EVENTS - _LAST_EVENTS - row.events)]
            self._append(connection, lease.turn_id, row.events, fitting)
            if progress is not None and progress.evidence_ids:
                self._note_videos(connection, lease.turn_id, progress.evidence_ids)
        return bool(row.cancel_asked)

    def renew(self, lease: Lease) -> bool:
        """Extends the lease; returns and raises as `append`."""
        return self.append(lease, ())

    def finish(self, lease: Lease, answer: TurnAnswer, usage: Usage) -> Turn:
        """Ends a turn with its answer: claims, citations, answer and status in one transaction.

        Spans, channels and quotes of citations are read from the evidence in the same transaction, so that nothing is
        cited that is not there.

        Raises:
            ValueError: if a claim has neither evidence nor a query.
            StoreError: STALE_ATTEMPT as `append`; EVIDENCE_GONE if a claim's evidence was removed meanwhile; then the
                turn still runs.
        """
        if any(not claim.evidence_ids and not claim.sql for claim in answer.claims):
            raise ValueError("a claim without evidence")
        with writing(self._engine) as connection:
            row = self._change(connection, lease)
            cited = cited_now(connection, (one for claim in answer.claims for one in claim.evidence_ids))
            for number, claim in enumerate(answer.claims):
                gone = [one for one in claim.evidence_ids if one not in cited]
                if gone:
                    message = f"The evidence {', '.join(gone[:3])} was removed while the question was being answered."
                    raise StoreError("EVIDENCE_GONE", message, "Ask again.")
                values = {
                    "text": clean(claim.text),
                    "basis": claim.basis,
                    "sql": clean(claim.sql),
                    "value": clean(claim.value),
                }
                connection.execute(insert(ClaimRow).values(turn_id=lease.turn_id, ordinal=number, **values))
                citations = [
                    {"turn_id": lease.turn_id, "claim": number, "ordinal": place, **_columns(cited[one])}
                    for place, one in enumerate(dict.fromkeys(claim.evidence_ids))
                ]
                if citations:
                    connection.execute(insert(CitationRow), citations)
            self._note_videos(connection, lease.turn_id, tuple(cited))
            outcome: dict[str, Any] = {"answer": clean(answer.text), "abstained": answer.abstained, "mode": answer.mode}
            said = NewEvent("answer", {"claims": len(answer.claims), "abstained": answer.abstained})
            self._append(connection, lease.turn_id, row.events, [said])
            turn = self._end(connection, lease.turn_id, row.events + 1, "done", **outcome, **_spent(usage))
        empty_log(self._engine)
        return turn

    def fail(self, lease: Lease, code: str, message: str, usage: Usage) -> Turn:
        """Ends a turn with an error.

        Raises:
            KeyError: if there is no such error code.
            StoreError: STALE_ATTEMPT as `append`.
        """
        error = {"error_code": CODES[code].name, "error_message": clean(message)}
        with writing(self._engine) as connection:
            row = self._change(connection, lease)
            return self._end(connection, lease.turn_id, row.events, "failed", **error, **_spent(usage))

    def cancelled(self, lease: Lease, usage: Usage) -> Turn:
        """Ends a turn because somebody asked for it.

        Raises:
            StoreError: STALE_ATTEMPT as `append`.
        """
        with writing(self._engine) as connection:
            row = self._change(connection, lease)
            return self._end(connection, lease.turn_id, row.events, "cancelled", **_spent(usage))

    def ask_to_cancel(self, turn_id: str) -> bool:
        """Asks the process that runs a turn to end it; any process may ask. A lost turn ends at once.

        Returns:
            Whether it was running.
        """
        with writing(self._engine) as connection:
            row = _running(connection, turn_id)
            if row is None:
                return False
            connection.execute(update(TurnRow).where(TurnRow.turn_id == turn_id).values(cancel_asked=True))
            lost = self._is_lost(row)
            if lost:
                self._end(connection, turn_id, row.events, "cancelled")
        self._remove_checkpoints([turn_id] if lost else [])
        return True

    def cancel_asked(self, turn_id: str) -> bool:
        """Whether somebody asked to cancel a turn, or nobody may go on with it: it has ended or is deleted."""
        with reading(self._engine) as connection:
            row = _running(connection, turn_id)
        return row is None or bool(row.cancel_asked)

    def running(self) -> list[str]:
        """The ids of all turns that run or are lost."""
        with reading(self._engine) as connection:
            return list(connection.execute(select(TurnRow.turn_id).where(TurnRow.status == "running")).scalars())

    def lost(self, thread_id: str | None = None) -> list[Turn]:
        """Turns (of one thread) whose process died, the oldest first."""
        chosen = select(TurnRow.__table__).where(TurnRow.status == "running").order_by(TurnRow.started_at)
        if thread_id is not None:
            chosen = chosen.where(TurnRow.thread_id == thread_id)
        with reading(self._engine) as connection:
            return turns_of(connection, [row for row in connection.execute(chosen) if self._is_lost(row)])

    def take_over(self, turn_id: str) -> Lease | None:
        """The right to go on with a lost turn. One that somebody wanted cancelled ends so; one whose processes died
        `MAX_ATTEMPTS` times is marked as interrupted.

        Returns:
            None if there is nothing to go on with: it has ended, or another process was quicker.
        """
        with writing(self._engine) as connection:
            row = _running(connection, turn_id)
            if row is None or not self._is_lost(row):
                return None
            over = row.cancel_asked or row.attempt >= MAX_ATTEMPTS
            if over:
                self._give_up(connection, row)
            else:
                change = update(TurnRow).where(TurnRow.turn_id == turn_id)
                connection.execute(change.values(attempt=row.attempt + 1, **self._hold(self._clock())))
                self._append(connection, turn_id, row.events, [NewEvent("resumed", {"attempt": row.attempt + 1})])
        if over:
            self._remove_checkpoints([turn_id])
            return None
        return Lease(turn_id, row.thread_id, row.attempt + 1)

    def give_up(self, turn_id: str) -> Turn:
        """Marks a lost turn as interrupted; one that is not lost stays as it is.

        Raises:
            UsageError: UNKNOWN_THREAD if there is no such turn.
        """
        with writing(self._engine) as connection:
            row = _running(connection, turn_id)
            lost = row is not None and self._is_lost(row)
            if lost:
                self._give_up(connection, row)
            found = turn_of(connection, turn_id)
        if found is None:
            raise unknown_turn(turn_id)
        self._remove_checkpoints([turn_id] if lost else [])
        return found

    def _remove_checkpoints(self, turn_ids: Sequence[str]) -> None:
        if self._checkpoints is not None:
            self._checkpoints.remove(*turn_ids)

    def _is_lost(self, row: Any) -> bool:
        return bool(row.lease_until <= self._clock()) or certainly_dead(row.owner)

    def _hold(self, now: float) -> dict[str, Any]:
        return {"owner": self._owner or this_process(), "lease_until": now + LEASE_SECONDS}

    def _give_up(self, connection: Connection, row: Any) -> None:
        if row.cancel_asked:
            self._end(connection, row.turn_id, row.events, "cancelled")
            return
        message = "The process that was answering died."
        lost = {"error_code": "WORKER_LOST", "error_message": message}
        self._end(connection, row.turn_id, row.events, "interrupted", **lost)

    def _change(self, connection: Connection, lease: Lease, **values: Any) -> Any:
        """Changes a turn that runs under this lease; returns its row as it was before."""
        row = _running(connection, lease.turn_id)
        if row is None or row.attempt != lease.attempt:
            message = f"The turn {lease.turn_id} is over, or another process has taken it over."
            raise StoreError("STALE_ATTEMPT", message, "Read what has become of it.")
        if values:
            connection.execute(update(TurnRow).where(TurnRow.turn_id == lease.turn_id).values(**values))
        return row

    def _end(self, connection: Connection, turn_id: str, events: int, status: TurnStatus, **values: Any) -> Turn:
        now = self._clock()
        statement = update(TurnRow).where(TurnRow.turn_id == turn_id)
        connection.execute(statement.values(status=status, finished_at=now, owner="", lease_until=now, **values))
        ended = {"status": status} | ({"error": values["error_code"]} if values.get("error_code") else {})
        self._append(connection, turn_id, events, [NewEvent("ended", ended)])
        turn = turn_of(connection, turn_id)
        if turn is None:
            raise unknown_turn(turn_id)
        change = update(ThreadRow).where(ThreadRow.thread_id == turn.thread_id)
        connection.execute(change.values(changed_at=now))
        return turn

    def _append(self, connection: Connection, turn_id: str, before: int, events: Sequence[NewEvent]) -> None:
        if not events:
            return
        now = self._clock()
        rows = [
            {"turn_id": turn_id, "number": before + place, "kind": one.kind, "payload": _clean(one.payload), "at": now}
            for place, one in enumerate(events, 1)
        ]
        connection.execute(insert(RunEventRow), rows)
        change = update(TurnRow).where(TurnRow.turn_id == turn_id)
        connection.execute(change.values(events=before + len(events)))

    def _note_videos(self, connection: Connection, turn_id: str, evidence_ids: Sequence[str]) -> None:
        known = select(TurnVideoRow.video_id).where(TurnVideoRow.turn_id == turn_id)
        there = set(connection.execute(known).scalars())
        found: set[str] = set()
        for some in in_batches(evidence_ids):
            found.update(
                connection.execute(select(EVIDENCE.c.video_id).where(EVIDENCE.c.evidence_id.in_(some))).scalars()
            )
        rows = [{"turn_id": turn_id, "video_id": one} for one in sorted(found - there)]
        if rows:
            connection.execute(insert(TurnVideoRow), rows)


def _running_in(thread_id: str) -> Select[Any]:
    return select(TurnRow.__table__).where(TurnRow.thread_id == thread_id, TurnRow.status == "running")


def _running(connection: Connection, turn_id: str) -> Any:
    chosen = select(TurnRow.__table__).where(TurnRow.turn_id == turn_id, TurnRow.status == "running")
    return connection.execute(chosen).one_or_none()


def _clean(payload: Mapping[str, Any]) -> Any:
    return json.loads(clean(json.dumps(payload, ensure_ascii=False)))


def _changes(progress: Progress) -> dict[str, Any]:
    changes: dict[str, Any] = {} if progress.usage is None else _spent(progress.usage)
    if progress.stand_alone is not None:
        changes["stand_alone"] = clean(progress.stand_alone)
    return changes


def _spent(usage: Usage) -> dict[str, Any]:
    return {"calls": usage.calls, "tokens": usage.tokens, "seconds": usage.seconds, "cost": usage.cost}


def _columns(citation: ThreadCitation) -> dict[str, Any]:
    base = citation.span.time_base
    return {
        "evidence_id": citation.evidence_id,
        "video_id": citation.video_id,
        "start_tick": citation.span.start,
        "end_tick": citation.span.end,
        "time_base_numerator": base.numerator,
        "time_base_denominator": base.denominator,
        "channel": citation.channel,
        "quote": citation.quote,
    }

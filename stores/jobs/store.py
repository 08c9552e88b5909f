"""Jobs as people order and read them; `stores.jobs.job_ledger` has them done."""

from __future__ import annotations

import hashlib
import json
import secrets
import time
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Connection, Engine, func, insert, select

from stores.core.errors import UsageError
from stores.core.record_columns import clean
from stores.jobs.records import Job, JobError, JobEvent, JobKind, JobState
from stores.jobs.tables import JobEventRow, JobRow
from stores.sql.database import reading, writing


class JobStore:
    """Who orders jobs and reads what became of them.

    Args:
        clock: seconds since the epoch.
    """

    def __init__(self, engine: Engine, clock: Callable[[], float] = time.time) -> None:
        self._engine = engine
        self._clock = clock

    def order(
        self,
        kind: JobKind,
        arguments: Mapping[str, Any],
        owner: str = "",
        idempotency_key: str = "",
        key_id: str = "",
    ) -> tuple[Job, bool]:
        """A new job at the end of the queue.

        Args:
            arguments: JSON; the door checks them.
            key_id: of the API key that it is ordered with.
            idempotency_key: if the owner ordered something under this key before, that job is the answer.

        Returns:
            the job, and whether it is new.

        Raises:
            UsageError: CONFLICT if something else was ordered under this key.
            StoreError: as `stores.sql.database.writing`; so do all others.
        """
        given = _clean(arguments)
        request = _digest([kind, given])
        now = self._clock()
        texts = ("note", "error_code", "error_message", "error_hint", "worker")
        values: dict[str, Any] = dict.fromkeys(texts, "") | dict.fromkeys(("attempt", "deaths", "events"), 0)
        values |= dict.fromkeys(("report", "started_at", "finished_at"), None)
        values |= {"job_id": f"job_{secrets.token_hex(10)}", "kind": kind, "arguments": given, "owner": owner}
        values["key_id"] = key_id
        values |= {"state": "queued", "share": 0.0, "totals": {}, "lease_until": 0.0, "cancel_asked": False}
        values |= {"idempotency_key": idempotency_key, "request": request, "created_at": now}
        with writing(self._engine) as connection:
            if idempotency_key:
                same = (JobRow.owner == owner) & (JobRow.idempotency_key == idempotency_key)
                row = connection.execute(select(JobRow.__table__).where(same)).one_or_none()
                if row is not None and row.request != request:
                    message = "Another job was ordered with this Idempotency-Key."
                    raise UsageError("CONFLICT", message, "Use a new key for each order.")
                if row is not None:
                    return job_of(row), False
            connection.execute(insert(JobRow).values(**values))
            row = connection.execute(select(JobRow.__table__).where(JobRow.job_id == values["job_id"])).one()
        return job_of(row), True

    def get(self, job_id: str) -> Job:
        """One job.

        Raises:
            UsageError: NOT_FOUND.
        """
        with reading(self._engine) as connection:
            return job_of(row_of(connection, job_id))

    def page(
        self,
        limit: int = 50,
        after: Job | None = None,
        owner: str | None = None,
        state: JobState | None = None,
    ) -> list[Job]:
        """Jobs, the newest first.

        Args:
            after: the last one of the page before.
            owner, state: only jobs of this owner, in this state.
        """
        chosen = select(JobRow.__table__).order_by(JobRow.created_at.desc(), JobRow.job_id.desc()).limit(limit)
        if owner is not None:
            chosen = chosen.where(JobRow.owner == owner)
        if state is not None:
            chosen = chosen.where(JobRow.state == state)
        if after is not None:
            older = JobRow.created_at < after.created_at
            chosen = chosen.where(older | ((JobRow.created_at == after.created_at) & (JobRow.job_id < after.job_id)))
        with reading(self._engine) as connection:
            return [job_of(row) for row in connection.execute(chosen)]

    def events_after(self, job_id: str, number: int = 0, limit: int | None = None) -> list[JobEvent]:
        """What happened in a job after event ``number``, in order: a reconnected client goes on from there."""
        chosen = select(JobEventRow.__table__).where(JobEventRow.job_id == job_id, JobEventRow.number > number)
        with reading(self._engine) as connection:
            rows = connection.execute(chosen.order_by(JobEventRow.number).limit(limit)).all()
        return [JobEvent(row.job_id, row.number, row.kind, row.payload, row.at) for row in rows]

    def items_done(self, job_id: str) -> frozenset[str]:
        """Ids of the videos that a job has finished since it was put into the queue: a worker that goes on with it
        leaves them out."""
        of_job = select(JobEventRow.payload).where(JobEventRow.job_id == job_id)
        again = select(func.max(JobEventRow.number)).where(
            JobEventRow.job_id == job_id, JobEventRow.kind == "queued_again"
        )
        with reading(self._engine) as connection:
            since = connection.execute(again).scalar() or 0
            ended = of_job.where(JobEventRow.kind == "video", JobEventRow.number > since)
            payloads = connection.execute(ended).scalars().all()
        return frozenset(one["video_id"] for one in payloads if one.get("status") == "done")

    def counts(self) -> dict[str, int]:
        """How many jobs there are in each state."""
        chosen = select(JobRow.state, func.count()).group_by(JobRow.state)
        with reading(self._engine) as connection:
            return {state: int(count) for state, count in connection.execute(chosen).all()}


def row_of(connection: Connection, job_id: str) -> Any:
    """The row of a job.

    Raises:
        UsageError: NOT_FOUND.
    """
    row = connection.execute(select(JobRow.__table__).where(JobRow.job_id == job_id)).one_or_none()
    if row is None:
        raise unknown_job(job_id)
    return row


def job_of(row: Any) -> Job:
    """A row as its record."""
    error = JobError(row.error_code, row.error_message, row.error_hint) if row.error_code else None
    return Job(
        job_id=row.job_id,
        kind=row.kind,
        arguments=row.arguments,
        owner=row.owner,
        state=row.state,
        share=row.share,
        note=row.note,
        totals=row.totals,
        report=row.report,
        error=error,
        attempt=row.attempt,
        cancel_asked=row.cancel_asked,
        events=row.events,
        created_at=row.created_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
        key_id=row.key_id,
    )


def unknown_job(job_id: str) -> UsageError:
    """The error for a job that is not there, or not for this principal: word for word the same."""
    return UsageError("NOT_FOUND", f"There is no job {job_id!r}.", "See `kinodex jobs list`.")


def _clean(arguments: Mapping[str, Any]) -> Any:
    return json.loads(clean(json.dumps(arguments, ensure_ascii=False, allow_nan=False)))


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()

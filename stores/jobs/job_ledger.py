"""Who does which job: workers take jobs, say how far they are, and end them; jobs of dead workers are taken over.

As in `stores.threads.turn_ledger`, the number of an attempt is a fencing token: a worker that lost a job to another
one can neither append to it nor end it. One job of a library runs at a time, since one process writes the index; those
that write none (`BESIDE`) run beside it, if there is another worker. A worker holds a lease, which `append` extends; a
job is lost when its lease has ended or its worker is certainly dead.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Engine, delete, insert, select, update

from stores.core.errors import CODES, StoreError, UsageError
from stores.core.owners import certainly_dead, this_process
from stores.core.record_columns import clean
from stores.jobs.records import BESIDE, PASSING, Job, JobError, JobLease, JobProgress, JobState, NewJobEvent
from stores.jobs.store import job_of, row_of
from stores.jobs.tables import JobEventRow, JobRow
from stores.sql.database import empty_log, reading, writing

LEASE_SECONDS = 60.0
"""How long a job whose worker gives no sign is waited for. Source: as `stores.threads.turn_ledger.LEASE_SECONDS`."""

MAX_DEATHS = 3
"""Workers that may die of one job before it is given up. Source: as `stores.ledger.MAX_ATTEMPTS`."""

GIVEN_UP = JobError(
    "WORKER_LOST", "Several workers died while they did this job.", "What was finished is kept; retry the job."
)
"""The error of jobs that are given up."""


class JobLedger:
    """What workers do with jobs.

    Args:
        clock: seconds since the epoch. Clocks of machines should agree within `LEASE_SECONDS`.
        worker: the name of this process; None for `stores.core.owners.this_process`.
    """

    def __init__(self, engine: Engine, clock: Callable[[], float] = time.time, worker: str | None = None) -> None:
        self._engine = engine
        self._clock = clock
        self._worker = worker

    def take(self) -> tuple[Job, JobLease] | None:
        """The job that this process shall do now: a lost one, else the one that waits longest.

        Lost jobs that somebody wanted cancelled end so; those that `MAX_DEATHS` workers died of are given up.

        Returns:
            None if there is none, or if another worker is doing one beside which none may run.

        Raises:
            StoreError: as `stores.sql.database.writing`; so do all others.
        """
        # Looking first: an idle worker must not lock the database.
        with reading(self._engine) as connection:
            open_jobs = select(JobRow.job_id).where(JobRow.state.in_(("queued", "running"))).limit(1)
            if connection.execute(open_jobs).first() is None:
                return None
        with writing(self._engine) as connection:
            busy = False
            for row in connection.execute(_in_state("running")).all():
                if not self._is_lost(row):
                    busy = busy or row.kind not in BESIDE
                elif row.cancel_asked:
                    self._end(connection, row, "cancelled")
                elif row.deaths + 1 >= MAX_DEATHS:
                    self._end(connection, row, "interrupted", deaths=row.deaths + 1, **_columns(GIVEN_UP))
                else:
                    return self._hold(connection, row, deaths=row.deaths + 1)
            waiting = _in_state("queued")
            if busy:
                waiting = waiting.where(JobRow.kind.in_(BESIDE))
            first = connection.execute(waiting.limit(1)).one_or_none()
            return None if first is None else self._hold(connection, first)

    def append(self, lease: JobLease, events: Sequence[NewJobEvent] = (), progress: JobProgress | None = None) -> bool:
        """Appends events, notes how far the job is, and renews the lease; one transaction.

        Of events of the kind `PASSING` only the newest is kept.

        Returns:
            Whether somebody asked to cancel the job.

        Raises:
            StoreError: STALE_ATTEMPT if the job is over or was taken over.
        """
        changes: dict[str, Any] = {"lease_until": self._clock() + LEASE_SECONDS}
        if progress is not None:
            changes |= {"share": progress.share, "note": clean(progress.note), "totals": _json(progress.totals)}
        if any(event.kind == "video" for event in events):
            changes["deaths"] = 0  # it gets on: only deaths in a row are the job's fault
        with writing(self._engine) as connection:
            row = self._held(connection, lease)
            connection.execute(_change(lease.job_id).values(**changes))
            if any(event.kind == PASSING for event in events):
                passed = delete(JobEventRow).where(JobEventRow.job_id == lease.job_id, JobEventRow.kind == PASSING)
                connection.execute(passed)
            self._append(connection, row, events)
        return bool(row.cancel_asked)

    def cancel_asked(self, lease: JobLease) -> bool:
        """Whether somebody asked to cancel the job, or another worker has it: then `append` says more."""
        with reading(self._engine) as connection:
            row = connection.execute(select(JobRow.__table__).where(JobRow.job_id == lease.job_id)).one_or_none()
        return row is None or bool(row.cancel_asked) or row.attempt != lease.attempt or row.state != "running"

    def finish(self, lease: JobLease, totals: Mapping[str, Any], report: Mapping[str, Any]) -> Job:
        """Ends a job with its report.

        Raises:
            StoreError: STALE_ATTEMPT as `append`.
        """
        with writing(self._engine) as connection:
            row = self._held(connection, lease)
            job = self._end(connection, row, "done", share=1.0, totals=_json(totals), report=_json(report))
        empty_log(self._engine)
        return job

    def fail(self, lease: JobLease, error: JobError) -> Job:
        """Ends a job with an error.

        Raises:
            KeyError: if there is no such error code.
            StoreError: STALE_ATTEMPT as `append`.
        """
        with writing(self._engine) as connection:
            row = self._held(connection, lease)
            return self._end(connection, row, "failed", **_columns(error))

    def cancelled(self, lease: JobLease) -> Job:
        """Ends a job because somebody asked for it.

        Raises:
            StoreError: STALE_ATTEMPT as `append`.
        """
        with writing(self._engine) as connection:
            return self._end(connection, self._held(connection, lease), "cancelled")

    def release(self, lease: JobLease) -> None:
        """Puts a job back into the queue, in its old place: its worker stops before it is done.

        Raises:
            StoreError: STALE_ATTEMPT as `append`.
        """
        with writing(self._engine) as connection:
            row = self._held(connection, lease)
            if row.cancel_asked:
                self._end(connection, row, "cancelled")
                return
            free = {"state": "queued", "worker": "", "lease_until": 0.0, "note": ""}
            connection.execute(_change(lease.job_id).values(**free))
            self._append(connection, row, [NewJobEvent("released")])

    def worker_died(self, worker: str) -> None:
        """Ends the leases of a worker that is dead, as the one who started it knows: its job is taken over at once.

        Args:
            worker: its name (`stores.core.owners.process_named`).
        """
        its_own = (JobRow.worker == worker) & (JobRow.state == "running")
        with reading(self._engine) as connection:
            if connection.execute(select(JobRow.job_id).where(its_own)).first() is None:
                return
        with writing(self._engine) as connection:
            connection.execute(update(JobRow).where(its_own).values(lease_until=0.0))

    def cancel(self, job_id: str) -> Job:
        """Asks the worker that does a job to end it; one that nobody does ends at once; one that is over stays so.

        Raises:
            UsageError: NOT_FOUND.
        """
        with writing(self._engine) as connection:
            row = row_of(connection, job_id)
            if row.state == "queued" or (row.state == "running" and self._is_lost(row)):
                return self._end(connection, row, "cancelled")
            if row.state == "running" and not row.cancel_asked:
                connection.execute(_change(job_id).values(cancel_asked=True))
                self._append(connection, row, [NewJobEvent("cancel_asked")])
            return job_of(row_of(connection, job_id))

    def retry(self, job_id: str, arguments: Mapping[str, Any] | None = None) -> Job:
        """Puts a job that is over and not done back into the queue, at its end.

        Args:
            arguments: what it is to do from now on, where that is less than before; None: the same.

        Raises:
            UsageError: NOT_FOUND; CONFLICT if it is not over, or done.
        """
        with writing(self._engine) as connection:
            row = row_of(connection, job_id)
            if row.state not in ("failed", "cancelled", "interrupted"):
                message = f"The job {job_id} is {row.state}."
                raise UsageError("CONFLICT", message, "Only jobs that failed or were stopped can be retried.")
            again: dict[str, Any] = {"state": "queued", "deaths": 0, "cancel_asked": False, "finished_at": None}
            again |= {"created_at": self._clock(), "error_code": "", "error_message": "", "error_hint": "", "note": ""}
            if arguments is not None:
                again["arguments"] = _json(arguments)
            connection.execute(_change(job_id).values(**again))
            self._append(connection, row, [NewJobEvent("queued_again")])
            return job_of(row_of(connection, job_id))

    def running(self) -> Mapping[str, int]:
        """By job, the attempts of workers that hold on to one."""
        with reading(self._engine) as connection:
            rows = connection.execute(select(JobRow.__table__).where(JobRow.state == "running")).all()
        return {row.job_id: row.attempt for row in rows if not self._is_lost(row)}

    def _is_lost(self, row: Any) -> bool:
        return bool(row.lease_until <= self._clock()) or certainly_dead(row.worker)

    def _hold(self, connection: Connection, row: Any, **values: Any) -> tuple[Job, JobLease]:
        now, attempt = self._clock(), row.attempt + 1
        values |= {"state": "running", "attempt": attempt, "note": "", "lease_until": now + LEASE_SECONDS}
        values |= {"worker": self._worker or this_process(), "started_at": row.started_at or now}
        connection.execute(_change(row.job_id).values(**values))
        kind = "begun" if attempt == 1 else "resumed"
        self._append(connection, row, [NewJobEvent(kind, {"attempt": attempt})])
        return job_of(row_of(connection, row.job_id)), JobLease(row.job_id, attempt)

    def _held(self, connection: Connection, lease: JobLease) -> Any:
        row = connection.execute(select(JobRow.__table__).where(JobRow.job_id == lease.job_id)).one_or_none()
        if row is None or row.state != "running" or row.attempt != lease.attempt:
            message = f"The job {lease.job_id} is over, or another worker has taken it over."
            raise StoreError("STALE_ATTEMPT", message, "Read what has become of it.")
        return row

    def _end(self, connection: Connection, row: Any, state: JobState, **values: Any) -> Job:
        over = {"state": state, "finished_at": self._clock(), "worker": "", "lease_until": 0.0, "note": ""}
        connection.execute(_change(row.job_id).values(**over, **values))
        ended = {"state": state} | ({"code": values["error_code"]} if values.get("error_code") else {})
        self._append(connection, row, [NewJobEvent("ended", ended)])
        return job_of(row_of(connection, row.job_id))

    def _append(self, connection: Connection, row: Any, events: Sequence[NewJobEvent]) -> None:
        if not events:
            return
        now = self._clock()
        rows = [
            {"job_id": row.job_id, "number": number, "kind": one.kind, "payload": _json(one.payload), "at": now}
            for number, one in enumerate(events, row.events + 1)
        ]
        connection.execute(insert(JobEventRow), rows)
        connection.execute(_change(row.job_id).values(events=row.events + len(events)))


def _in_state(state: JobState) -> Any:
    return select(JobRow.__table__).where(JobRow.state == state).order_by(JobRow.created_at, JobRow.job_id)


def _change(job_id: str) -> Any:
    return update(JobRow).where(JobRow.job_id == job_id)


def _columns(error: JobError) -> dict[str, str]:
    code = CODES[error.code].name
    return {"error_code": code, "error_message": clean(error.message), "error_hint": clean(error.hint)}


def _json(payload: Mapping[str, Any]) -> Any:
    return json.loads(clean(json.dumps(payload, ensure_ascii=False, allow_nan=False)))

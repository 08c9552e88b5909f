"""The ledger: how far every stage of every video is, and who may say so.

An attempt is committed before work begins, so that a worker that dies leaves a mark, and a video
that kills its workers is quarantined instead of being tried for ever. The attempt's number is a
fencing token: whoever lost the attempt to another worker can no longer end it.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, delete, insert, select, update

from stores.database import reading, writing
from stores.errors import StoreError
from stores.records import Receipt, StageKey, Status
from stores.rows import clean
from stores.tables import StageRunRow as Run

MAX_ATTEMPTS = 3
"""Attempts before a stage of a video is quarantined. Source: our choice: twice more than once."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """The right to end one stage run. ``started``: seconds since the epoch."""

    key: StageKey
    number: int
    worker: str
    started: float


class Ledger:
    """Owner of the table ``stage_runs``.

    Args:
        clock: seconds since the epoch.
    """

    def __init__(self, engine: Engine, clock: Callable[[], float] = time.time) -> None:
        self._engine = engine
        self._clock = clock

    def begin(
        self, key: StageKey, worker: str, max_attempts: int = MAX_ATTEMPTS, force: bool = False
    ) -> Attempt | Receipt:
        """Commits a new attempt, or tells how the run ended already.

        A run that is marked running counts as an attempt whose worker died.

        Args:
            max_attempts: attempts after which the run is quarantined instead of begun.
            force: begin also what is done, filtered, quarantined or out of attempts. What was done stays
                visible until it is replaced.

        Returns:
            The attempt; or the receipt of a run that is done, filtered or quarantined.

        Raises:
            StoreError: as `stores.database.writing`.
        """
        now = self._clock()
        with writing(self._engine) as connection:
            run = _run(connection, key)
            if run is None:
                new = {"status": "running", "active": False, "attempts": 1, "error_code": "", "error_message": ""}
                times = {"worker": worker, "started_at": now, "finished_at": None, "seconds": 0.0}
                connection.execute(insert(Run).values(**_named(key), **new, **times))
                return Attempt(key, 1, worker, now)
            if not force and run.status in ("done", "filtered", "quarantined"):
                return _receipt(run)
            if not force and run.attempts >= max_attempts:
                return self._quarantine(connection, run, now)
            # The token must never repeat, so a forced attempt goes on counting where the run stood.
            number = run.attempts + 1
            self._set(connection, key, status="running", attempts=number, worker=worker, started_at=now)
            self._set(connection, key, finished_at=None, error_code="", error_message="", seconds=0.0)
            return Attempt(key, number, worker, now)

    def fail(self, attempt: Attempt, code: str, message: str) -> Receipt:
        """Ends an attempt with an error. What an earlier run left stays visible.

        Raises:
            StoreError: STALE_ATTEMPT if the attempt is no longer the current one.
        """
        return self._end(attempt, "failed", code, message)

    def filter(self, attempt: Attempt, why: str) -> Receipt:
        """Ends an attempt because the stage does not apply to the video, e.g. no sound track.

        Raises:
            StoreError: STALE_ATTEMPT if the attempt is no longer the current one.
        """
        return self._end(attempt, "filtered", "", why)

    def done_in(self, connection: Connection, attempt: Attempt, seconds: float | None = None) -> Receipt:
        """Ends an attempt well, inside the transaction that replaces the stage's rows.

        Earlier done runs of the stage with another fingerprint are forgotten, as their rows are.

        Args:
            seconds: of work in this stage alone; None for the time since the attempt began.

        Raises:
            StoreError: STALE_ATTEMPT if the attempt is no longer the current one.
        """
        key = attempt.key
        superseded = (Run.video_id == key.video_id) & (Run.stage == key.stage) & (Run.fingerprint != key.fingerprint)
        connection.execute(delete(Run).where(superseded & (Run.active | (Run.status == "done"))))
        return self._finish(connection, attempt, "done", "", "", seconds, active=True)

    def current(self, connection: Connection, attempt: Attempt) -> None:
        """Checks, before work is thrown away, that an attempt may still be ended.

        Raises:
            StoreError: STALE_ATTEMPT if not.
        """
        run = _run(connection, attempt.key)
        if run is None or run.status != "running" or run.attempts != attempt.number:
            raise _stale(attempt)

    def state(self, key: StageKey) -> Receipt | None:
        """How one run stands; None if it was never begun (or was superseded)."""
        with reading(self._engine) as connection:
            run = _run(connection, key)
        return None if run is None else _receipt(run)

    def receipts(self, video_id: str | None = None) -> list[Receipt]:
        """How all runs (of one video) stand, in the order in which they were begun last."""
        statement = select(Run.__table__).order_by(Run.started_at, Run.video_id, Run.stage)
        if video_id is not None:
            statement = statement.where(Run.video_id == video_id)
        with reading(self._engine) as connection:
            return [_receipt(run) for run in connection.execute(statement)]

    def done_fingerprints(self, video_id: str) -> dict[str, str]:
        """Stage to the fingerprint of its done run."""
        return self.all_done_fingerprints([video_id]).get(video_id, {})

    def all_done_fingerprints(self, video_ids: list[str] | None = None) -> dict[str, dict[str, str]]:
        """Video to `done_fingerprints`, in one query; videos with nothing done are absent."""
        statement = select(Run.video_id, Run.stage, Run.fingerprint).where(Run.status == "done")
        if video_ids is not None:
            statement = statement.where(Run.video_id.in_(video_ids))
        found: dict[str, dict[str, str]] = defaultdict(dict)
        with reading(self._engine) as connection:
            for video_id, stage, fingerprint in connection.execute(statement):
                found[video_id][stage] = fingerprint
        return dict(found)

    def _quarantine(self, connection: Connection, run: Any, now: float) -> Receipt:
        key = _key(run)
        if run.status == "running":
            lost = f"The worker {run.worker} died in this stage; {run.attempts} attempts were made."
            self._set(connection, key, error_code="WORKER_LOST", error_message=lost, finished_at=now)
        self._set(connection, key, status="quarantined")
        return _receipt(_run(connection, key))

    def _end(self, attempt: Attempt, status: Status, code: str, message: str) -> Receipt:
        with writing(self._engine) as connection:
            return self._finish(connection, attempt, status, code, message)

    def _finish(
        self,
        connection: Connection,
        attempt: Attempt,
        status: Status,
        code: str,
        message: str,
        seconds: float | None = None,
        **more: bool,
    ) -> Receipt:
        now = self._clock()
        seconds = max(0.0, now - attempt.started) if seconds is None else seconds
        changes = {"status": status, "error_code": code, "error_message": clean(message), "finished_at": now}
        guarded = _matches(attempt.key) & (Run.attempts == attempt.number) & (Run.status == "running")
        ended = connection.execute(update(Run).where(guarded).values(**changes, seconds=seconds, **more))
        if ended.rowcount != 1:
            raise _stale(attempt)
        return Receipt(attempt.key, status, attempt.number, seconds, code, clean(message))

    def _set(self, connection: Connection, key: StageKey, **values: object) -> None:
        connection.execute(update(Run).where(_matches(key)).values(**values))


def _named(key: StageKey) -> dict[str, str]:
    return {"video_id": key.video_id, "stage": key.stage, "fingerprint": key.fingerprint}


def _matches(key: StageKey) -> Any:
    return (Run.video_id == key.video_id) & (Run.stage == key.stage) & (Run.fingerprint == key.fingerprint)


def _run(connection: Connection, key: StageKey) -> Any:
    return connection.execute(select(Run.__table__).where(_matches(key))).one_or_none()


def _key(run: Any) -> StageKey:
    return StageKey(run.video_id, run.stage, run.fingerprint)


def _receipt(run: Any) -> Receipt:
    return Receipt(_key(run), run.status, run.attempts, run.seconds, run.error_code, run.error_message)


def _stale(attempt: Attempt) -> StoreError:
    key = attempt.key
    return StoreError(
        "STALE_ATTEMPT",
        f"Attempt {attempt.number} at stage {key.stage} of {key.video_id} was taken over by another worker.",
        "Nothing is lost: the other worker's result counts.",
    )

"""The ledger: the state of every stage of every video, and which worker may change it.

An attempt is committed before work begins, so that a worker that dies leaves a trace. The attempt's
number only ever grows and serves as a fencing token: a worker that lost the attempt to another one can no longer
end it. Strikes are the attempts that count against the video: those whose worker died, and errors that
are not the machine's fault. A run with too many strikes is quarantined instead of being tried for ever.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Engine, Select, bindparam, delete, exists, insert, select, text, update
from sqlalchemy.orm import aliased

from stores.core.errors import CODES, StoreError
from stores.core.ids import base_stage
from stores.core.record_columns import clean
from stores.core.records import Receipt, StageKey, Status
from stores.sql.database import reading, writing
from stores.sql.tables import StageRunRow as Run

MAX_ATTEMPTS = 3
"""Strikes after which a stage of a video is quarantined. Source: our choice: one try and two retries."""

BAD: tuple[Status, ...] = ("failed", "quarantined")
"""The statuses of stages that ended badly."""

_LISTED = 500  # ids in one query


@dataclass(frozen=True, slots=True)
class Attempt:
    """The right to end one stage run. ``started``: seconds since the epoch."""

    key: StageKey
    number: int
    worker: str
    started: float


@dataclass(frozen=True, slots=True)
class _Outcome:
    """How an attempt ends.

    Attributes:
        code, message: of the error, "" if there is none.
        seconds: of work; None for the time since the attempt began.
        strike: whether the attempt counts against the video.
        changes: further columns of the run.
    """

    status: Status
    code: str = ""
    message: str = ""
    seconds: float | None = None
    strike: bool = True
    changes: Mapping[str, bool | int | None] = field(default_factory=dict)


class Ledger:
    """Owner of the table ``stage_runs``.

    Args:
        max_attempts: strikes after which a run is quarantined, at least 1.
        clock: seconds since the epoch.
    """

    def __init__(
        self, engine: Engine, max_attempts: int = MAX_ATTEMPTS, clock: Callable[[], float] = time.time
    ) -> None:
        if max_attempts < 1:
            raise ValueError(f"no stage can be done in {max_attempts} attempts")
        self._engine = engine
        self._clock = clock
        self.max_attempts = max_attempts

    def begin(self, key: StageKey, worker: str, asked_at: float = math.inf) -> Attempt | Receipt:
        """`begin_all` of one run."""
        return self.begin_all([key], worker, asked_at)[0]

    def begin_all(self, keys: Sequence[StageKey], worker: str, asked_at: float = math.inf) -> list[Attempt | Receipt]:
        """Commits a new attempt at each run, or returns how it ended already; all in one transaction.

        A new attempt counts as a strike until it ends. A run that is still marked as running
        when all its strikes are used up has killed its workers: it is quarantined.

        Args:
            asked_at: when the worker first asked (seconds since the epoch): an attempt it was given since then is given
                again, since the answer was lost.

        Returns:
            For each run, in order: the attempt; or the receipt of one that is done or quarantined.

        Raises:
            StoreError: as `stores.sql.database.writing`.
        """
        with writing(self._engine) as connection:
            return [self._begin(connection, key, worker, asked_at) for key in keys]

    def _begin(self, connection: Connection, key: StageKey, worker: str, asked_at: float) -> Attempt | Receipt:
        now = self._clock()
        running: dict[str, object] = {"status": "running", "worker": worker, "error_code": "", "error_message": ""}
        running |= {"started_at": now, "finished_at": None, "seconds": 0.0}
        run = _run(connection, key)
        if run is None:
            connection.execute(insert(Run).values(**_named(key), **running, active=False, attempts=1, strikes=1))
            return Attempt(key, 1, worker, now)
        if run.status in ("done", "quarantined"):
            return receipt_of(run)
        if run.status == "running" and run.worker == worker and run.started_at >= asked_at:
            return Attempt(key, run.attempts, worker, run.started_at)
        if run.strikes >= self.max_attempts:
            return self._quarantine(connection, run, now)
        self._set(connection, key, **running, attempts=run.attempts + 1, strikes=run.strikes + 1)
        return Attempt(key, run.attempts + 1, worker, now)

    def fail(self, attempt: Attempt, code: str, message: str) -> Receipt:
        """Ends an attempt with an error. The results of an earlier run stay visible.

        An error of the machine (blame ``infra``) is no strike against the video. A retryable error quarantines the
        run once its strikes are used up.

        Raises:
            KeyError: if there is no such error code.
            StoreError: STALE_ATTEMPT if the attempt is no longer the current one.
        """
        with writing(self._engine) as connection:
            if CODES[code].blame == "infra":
                return self._finish(connection, attempt, _Outcome("failed", code, message, strike=False))
            run = _run(connection, attempt.key)
            spent = run is not None and CODES[code].retryable and run.strikes >= self.max_attempts
            return self._finish(connection, attempt, _Outcome("quarantined" if spent else "failed", code, message))

    def release(self, attempt: Attempt) -> Receipt:
        """Gives an attempt back because its job is stopping: the run is pending again, without a strike.

        Raises:
            StoreError: STALE_ATTEMPT if the attempt is no longer the current one.
        """
        with writing(self._engine) as connection:
            return self._finish(connection, attempt, _Outcome("pending", seconds=0.0, strike=False))

    def reset(
        self,
        *,
        video_ids: Collection[str] | None = None,
        stages: Collection[str] | None = None,
        codes: Collection[str] | None = None,
        statuses: Collection[Status] = ("failed", "quarantined"),
    ) -> list[StageKey]:
        """Makes runs pending again, without strikes; their results stay visible until they are replaced.

        Args:
            video_ids, stages, codes: only runs of these videos, stages (and their parts), error codes; None: of all.
            statuses: only runs with one of these.

        Returns:
            The keys of those runs, by video and stage.
        """
        chosen = select(Run.video_id, Run.stage, Run.fingerprint, Run.error_code).where(Run.status.in_(list(statuses)))
        videos = None if video_ids is None else set(video_ids)
        if videos is not None and len(videos) <= _LISTED:
            chosen = chosen.where(Run.video_id.in_(sorted(videos)))
        with writing(self._engine) as connection:
            keys = [
                StageKey(*row[:3])
                for row in connection.execute(chosen.order_by(Run.video_id, Run.stage, Run.fingerprint))
                if (videos is None or row.video_id in videos)
                and (stages is None or row.stage in stages or base_stage(row.stage) in stages)
                and (codes is None or row.error_code in codes)
            ]
            for key in keys:
                self._set(connection, key, status="pending", strikes=0, error_code="", error_message="")
        return keys

    def done_in(
        self,
        connection: Connection,
        attempt: Attempt,
        seconds: float | None = None,
        rows: int | None = None,
        first: bool = False,
    ) -> Receipt:
        """Ends an attempt successfully, inside the transaction that replaces the stage's rows.

        Earlier finished runs of the stage with another fingerprint are deleted, like their rows.

        Args:
            seconds: of work in this stage alone; None for the time since the attempt began.
            rows: the number of rows that the transaction writes, for `stores.maintenance.verify`; None if unknown.
            first: whether the stage certainly has no earlier runs.

        Raises:
            StoreError: STALE_ATTEMPT if the attempt is no longer the current one.
        """
        if not first:
            key = attempt.key
            same = (Run.video_id == key.video_id) & (Run.stage == key.stage)
            superseded = same & (Run.fingerprint != key.fingerprint) & (Run.active | (Run.status == "done"))
            connection.execute(delete(Run).where(superseded))
        outcome = _Outcome("done", seconds=seconds, changes={"active": True, "row_count": rows})
        return self._finish(connection, attempt, outcome)

    def current(self, connection: Connection, attempt: Attempt) -> Receipt | None:
        """Checks, before anything is written, that an attempt may still be ended.

        Returns:
            None if it may; the receipt if this attempt is done already and the answer to its commit was lost.

        Raises:
            StoreError: STALE_ATTEMPT if the attempt is no longer the current one.
        """
        run = _run(connection, attempt.key)
        if run is not None and run.attempts == attempt.number:
            if run.status == "running":
                return None
            if run.status == "done":
                return receipt_of(run)
        raise _stale(attempt)

    def state(self, key: StageKey) -> Receipt | None:
        """The state of one run; None if it was never begun (or was superseded)."""
        with reading(self._engine) as connection:
            run = _run(connection, key)
        return None if run is None else receipt_of(run)

    def receipts(self, video_id: str | None = None) -> list[Receipt]:
        """The state of all runs (of one video), in the order in which they were last begun."""
        statement = select(Run.__table__).order_by(Run.started_at, Run.video_id, Run.stage)
        if video_id is not None:
            statement = statement.where(Run.video_id == video_id)
        with reading(self._engine) as connection:
            return [receipt_of(run) for run in connection.execute(statement)]

    def receipts_of(self, video_ids: Sequence[str]) -> list[Receipt]:
        """The state of all runs of these videos; those of one video in the order in which they were last begun."""
        statement = select(Run.__table__).order_by(Run.started_at, Run.video_id, Run.stage)
        found: list[Receipt] = []
        with reading(self._engine) as connection:
            for first in range(0, len(video_ids), _LISTED):
                some = Run.video_id.in_(video_ids[first : first + _LISTED])
                found += [receipt_of(run) for run in connection.execute(statement.where(some))]
        return found

    def newest_with(self, statuses: Collection[Status]) -> list[Receipt]:
        """The newest run of each stage of each video, where it has one of these statuses; in the order in which they
        were last begun. What is read does not grow with the runs of other statuses."""
        chosen = _newest(select(Run.__table__)).where(Run.status.in_(list(statuses)))
        if set(statuses) <= set(BAD):
            chosen = bad_runs().where(Run.status.in_(list(statuses)))
        with reading(self._engine) as connection:
            ordered = chosen.order_by(Run.started_at, Run.video_id, Run.stage)
            return [receipt_of(run) for run in connection.execute(ordered)]

    def done_fingerprints(self, video_id: str) -> dict[str, str]:
        """Stage to the fingerprint of its done run."""
        statement = select(Run.stage, Run.fingerprint).where(Run.video_id == video_id, Run.status == "done")
        with reading(self._engine) as connection:
            return {row.stage: row.fingerprint for row in connection.execute(statement)}

    def _quarantine(self, connection: Connection, run: Any, now: float) -> Receipt:
        key = _key(run)
        if not run.error_code:
            lost = f"The worker {run.worker} died in this stage; {run.strikes} attempts count against the video."
            self._set(connection, key, error_code="WORKER_LOST", error_message=lost, finished_at=now)
        self._set(connection, key, status="quarantined")
        return receipt_of(_run(connection, key))

    def _finish(self, connection: Connection, attempt: Attempt, outcome: _Outcome) -> Receipt:
        now = self._clock()
        changes: dict[str, object] = {"status": outcome.status, "finished_at": now, **outcome.changes}
        changes |= {"error_code": outcome.code, "error_message": clean(outcome.message)}
        changes["seconds"] = max(0.0, now - attempt.started) if outcome.seconds is None else outcome.seconds
        if not outcome.strike:
            changes["strikes"] = Run.strikes - 1
        ended = connection.execute(_END.values(**changes), {"number": attempt.number, **_asked(attempt.key)})
        if ended.rowcount != 1:
            raise _stale(attempt)
        return receipt_of(_run(connection, attempt.key))

    def _set(self, connection: Connection, key: StageKey, **values: object) -> None:
        connection.execute(update(Run).where(_matches(key)).values(**values))


def _named(key: StageKey) -> dict[str, str]:
    return {"video_id": key.video_id, "stage": key.stage, "fingerprint": key.fingerprint}


def _matches(key: StageKey) -> Any:
    return (Run.video_id == key.video_id) & (Run.stage == key.stage) & (Run.fingerprint == key.fingerprint)


# Built once: building takes longer than executing them, and every stage run needs them several times.
_ASKED = (
    Run.video_id == bindparam("asked_video"),
    Run.stage == bindparam("asked_stage"),
    Run.fingerprint == bindparam("asked_fingerprint"),
)
_RUN = select(Run.__table__).where(*_ASKED)
_END = update(Run).where(*_ASKED, Run.attempts == bindparam("number"), Run.status == "running")


def _asked(key: StageKey) -> dict[str, str]:
    return {"asked_video": key.video_id, "asked_stage": key.stage, "asked_fingerprint": key.fingerprint}


def _run(connection: Connection, key: StageKey) -> Any:
    return connection.execute(_RUN, _asked(key)).one_or_none()


def _key(run: Any) -> StageKey:
    return StageKey(run.video_id, run.stage, run.fingerprint)


def bad_runs(*columns: Any) -> Select[Any]:
    """The newest run of each stage of each video, where it ended badly. An index finds them: ``bad_runs``."""
    # Spelt as in the index: with parameters SQLite does not see that it serves.
    chosen = select(*columns).select_from(Run) if columns else select(Run.__table__)
    return _newest(chosen).where(text("stage_runs.status IN ('failed', 'quarantined')"))


def _newest(chosen: Select[Any]) -> Select[Any]:
    later = aliased(Run)
    same = (later.video_id == Run.video_id) & (later.stage == Run.stage)
    after = later.started_at > Run.started_at
    after |= (later.started_at == Run.started_at) & (later.fingerprint > Run.fingerprint)
    return chosen.where(~exists().where(same & after))


def receipt_of(run: Any) -> Receipt:
    """A row of ``stage_runs`` as a record."""
    return Receipt(
        _key(run), run.status, run.attempts, run.seconds, run.error_code, run.error_message, run.strikes, run.worker
    )


def _stale(attempt: Attempt) -> StoreError:
    key = attempt.key
    return StoreError(
        "STALE_ATTEMPT",
        f"Attempt {attempt.number} at stage {key.stage} of {key.video_id} was taken over by another worker.",
        "Nothing is lost: the other worker's result counts.",
    )

"""The log of jobs: which command ran, when, and how it ended."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, insert, select, update

from stores.sql.database import reading, writing
from stores.sql.tables import RunRow


@dataclass(frozen=True, slots=True)
class Run:
    """One job. Times in seconds since the epoch; ``finished_at`` is None while it runs, or if it was killed."""

    run_id: int
    command: str
    worker: str
    started_at: float
    finished_at: float | None
    summary: Mapping[str, Any]


class RunLog:
    """Owner of the table ``runs``."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def begin(self, command: str, worker: str) -> int:
        """Records that a job begins and returns its number."""
        new = insert(RunRow).values(command=command, worker=worker, started_at=time.time(), summary={})
        with writing(self._engine) as connection:
            return connection.execute(new.returning(RunRow.run_id)).scalar_one()

    def end(self, run_id: int, summary: Mapping[str, Any]) -> None:
        """Records how a job ended; ``summary`` is any JSON object, e.g. counts."""
        change = update(RunRow).where(RunRow.run_id == run_id)
        with writing(self._engine) as connection:
            connection.execute(change.values(finished_at=time.time(), summary=dict(summary)))

    def newest(self) -> Run | None:
        """The newest job; None if there was none."""
        return next(iter(self.runs(1)), None)

    def runs(self, limit: int | None = None) -> list[Run]:
        """The jobs, the newest first; at most ``limit``."""
        with reading(self._engine) as connection:
            rows = connection.execute(select(RunRow.__table__).order_by(RunRow.run_id.desc()).limit(limit)).all()
        return [Run(r.run_id, r.command, r.worker, r.started_at, r.finished_at, r.summary) for r in rows]

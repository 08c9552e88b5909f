"""The tables of jobs. A running job is written by one process at a time: the one that holds its ``attempt``."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from stores.sql.tables import Base


class JobRow(Base):
    """`records.Job`, and who does it.

    ``attempt``: the fencing token; ``worker``: the process (`stores.core.owners`), which must renew ``lease_until``,
    seconds since the epoch; ``deaths``: workers that died of it. ``request``: a digest of what was ordered under
    ``idempotency_key``, which is "" if none was given.
    """

    __tablename__ = "jobs"
    job_id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    arguments: Mapped[dict[str, Any]]
    owner: Mapped[str]
    key_id: Mapped[str] = mapped_column(server_default=text("''"))
    state: Mapped[str]
    share: Mapped[float]
    note: Mapped[str]
    totals: Mapped[dict[str, Any]]
    report: Mapped[dict[str, Any] | None]
    error_code: Mapped[str]
    error_message: Mapped[str]
    error_hint: Mapped[str]
    attempt: Mapped[int]
    deaths: Mapped[int]
    worker: Mapped[str]
    lease_until: Mapped[float]
    cancel_asked: Mapped[bool]
    events: Mapped[int]
    idempotency_key: Mapped[str]
    request: Mapped[str]
    created_at: Mapped[float]
    started_at: Mapped[float | None]
    finished_at: Mapped[float | None]


Index("jobs_by_state", JobRow.state, JobRow.created_at)
Index("jobs_by_owner", JobRow.owner, JobRow.created_at)
Index("jobs_by_age", JobRow.created_at, JobRow.job_id)
Index(
    "one_job_for_a_key",
    JobRow.owner,
    JobRow.idempotency_key,
    unique=True,
    sqlite_where=text("idempotency_key <> ''"),
    postgresql_where=text("idempotency_key <> ''"),
)


class JobEventRow(Base):
    """`records.JobEvent`."""

    __tablename__ = "job_events"
    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.job_id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    payload: Mapped[dict[str, Any]]
    at: Mapped[float]


Index("job_events_by_kind", JobEventRow.job_id, JobEventRow.kind, JobEventRow.number)

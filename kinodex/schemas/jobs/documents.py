"""Jobs as the command line shows them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from kinodex.schemas.base import Document, Number

if TYPE_CHECKING:
    from stores.jobs.records import Job


class JobFault(Document):
    """Why a job failed: a code, what is wrong, what to do."""

    code: str
    message: str
    hint: str


class JobDocument(Document):
    """One job. Times in seconds since the epoch.

    Attributes:
        state: ``queued``, ``running``, ``done``, ``failed``, ``cancelled`` or ``interrupted``.
        share: how much of it is done, in [0, 1].
        note: what it does or waits for now; "" if there is nothing to say.
        totals: counts of its items by how they ended.
        attempt: how many workers took it so far.
        events: the number of its newest event.
    """

    job_id: str
    kind: str
    state: str
    share: Number
    note: str
    totals: dict[str, Any]
    error: JobFault | None
    attempt: int
    cancel_asked: bool
    events: int
    created_at: Number
    started_at: Number | None
    finished_at: Number | None


class JobsDocument(Document):
    """Some jobs, the newest first."""

    jobs: list[JobDocument]


class JobDetailDocument(JobDocument):
    """One job with what was ordered, and what the same command prints under ``--json`` (null until it is done)."""

    arguments: dict[str, Any]
    report: dict[str, Any] | None


def jobs(some: Iterable[Job]) -> JobsDocument:
    """The document of some jobs."""
    return JobsDocument(jobs=[job(one) for one in some])


def job(one: Job) -> JobDocument:
    """The document of a job."""
    return JobDocument(**_fields(one))


def job_detail(one: Job) -> JobDetailDocument:
    """The document of a job, as a person with the command line sees it."""
    report = dict(one.report) if one.report is not None else None
    return JobDetailDocument(**_fields(one), arguments=dict(one.arguments), report=report)


def _fields(one: Job) -> dict[str, Any]:
    error = one.error
    return {
        "job_id": one.job_id,
        "kind": one.kind,
        "state": one.state,
        "share": one.share,
        "note": one.note,
        "totals": dict(one.totals),
        "error": JobFault(code=error.code, message=error.message, hint=error.hint) if error else None,
        "attempt": one.attempt,
        "cancel_asked": one.cancel_asked,
        "events": one.events,
        "created_at": one.created_at,
        "started_at": one.started_at,
        "finished_at": one.finished_at,
    }

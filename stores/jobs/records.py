"""What a job is: frozen records, independent of who does it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

JobKind = Literal["ingest", "tag", "describe", "reembed", "verify", "export", "propose"]
"""What can be ordered."""

BESIDE: tuple[JobKind, ...] = ("export", "propose")
"""The kinds that write no index: one is done beside any other job, where there is another worker."""

KINDS: tuple[JobKind, ...] = get_args(JobKind)

JobState = Literal["queued", "running", "done", "failed", "cancelled", "interrupted"]
"""``interrupted``: its workers died so often that it was given up; it can be retried."""

ENDED: tuple[JobState, ...] = ("done", "failed", "cancelled", "interrupted")
"""The states of a job that is over."""

PASSING = "progress"
"""The kind of events of which only the newest is kept: how far a job is."""


@dataclass(frozen=True, slots=True)
class JobError:
    """Why a job failed: a code of `stores.core.errors.CODES`, what is wrong, what to do."""

    code: str
    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Job:
    """One job. Times in seconds since the epoch.

    Attributes:
        arguments: by kind, see `kinodex.schemas.jobs.orders`.
        owner: ``user_id`` of who ordered it; "" for the owner of the library.
        key_id: of the API key that it was ordered with, which may have been taken back since; "" for none.
        share: how much of it is done, in [0, 1].
        note: what it does or waits for now; "" if there is nothing to say.
        totals: counts of its items by how they ended.
        report: what the same command prints under ``--json``; None until it is done.
        error: None unless it failed, or was given up.
        attempt: how many workers took it so far; 0 while none did.
        cancel_asked: whether somebody asked for its end.
        events: the number of its newest event.
    """

    job_id: str
    kind: JobKind
    arguments: Mapping[str, Any]
    owner: str
    state: JobState
    share: float
    note: str
    totals: Mapping[str, Any]
    report: Mapping[str, Any] | None
    error: JobError | None
    attempt: int
    cancel_asked: bool
    events: int
    created_at: float
    started_at: float | None
    finished_at: float | None
    key_id: str = ""

    @property
    def ended(self) -> bool:
        """Whether it is over."""
        return self.state in ENDED


@dataclass(frozen=True, slots=True)
class JobLease:
    """The right to go on with a running job, as long as no other worker has taken it over."""

    job_id: str
    attempt: int


@dataclass(frozen=True, slots=True)
class NewJobEvent:
    """An event to be appended."""

    kind: str
    payload: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class JobEvent:
    """Something that happened in a job. ``number`` counts from 1 in its job and only grows; there may be gaps."""

    job_id: str
    number: int
    kind: str
    payload: Mapping[str, Any]
    at: float


@dataclass(frozen=True, slots=True)
class JobProgress:
    """How far a job is; as in `Job`."""

    share: float
    note: str
    totals: Mapping[str, Any]

"""Jobs as pages show them: without paths, and without what the one who asks may not see."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from kinodex.schemas.base import Document, Fault, Number
from kinodex.schemas.jobs.documents import JobFault


class JobFile(Document):
    """The file that an export made; ``url`` gives it."""

    name: str
    bytes: int
    url: str


class JobCard(Document):
    """One job. Times in seconds since 1970.

    Attributes:
        kind: ``ingest``, ``tag``, ``describe``, ``reembed``, ``verify``, ``export`` or ``propose``.
        key_id: of the API key that it was ordered with; "" if a person ordered it.
        state: ``queued``, ``running``, ``done``, ``failed``, ``cancelled`` or ``interrupted``.
        files: names of what is ingested; empty for other kinds.
        videos: how many videos were chosen; null for all, and for other kinds.
        share: how much of it is done, in [0, 1].
        note: what it does or waits for now; "" if there is nothing to say.
        totals: counts of its items by how they ended.
        error: why it failed; null if it did not.
        attempt: how many workers took it so far.
        events: url of what happens in it.
        file: what it made; null for other kinds, until it is done, when it is no longer kept, and for those who do not
            see every video in it.
    """

    job_id: str
    kind: str
    key_id: str
    state: str
    files: list[str]
    videos: int | None
    share: Number
    note: str
    totals: dict[str, Any]
    error: JobFault | None
    attempt: int
    cancel_asked: bool
    created_at: Number
    started_at: Number | None
    finished_at: Number | None
    events: str
    file: JobFile | None


class JobsPage(Document):
    """A page of jobs, the newest first; ``next`` is the cursor of the next page, null at the end."""

    jobs: list[JobCard]
    next: str | None


class OrderedJob(JobCard):
    """A job that was ordered; ``new`` is false if it had been ordered before under the same key."""

    new: bool


class JobItem(Document):
    """How one item of a job ended; ``video_id``: "" for what became no video that can be seen."""

    video_id: str
    name: str
    status: str
    fault: Fault | None


class JobDetail(JobCard):
    """One job with its items, those that failed first.

    Attributes:
        more: how many items are not listed.
        stopped: why a budget stopped it; "" if none did.
    """

    items: list[JobItem]
    more: int
    stopped: str


class PlannedStageCount(Document):
    """How many videos a stage would run on."""

    stage: str
    videos: int


class JobPlan(Document):
    """What a job would do and what it would probably cost.

    Attributes:
        inputs: files or videos that it is about; ``videos``: those that would be worked on.
        problems: what cannot be read; at most 200.
        seconds: how long it would take; ``work_seconds``: of one worker.
        bytes: on disk; ``free_bytes``: that are left there now, null where that does not matter.
        tokens, money: of the language model; ``priced``: whether prices are set.
        measured: whether all speeds were measured in this library.
        over_budget: what of the budget it would exceed; "" if nothing.
    """

    kind: str
    inputs: int
    videos: int
    problems: list[JobItem]
    stages: list[PlannedStageCount]
    media_seconds: Number
    seconds: Number
    work_seconds: Number
    bytes: int
    free_bytes: int | None
    tokens: int
    money: Number
    priced: bool
    measured: bool
    over_budget: str


class FolderEntry(Document):
    """A folder, or a video file in one; ``size`` in bytes, null for folders."""

    name: str
    path: str
    size: int | None


class FolderListing(Document):
    """What is in a folder that may be ingested.

    Attributes:
        path: "" for the list of the folders to begin with.
        parent: null where there is none that may be seen.
        more: how many entries are not listed.
    """

    path: str
    parent: str | None
    folders: list[FolderEntry]
    files: list[FolderEntry]
    more: int


class FailureItem(Document):
    """Something that failed.

    Attributes:
        failure_id: what POST /failures/retry takes.
        video_id: "" for a file that became no video.
        stage: "" likewise.
        hint: what to do about it.
        retried: whether the next ingest tries it again by itself.
        attempts: how often it was tried.
    """

    failure_id: str
    video_id: str
    name: str
    stage: str
    status: str
    code: str
    message: str
    hint: str
    retried: bool
    attempts: int


class FailuresPage(Document):
    """What failed; ``total`` counts all, ``next`` is the cursor of the next page, null at the end."""

    failures: list[FailureItem]
    total: int
    next: str | None


class RetryRequest(Document):
    """Which failures to try again; null for all."""

    ids: Annotated[list[Annotated[str, Field(max_length=200)]], Field(max_length=10_000)] | None = None


class RetriedDocument(Document):
    """The jobs that try it again; none where nothing failed."""

    jobs: list[JobCard]

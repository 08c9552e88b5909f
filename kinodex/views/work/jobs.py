"""Jobs: ordering them, reading what became of them, ending and repeating them.

Everybody sees the jobs that they ordered; an administrator sees all. Of what a job did to videos that the reader does
not see, only the names are shown that the one who ordered it named.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kinodex.schemas.api.jobs import JobCard, JobDetail, JobFile, JobItem, JobsPage
from kinodex.schemas.base import Fault
from kinodex.schemas.jobs.documents import JobFault
from kinodex.schemas.jobs.orders import (
    DescribeOrder,
    ExportOrder,
    IngestOrder,
    Order,
    ProposeOrder,
    TagOrder,
    arguments_of,
)
from kinodex.text import clean
from kinodex.views import urls
from kinodex.views.collections import collection_to_fill
from kinodex.views.cursors import cursor as cursor_of
from kinodex.views.cursors import place_of
from kinodex.views.names import file_name, without_paths
from kinodex.views.tags.vocabulary import may_edit
from kinodex.views.work import job_files
from kinodex.views.work.roots import allowed_path
from stores.core.errors import UsageError
from stores.jobs.store import unknown_job

if TYPE_CHECKING:
    from kinodex.views.library_view import LibraryView
    from kinodex.views.work.job_files import JobDownload
    from stores.jobs.records import Job, JobError, JobEvent, JobState

LISTED = 200
"""Items of a job that are shown, those that failed first. Source: our choice."""

EVENTS = 1_000
"""Events that are read at a time: a job has one for each of its videos. Source: our choice."""

_GOOD = ("done", "reused")


@dataclass(frozen=True, slots=True)
class JobOrdered:
    """An order was taken; ``new`` is false if it had been taken before under the same key."""

    job: JobCard
    new: bool


def order(view: LibraryView, asked: Order, idempotency_key: str = "") -> JobOrdered:
    """Put a job into the queue.

    Raises:
        UsageError: FORBIDDEN; UNKNOWN_VIDEO; NOT_FOUND; USAGE; TOO_LARGE for an export that is written as a whole;
            CONFLICT if something else was ordered under this key.
    """
    arguments = permitted(view, asked)
    who = view.principal
    job, new = view.store.jobs.order(asked.kind, arguments, who.orders_as, idempotency_key, who.key_id)
    return JobOrdered(job=_cards(view, [job])[0], new=new)


def permitted(view: LibraryView, asked: Order) -> Mapping[str, Any]:
    """What may be done of an order: only paths and videos that are allowed.

    An order about all stays one about all: which of them are seen is asked when the job is done, see
    `kinodex.jobs.tasks.chosen`.

    Raises:
        UsageError: as `order`.
    """
    view.require("jobs")
    if isinstance(asked, IngestOrder | DescribeOrder) and asked.budget:
        from workflows.planning.budget import Budget

        Budget.parse(asked.budget)
    if isinstance(asked, IngestOrder):
        paths = [str(_there(allowed_path(view, path))) for path in asked.paths]
        return {**arguments_of(asked), "paths": paths, "collection": _collection(view, asked.collection)}
    if isinstance(asked, ExportOrder):
        view.require("read")
    if isinstance(asked, TagOrder | DescribeOrder | ExportOrder):
        video_ids = None if asked.video_ids is None else view.videos(asked.video_ids)
        if isinstance(asked, ExportOrder):
            job_files.check(view, asked, view.only(video_ids))
        return {**arguments_of(asked), "video_ids": video_ids}
    if isinstance(asked, ProposeOrder):
        may_edit(view)
        return arguments_of(asked)
    view.require("admin")  # it is about the whole library
    return arguments_of(asked)


def _there(path: Path) -> Path:
    """A path that may be ingested, if something is there.

    Raises:
        UsageError: NOT_FOUND.
    """
    if not path.exists():
        message = f"There is nothing at {path} on the machine of the server."
        raise UsageError("NOT_FOUND", message, "Choose a folder or a file that is there.")
    return path


def _collection(view: LibraryView, name: str) -> str:
    """The id of the collection that what is ingested comes into; "" for none.

    Raises:
        UsageError: NOT_FOUND; FORBIDDEN; USAGE if there must be one.
    """
    if name:
        return collection_to_fill(view, name)
    if view.changeable() is not None:
        message = f"{view.principal.name} would not see the new videos: they would be in no collection."
        raise UsageError("USAGE", message, "Name a collection that you edit in `collection`.")
    return ""


def page(view: LibraryView, limit: int = 50, cursor: str | None = None, state: JobState | None = None) -> JobsPage:
    """Jobs, the newest first.

    Raises:
        UsageError: FORBIDDEN; USAGE if the cursor is none.
    """
    view.require("jobs")
    of = f"jobs {state}"
    after = _job(view, place_of(view.store.library_id, of, cursor, (str,))[0]) if cursor else None
    owner = None if view.principal.may("admin") else view.principal.orders_as
    found = view.store.jobs.page(limit + 1, after, owner, state)
    shown = found[:limit]
    following = cursor_of(view.store.library_id, of, shown[-1].job_id) if len(found) > limit else None
    return JobsPage(jobs=_cards(view, shown), next=following)


def job(view: LibraryView, job_id: str) -> JobDetail:
    """One job with its items.

    Raises:
        UsageError: FORBIDDEN; NOT_FOUND.
    """
    view.require("jobs")
    found = _job(view, job_id)
    report = found.report or {}
    items = sorted(_items(view, report), key=lambda one: one.status in _GOOD)
    return JobDetail(
        **dict(_cards(view, [found])[0]),
        items=items[:LISTED],
        more=max(0, len(items) - LISTED),
        stopped=str(report.get("stopped") or ""),
    )


def cancel(view: LibraryView, job_id: str) -> JobCard:
    """Ask for the end of a job; what it has finished stays.

    Raises:
        UsageError: FORBIDDEN; NOT_FOUND.
    """
    view.require("jobs")
    return _cards(view, [view.store.job_ledger.cancel(_job(view, job_id).job_id)])[0]


def file(view: LibraryView, job_id: str) -> JobDownload:
    """The file that a job made, for somebody who sees every video that is in it.

    Raises:
        UsageError: FORBIDDEN; NOT_FOUND, also if it is no longer kept.
    """
    view.require("jobs")
    view.require("read")
    return job_files.download(view, _job(view, job_id))


def retry(view: LibraryView, job_id: str) -> JobCard:
    """Put a job that failed or was stopped into the queue again.

    What it may do is looked up again, and it does no more: access may have been taken away.

    Raises:
        UsageError: FORBIDDEN; NOT_FOUND; CONFLICT if it is not over, or done.
    """
    from pydantic import TypeAdapter

    found = _job(view, job_id)
    asked: Order = TypeAdapter[Order](Order).validate_python({"kind": found.kind, **found.arguments})
    return card(view.store.job_ledger.retry(found.job_id, permitted(view, asked)))


def events_after(view: LibraryView, job_id: str, number: int = 0) -> tuple[list[JobEvent], bool]:
    """What happened in a job after an event, at most `EVENTS` of it, and whether nothing will follow.

    Raises:
        UsageError: FORBIDDEN; NOT_FOUND.
    """
    view = view.renewed()
    view.require("jobs")
    # Asked first: what happens between the two questions is told next time.
    ended = _job(view, job_id).ended
    found = view.store.jobs.events_after(job_id, number, EVENTS)
    return list(_seen(view, found)), ended and len(found) < EVENTS


def _seen(view: LibraryView, events: Sequence[JobEvent]) -> Iterator[JobEvent]:
    seen = frozenset(view.only(one.payload.get("video_id", "") for one in events) or ())
    for one in events:
        video_id = one.payload.get("video_id", "")
        hidden = bool(video_id) and video_id not in seen
        yield replace(one, payload={**one.payload, "video_id": ""}) if hidden else one


def _job(view: LibraryView, job_id: str) -> Job:
    found = view.store.jobs.get(job_id)
    if found.owner != view.principal.orders_as and not view.principal.may("admin"):
        raise unknown_job(job_id)
    return found


def _items(view: LibraryView, report: Mapping[str, Any]) -> Iterator[JobItem]:
    videos = report.get("videos") or (report.get("ingest") or {}).get("videos") or ()
    seen = frozenset(view.only(one.get("video_id") or "" for one in videos) or ())
    for one in videos:
        error = one.get("error")
        video_id = one.get("video_id") or ""
        yield JobItem(
            video_id=video_id if video_id in seen else "",
            name=file_name(one.get("uri") or ""),
            status="reused" if one.get("reused") and one["status"] == "done" else one["status"],
            fault=Fault(code=error["code"], message=without_paths(error["message"])) if error else None,
        )
    for one in report.get("problems") or ():
        fault = Fault(code=one["code"], message=without_paths(one["message"]))
        yield JobItem(video_id="", name=one["where"], status="problem", fault=fault)


def _cards(view: LibraryView, some: Sequence[Job]) -> list[JobCard]:
    files = job_files.files_of(view, some)
    return [card(one, files.get(one.job_id)) for one in some]


def card(one: Job, file: JobFile | None = None) -> JobCard:
    """A job as a page shows it."""
    error = one.error
    chosen = one.arguments.get("video_ids")
    return JobCard(
        job_id=one.job_id,
        kind=one.kind,
        key_id=one.key_id,
        state=one.state,
        files=[clean(Path(path).name) or "/" for path in one.arguments.get("paths", ())],
        videos=len(chosen) if chosen is not None else None,
        share=one.share,
        note=one.note,
        totals=dict(one.totals),
        error=_fault(error) if error else None,
        attempt=one.attempt,
        cancel_asked=one.cancel_asked,
        created_at=one.created_at,
        started_at=one.started_at,
        finished_at=one.finished_at,
        events=f"{urls.API}/jobs/{one.job_id}/events",
        file=file,
    )


def _fault(error: JobError) -> JobFault:
    return JobFault(code=error.code, message=without_paths(error.message), hint=without_paths(error.hint))

"""Jobs: long work in a process of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import FileResponse, StreamingResponse

from kinodex.schemas.api.jobs import FolderListing, JobCard, JobDetail, JobPlan, JobsPage, OrderedJob
from kinodex.schemas.jobs.orders import Order
from kinodex.server.asking import Viewed
from kinodex.server.attachments import OpenedFile, attachment
from kinodex.server.events import RESPONSES, After, Event, LastEventId, News, streams_of
from kinodex.server.idempotency import Key
from kinodex.server.problems import errors
from kinodex.views import urls
from kinodex.views.work import job_plans, roots
from kinodex.views.work import jobs as views
from stores.jobs.records import JobState

if TYPE_CHECKING:
    from kinodex.views.library_view import LibraryView

router = APIRouter(tags=["jobs"])

_FILE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The file; several as a ZIP archive.",
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    },
}


@router.get("/jobs")
def list_jobs(
    view: Viewed,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    state: JobState | None = None,
) -> JobsPage:
    """A page of jobs, the newest first."""
    return views.page(view, limit, cursor, state)


@router.post("/jobs", status_code=202, responses=errors("UNKNOWN_VIDEO", "NOT_FOUND", "CONFLICT", "TOO_LARGE"))
def order_job(
    view: Viewed,
    order: Order,
    response: Response,
    idempotency_key: Key = None,
) -> OrderedJob:
    """Put a job into the queue; the same key orders it once, even across restarts."""
    return ordered(view, order, response, idempotency_key)


@router.post("/jobs/plan", responses=errors("UNKNOWN_VIDEO", "NOT_FOUND"))
def plan_job(view: Viewed, order: Order) -> JobPlan:
    """What a job would do and cost, without doing it."""
    return job_plans.plan(view, order)


@router.get("/jobs/{job_id}", responses=errors("NOT_FOUND"))
def get_job(view: Viewed, job_id: str) -> JobDetail:
    """One job with its items, those that failed first."""
    return views.job(view, job_id)


@router.get("/jobs/{job_id}/file", response_class=FileResponse, responses=_FILE | errors("NOT_FOUND"))
def get_job_file(view: Viewed, job_id: str) -> Response:
    """The file that an export made, as long as it is kept and every video in it is seen."""
    made = views.file(view, job_id)
    return OpenedFile(made.file, made.media_type, attachment(made.name))


@router.post("/jobs/{job_id}/cancel", responses=errors("NOT_FOUND"))
def cancel_job(view: Viewed, job_id: str) -> JobCard:
    """Ask for the end of a job; what it has finished stays."""
    return views.cancel(view, job_id)


@router.post("/jobs/{job_id}/retry", responses=errors("NOT_FOUND", "CONFLICT"))
def retry_job(view: Viewed, job_id: str) -> JobCard:
    """Put a job that failed or was stopped into the queue again."""
    return views.retry(view, job_id)


@router.get("/jobs/{job_id}/events", response_class=StreamingResponse, responses=RESPONSES | errors("NOT_FOUND"))
def follow_job(
    view: Viewed,
    request: Request,
    job_id: str,
    last_event_id: LastEventId = 0,
    after: After = 0,
) -> Response:
    """What happens in a job, as it happens, from the beginning on or from `Last-Event-ID`; the last is `ended`."""
    views.job(view, job_id)  # so that what is wrong is an answer of its own

    def look(known: int) -> News:
        events, over = views.events_after(view, job_id, known)
        return News([Event(one.kind, {"at": one.at, **one.payload}, one.number) for one in events], over)

    return streams_of(request.app).stream(look, max(last_event_id, after))


@router.get("/folders", responses=errors("NOT_FOUND"))
def list_folder(view: Viewed, path: Annotated[str, Query(max_length=4_096)] = "") -> FolderListing:
    """What is in a folder that may be ingested."""
    return roots.folder(view, path)


def ordered(view: LibraryView, order: Order, response: Response, key: str | None) -> OrderedJob:
    """Answers an order: the job, and where it is."""
    made = views.order(view, order, key or "")
    response.headers["Location"] = f"{urls.API}/jobs/{made.job.job_id}"
    return OrderedJob(**dict(made.job), new=made.new)

"""Jobs: long work in a process of its own."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Annotated

from anyio.to_thread import run_sync
from fastapi import APIRouter, Header, Query, Response
from fastapi.responses import StreamingResponse

from kinodex.schemas.api.jobs import FolderListing, JobCard, JobDetail, JobOrdered, JobPlan, JobsPage
from kinodex.schemas.jobs.orders import Order
from kinodex.server.asking import Viewed
from kinodex.views import job_plans, roots
from kinodex.views import jobs as views
from stores.jobs.records import JobState

router = APIRouter(tags=["jobs"])


@router.get("/jobs")
def list_jobs(
    view: Viewed,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    state: JobState | None = None,
) -> JobsPage:
    """A page of jobs, the newest first."""
    return views.page(view, limit, cursor, state)


@router.post("/jobs", status_code=202)
def order_job(
    view: Viewed,
    order: Order,
    response: Response,
    idempotency_key: Annotated[str | None, Header(max_length=255)] = None,
) -> JobOrdered:
    """Put a job into the queue; the same key orders it once, even across restarts."""
    made = views.order(view, order, idempotency_key or "")
    response.headers["Location"] = f"/api/v1/jobs/{made.job.job_id}"
    return made


@router.post("/jobs/plan")
def plan_job(view: Viewed, order: Order) -> JobPlan:
    """What a job would do and cost, without doing it."""
    return job_plans.plan(view, order)


@router.get("/jobs/{job_id}")
def get_job(view: Viewed, job_id: str) -> JobDetail:
    """One job with its items, those that failed first."""
    return views.job(view, job_id)


@router.post("/jobs/{job_id}/cancel")
def cancel_job(view: Viewed, job_id: str) -> JobCard:
    """Ask for the end of a job; what it has finished stays."""
    return views.cancel(view, job_id)


@router.post("/jobs/{job_id}/retry")
def retry_job(view: Viewed, job_id: str) -> JobCard:
    """Put a job that failed or was stopped into the queue again."""
    return views.retry(view, job_id)


@router.get("/jobs/{job_id}/events")
def follow_job(
    view: Viewed,
    job_id: str,
    last_event_id: Annotated[int, Header(alias="Last-Event-ID", ge=0)] = 0,
) -> StreamingResponse:
    """What happens in a job, as it happens."""
    views.events_after(view, job_id, last_event_id)  # so that what is wrong is an answer of its own

    async def lines() -> AsyncIterator[str]:
        after = last_event_id
        while True:
            events, over = await run_sync(views.events_after, view, job_id, after)
            for one in events:
                after = one.number
                yield f"id: {one.number}\nevent: {one.kind}\ndata: {json.dumps(dict(one.payload))}\n\n"
            if over:
                return
            await asyncio.sleep(0.5)

    return StreamingResponse(lines(), media_type="text/event-stream")


@router.get("/folders")
def list_folder(view: Viewed, path: Annotated[str, Query(max_length=4_096)] = "") -> FolderListing:
    """What is in a folder that may be ingested."""
    return roots.folder(view, path)

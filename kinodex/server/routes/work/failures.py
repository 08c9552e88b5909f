"""What failed, and trying it again."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from kinodex.schemas.api.jobs import FailuresPage, RetriedDocument, RetryRequest
from kinodex.server.asking import Viewed
from kinodex.server.problems import errors
from kinodex.views.work import failures as views

router = APIRouter(tags=["jobs"])


@router.get("/failures")
def list_failures(
    view: Viewed,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
) -> FailuresPage:
    """What failed and why, and whether it will be tried again."""
    return views.page(view, limit, cursor)


@router.post("/failures/retry", status_code=202, responses=errors("NOT_FOUND"))
def retry_failures(view: Viewed, request: RetryRequest) -> RetriedDocument:
    """Order that what failed is done again."""
    return views.retry(view, request.ids)

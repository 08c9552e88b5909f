"""Review: people decide about tags."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from kinodex.schemas.api.tags import Decided, DecisionsRequest, ReviewHistory, ReviewPage, Undone, UndoRequest
from kinodex.server.asking import Viewed
from kinodex.server.problems import errors
from kinodex.views.tags import reviewing as views

router = APIRouter(tags=["review"])


@router.get("/review", responses=errors("UNKNOWN_VIDEO", "NOT_FOUND"))
def list_reviews(
    view: Viewed,
    limit: Annotated[int, Query(ge=1, le=200)] = 20,
    tag: Annotated[str | None, Query(max_length=1_000)] = None,
    facet: Annotated[str | None, Query(max_length=1_000)] = None,
    video_id: Annotated[list[str] | None, Query(max_length=100)] = None,
    collection: Annotated[str, Query(max_length=200)] = "",
    after: Annotated[str | None, Query(max_length=2_000)] = None,
) -> ReviewPage:
    """Decisions that wait for a person, what teaches most first."""
    filters = views.ReviewFilter(tag, facet, None if video_id is None else tuple(video_id), collection)
    return views.queue(view, limit, filters, after)


@router.post("/decisions", responses=errors("UNKNOWN_VIDEO", "NOT_FOUND"))
def decide(view: Viewed, request: DecisionsRequest) -> Decided:
    """Save what a person decided, all or none."""
    return views.decide(view, request.decisions)


@router.post("/decisions/undo", responses=errors("NOT_FOUND", "CONFLICT"))
def undo(view: Viewed, request: UndoRequest) -> Undone:
    """Take back one step of decisions: everything is exactly as it was."""
    return views.undo(view, request.undo)


@router.get("/videos/{video_id}/reviews", responses=errors("UNKNOWN_VIDEO"))
def list_history(
    view: Viewed, video_id: str, tag: Annotated[str | None, Query(max_length=1_000)] = None
) -> ReviewHistory:
    """What people decided about a video, the newest first."""
    return views.history(view, video_id, tag)

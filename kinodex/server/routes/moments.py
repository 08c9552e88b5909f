"""What was found in one video."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from kinodex.schemas.api.moments import LineKind, LinesPage, Timeline, TrackletsDocument
from kinodex.server.asking import Viewed
from kinodex.server.etags import kept_by_revision
from kinodex.server.problems import errors
from kinodex.server.routes.videos import Cursor
from kinodex.views import moments as views

router = APIRouter(prefix="/videos/{video_id}", tags=["videos"], responses=errors("UNKNOWN_VIDEO"))

LATEST = 1e9
"""Seconds of a place in a video, at most. Source: our choice: thirty years, and exact in every time base."""

Seconds = Annotated[float | None, Query(ge=0, le=LATEST, allow_inf_nan=False)]


@router.get("/timeline", response_model=Timeline)
def get_timeline(view: Viewed, request: Request, video_id: str) -> Response:
    """What happens when in a video: scenes, clips, speech, text, objects."""
    return kept_by_revision(request, view, lambda: views.timeline(view, video_id))


@router.get("/lines", response_model=LinesPage)
def list_lines(
    view: Viewed,
    request: Request,
    video_id: str,
    kind: LineKind | None = None,
    cursor: Cursor = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> Response:
    """A page of what was said, read on screen, described or recognised, in order of time."""
    return kept_by_revision(request, view, lambda: views.lines(view, video_id, kind, limit, cursor))


@router.get("/tracklets", response_model=TrackletsDocument)
def list_tracklets(
    view: Viewed, request: Request, video_id: str, start: Seconds = None, end: Seconds = None
) -> Response:
    """The objects that were followed in a part of a video, with their boxes."""
    return kept_by_revision(request, view, lambda: views.tracklets(view, video_id, start, end))

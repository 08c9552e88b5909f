"""How much there is, and which videos."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response

from kinodex.schemas.api.videos import LibraryStatus, VideoDetail, VideosPage
from kinodex.server.asking import Viewed
from kinodex.server.etags import kept
from kinodex.server.problems import errors
from kinodex.views import videos as views

router = APIRouter(tags=["videos"])

Cursor = Annotated[str | None, Query(max_length=2_000, description="`next` of the page before.")]


@router.get("/status", response_model=LibraryStatus)
def get_status(view: Viewed, request: Request) -> Response:
    """How much there is, and how much of it can be searched."""
    return kept(request, views.status(view))


@router.get("/videos", response_model=VideosPage, responses=errors("NOT_FOUND"))
def list_videos(
    view: Viewed,
    request: Request,
    cursor: Cursor = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    status: views.EntryStatus | Literal[""] = "",
    tag: Annotated[str, Query(max_length=200, description="Id of an accepted tag.")] = "",
    collection: Annotated[str, Query(max_length=200)] = "",
    language: Annotated[str, Query(max_length=20, description="Spoken, ISO 639-1.")] = "",
    name: Annotated[str, Query(max_length=200, description="Part of a file's name.")] = "",
    sort: views.Sort = "name",
) -> Response:
    """A page of videos."""
    filters = views.Filters(status, tag, collection, language, name, sort)
    return kept(request, views.videos(view, filters, limit, cursor))


@router.get("/videos/{video_id}", response_model=VideoDetail, responses=errors("UNKNOWN_VIDEO"))
def get_video(view: Viewed, request: Request, video_id: str) -> Response:
    """All about one video, but for what was found in it."""
    return kept(request, views.video(view, video_id))

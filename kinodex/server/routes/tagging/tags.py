"""Tags: the vocabulary, and what was decided with it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from kinodex.schemas.api.tags import FacetsDocument, TagCard, TagsAsked, TagsPage, TagVideosPage, VideoDecisions
from kinodex.server.asking import Viewed
from kinodex.server.problems import errors
from kinodex.server.tag_ids import TAG_ID
from kinodex.views.tags import tagging as views

router = APIRouter(tags=["tags"])

Cursor = Annotated[str | None, Query(max_length=2_000)]


@router.get("/tags")
def list_tags(view: Viewed, asked: Annotated[TagsAsked, Query()]) -> TagsPage:
    """A page of tags, with how many videos have each."""
    return views.page(view, asked)


@router.get("/tags/facets")
def list_facets(view: Viewed) -> FacetsDocument:
    """The facets of tags, and how many tags each has."""
    return views.facets_of(view)


@router.get(f"/tags/{TAG_ID}", responses=errors("NOT_FOUND"))
def get_tag(view: Viewed, tag_id: str) -> TagCard:
    """One tag with all that is broader. Four addresses are something else: a tag whose id is `facets`, `export`,
    `duplicates` or `proposals` is read by `GET /tags?tag_id=…`."""
    return views.tag(view, tag_id)


@router.get(f"/tags/{TAG_ID}/videos", responses=errors("NOT_FOUND"))
def list_tagged_videos(
    view: Viewed, tag_id: str, cursor: Cursor = None, limit: Annotated[int, Query(ge=1, le=200)] = 50
) -> TagVideosPage:
    """The videos that have a tag, the surest first."""
    return views.videos_of(view, tag_id, limit, cursor)


@router.get("/videos/{video_id}/tags", responses=errors("UNKNOWN_VIDEO"))
def list_decisions(view: Viewed, video_id: str) -> VideoDecisions:
    """What counts about the tags of a video, with the evidence."""
    return views.decisions(view, video_id)

"""Tags: the vocabulary, and what was decided with it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from kinodex.schemas.api.tags import TagCard, TagsPage, TagVideosPage, VideoDecisions
from kinodex.schemas.tags import ImportedDocument
from kinodex.server.asking import Viewed
from kinodex.server.problems import errors
from kinodex.views.tags import tagging as views
from stores.core.errors import UsageError

router = APIRouter(tags=["tags"])

Cursor = Annotated[str | None, Query(max_length=2_000)]

_CSV = {"text/csv": {"schema": {"type": "string", "format": "binary"}}}


@router.get("/tags")
def list_tags(
    view: Viewed,
    q: Annotated[str, Query(max_length=200)] = "",
    cursor: Cursor = None,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
) -> TagsPage:
    """A page of tags, with how many videos have each."""
    return views.page(view, q, limit, cursor)


@router.post(
    "/tags/import",
    openapi_extra={"requestBody": {"required": True, "content": _CSV}},
    responses=errors("TOO_LARGE", "TAG_FILE_INVALID"),
)
async def import_tags(view: Viewed, request: Request) -> ImportedDocument:
    """Add the tags of a CSV file, sent as the body; tags with the same id are replaced."""
    from anyio.to_thread import run_sync

    data = bytearray()
    async for piece in request.stream():
        data += piece
        if len(data) > views.IMPORTED:
            raise UsageError("TOO_LARGE", f"A file of tags has at most {views.IMPORTED:,} bytes.", "Send it in pieces.")
    return await run_sync(views.import_csv, view, bytes(data))


@router.get("/tags/export", response_class=Response, responses={200: {"content": _CSV}})
def export_tags(view: Viewed) -> Response:
    """All tags as CSV, in the form that the import reads."""
    headers = {"Content-Disposition": 'attachment; filename="tags.csv"'}
    return Response(views.export_csv(view), headers=headers, media_type="text/csv")


@router.get("/tags/{tag_id}", responses=errors("NOT_FOUND"))
def get_tag(view: Viewed, tag_id: str) -> TagCard:
    """One tag with all that is broader."""
    return views.tag(view, tag_id)


@router.get("/tags/{tag_id}/videos", responses=errors("NOT_FOUND"))
def list_tagged_videos(
    view: Viewed, tag_id: str, cursor: Cursor = None, limit: Annotated[int, Query(ge=1, le=200)] = 50
) -> TagVideosPage:
    """The videos that have a tag, the surest first."""
    return views.videos_of(view, tag_id, limit, cursor)


@router.get("/videos/{video_id}/tags", responses=errors("UNKNOWN_VIDEO"))
def list_decisions(view: Viewed, video_id: str) -> VideoDecisions:
    """What counts about the tags of a video, with the evidence."""
    return views.decisions(view, video_id)

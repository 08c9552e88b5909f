"""Exports as downloads."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response

from kinodex.schemas.api.exports import ExportAsked, FormatsDocument
from kinodex.server.asking import Viewed
from kinodex.server.attachments import attachment
from kinodex.views import exports as view_of

router = APIRouter(tags=["exports"])

_FILE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The file; several as a ZIP archive.",
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    },
    400: {"description": "There is no such format or tag, or nothing to look for was given."},
    404: {"description": "There is no such video."},
    413: {"description": "More than is exported on the spot: order a job of the kind `export`."},
}


@router.get("/exports")
def formats(_view: Viewed) -> FormatsDocument:
    """The formats in which videos can be exported."""
    return view_of.formats()


@router.post("/exports", response_class=Response, responses=_FILE)
def export(asked: ExportAsked, view: Viewed) -> Response:
    """Export some videos, or all of them, as a file."""
    return _sent(view_of.export(view, asked))


@router.get("/videos/{video_id}/export/{format}", response_class=Response, responses=_FILE)
def export_video(
    video_id: str,
    format: str,
    view: Viewed,
    kind: Literal["speech", "screen", "caption"] = "speech",
    query: Annotated[str, Query(max_length=500)] = "",
    bom: bool = False,
) -> Response:
    """Export one video as a file."""
    asked = ExportAsked(format=format[:40], kind=kind, query=query, bom=bom)
    return _sent(view_of.of_video(view, video_id, asked))


def _sent(made: view_of.Download) -> Response:
    return Response(made.data, media_type=made.media_type, headers=attachment(made.name))

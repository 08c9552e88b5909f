"""Lines that a person corrects, and files of corrections and decisions."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Query

from kinodex.schemas.api.exports import ImportedFile
from kinodex.schemas.api.moments import LineShown, LineText, LineVersions
from kinodex.server.asking import Viewed
from kinodex.server.problems import errors
from kinodex.views import corrections as views

router = APIRouter(tags=["corrections"])


@router.patch(
    "/videos/{video_id}/lines/{evidence_id}", responses=errors("UNKNOWN_VIDEO", "NOT_FOUND", "LIBRARY_LOCKED")
)
def correct_line(view: Viewed, video_id: str, evidence_id: str, new: LineText) -> LineShown:
    """Correct a line: it is found, shown, cited and exported so from now on."""
    return views.correct(view, video_id, evidence_id, new.text)


@router.delete(
    "/videos/{video_id}/lines/{evidence_id}", responses=errors("UNKNOWN_VIDEO", "NOT_FOUND", "LIBRARY_LOCKED")
)
def take_back_line(view: Viewed, video_id: str, evidence_id: str) -> LineShown:
    """Take a correction back: the line says again what was recognised."""
    return views.correct(view, video_id, evidence_id, None)


@router.get("/videos/{video_id}/lines/{evidence_id}/versions", responses=errors("UNKNOWN_VIDEO", "NOT_FOUND"))
def list_line_versions(view: Viewed, video_id: str, evidence_id: str) -> LineVersions:
    """What persons wrote for a line, and what was recognised."""
    return views.versions(view, video_id, evidence_id)


@router.post("/imports", responses=errors("UNKNOWN_VIDEO", "TOO_LARGE", "LIBRARY_LOCKED"))
def import_file(
    view: Viewed,
    name: Annotated[str, Query(max_length=255, description="Of the file; its suffix says what it is.")],
    data: Annotated[bytes, Body(media_type="application/octet-stream")],
    video_id: Annotated[str, Query(max_length=100, description="Of a transcript that does not say it.")] = "",
    dry_run: bool = False,
) -> ImportedFile:
    """Take corrections or decisions out of a file that was exported, all of them or none."""
    return views.import_bytes(view, name, data, video_id, dry_run=dry_run)

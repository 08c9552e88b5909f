"""Finding moments, and the evidence behind answers."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from kinodex.schemas.api.search import EvidenceDocument, MomentsFound
from kinodex.server.asking import Viewed
from kinodex.server.etags import kept_by_revision
from kinodex.server.problems import errors
from kinodex.server.routes.moments import LATEST
from kinodex.views import search as views

router = APIRouter(tags=["search"])

Moments = Annotated[int, Query(ge=1, le=views.MOST_MOMENTS)]


@router.get("/search", response_model=MomentsFound, responses=errors("UNKNOWN_VIDEO", "NOT_FOUND"))
def search_moments(
    view: Viewed,
    q: Annotated[str, Query(min_length=1, max_length=views.LONGEST_QUERY, description="In any language.")],
    k: Moments = 10,
    mode: Annotated[views.Mode, Query(description="`exact`: lines with all these words.")] = "meaning",
    video_id: Annotated[list[str], Query(max_length=200, description="Only in these.")] = [],  # noqa: B006
    collection: Annotated[str, Query(max_length=200)] = "",
    duplicates: Annotated[bool, Query(description="Show near-duplicates as results of their own.")] = False,
) -> MomentsFound:
    """The moments that show, say or display what is asked for, best first."""
    return views.search(view, q, k, mode, views.Scope(video_id or None, collection), copies=duplicates)


@router.get("/videos/{video_id}/similar", response_model=MomentsFound, responses=errors("UNKNOWN_VIDEO"))
def similar_moments(
    view: Viewed,
    video_id: str,
    start: Annotated[float, Query(ge=0, le=LATEST, allow_inf_nan=False)] = 0.0,
    end: Annotated[float | None, Query(ge=0, le=LATEST, allow_inf_nan=False)] = None,
    k: Moments = 10,
) -> MomentsFound:
    """The moments that look most like one of a video."""
    return views.similar(view, video_id, start, start if end is None else end, k)


@router.get("/evidence", response_model=EvidenceDocument)
def get_evidence(
    view: Viewed,
    request: Request,
    id: Annotated[list[str], Query(min_length=1, max_length=views.MOST_EVIDENCE)],
) -> Response:
    """Evidence by id, with what plays it."""
    return kept_by_revision(request, view, lambda: views.evidence(view, id))

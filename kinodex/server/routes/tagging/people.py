"""People: who is seen and heard, what they are called, and that they be forgotten."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from kinodex.schemas.api import people as asked
from kinodex.schemas.persons.people import AlikeDocument, ForgottenDocument, PeopleDocument, PersonDocument
from kinodex.server.asking import Viewed
from kinodex.server.problems import errors
from kinodex.server.routes.media import PICTURE, picture
from kinodex.views import people as views

router = APIRouter(prefix="/people", tags=["people"])


@router.get("")
def list_people(view: Viewed) -> PeopleDocument:
    """Everybody in the videos that one sees: those with a name first, then by how much they are seen."""
    return views.people(view)


@router.get("/{person_id}", responses=errors("NOT_FOUND"))
def get_person(view: Viewed, person_id: str) -> PersonDocument:
    """Where a person is seen and heard, in the videos that one sees."""
    return views.person(view, person_id)


@router.get("/{person_id}/face", response_class=Response, responses=PICTURE)
def get_face(view: Viewed, person_id: str, request: Request) -> Response:
    """A picture of a person: the clearest of their faces in the videos that one sees."""
    return picture(request, views.face(view, person_id))


@router.get("/{person_id}/faces/{evidence_id}.jpg", response_class=Response, responses=PICTURE)
def get_face_of_track(view: Viewed, person_id: str, evidence_id: str, request: Request) -> Response:
    """A picture of a person's face as it is seen at one place of a video."""
    return picture(request, views.face(view, person_id, evidence_id))


@router.get("/{person_id}/alike", responses=errors("NOT_FOUND"))
def list_alike(view: Viewed, person_id: str) -> AlikeDocument:
    """Who may be the same person, the likest first."""
    return views.alike(view, person_id)


@router.patch("/{person_id}", responses=errors("NOT_FOUND", "CONFLICT", "LIBRARY_LOCKED"))
def name_person(view: Viewed, person_id: str, request: asked.PersonNameRequest) -> PersonDocument:
    """Give a person a name: searches, answers and tags know them by it."""
    return views.name(view, person_id, request)


@router.post("/{person_id}/merge", responses=errors("NOT_FOUND", "LIBRARY_LOCKED"))
def merge_people(view: Viewed, person_id: str, request: asked.PeopleMergeRequest) -> PersonDocument:
    """Have others be the same person, who keeps id and name."""
    return views.merge(view, person_id, request)


@router.post("/{person_id}/split", responses=errors("NOT_FOUND", "LIBRARY_LOCKED"))
def split_person(view: Viewed, person_id: str, request: asked.PersonSplitRequest) -> PersonDocument:
    """Have some of a person's faces be somebody else, who is new and is returned."""
    return views.split(view, person_id, request)


@router.delete("/{person_id}", responses=errors("NOT_FOUND", "LIBRARY_LOCKED"))
def forget_person(view: Viewed, person_id: str) -> ForgottenDocument:
    """Remove a person and every vector of theirs, of faces and voices."""
    return views.forget(view, person_id)

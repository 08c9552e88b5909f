"""People as one sees them: those in the videos that one sees, and counts of these."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from kinodex.perception import faces_enabled
from kinodex.schemas.api import people as asked
from kinodex.schemas.persons import people as schema
from kinodex.usecases.people import editing
from kinodex.views.media import playback_of
from stores.core.errors import UsageError
from stores.people.portraits import portrait

if TYPE_CHECKING:
    from kinodex.views.library_view import LibraryView
    from stores.core.principal import Scope


def people(view: LibraryView) -> schema.PeopleDocument:
    """Everybody who is seen."""
    return editing.people(view.store, view.visible(), faces_enabled(view.settings.perception))


def person(view: LibraryView, person_id: str) -> schema.PersonDocument:
    """Where a person is seen and heard.

    Raises:
        UsageError: NOT_FOUND.
    """
    visible = view.visible()
    _there(view, [person_id], visible)
    return editing.one_person(view.store, person_id, visible)


def face(view: LibraryView, person_id: str, evidence_id: str = "") -> bytes:
    """A picture (JPEG) of a person's face: of one track of theirs, or of the clearest in the videos that one sees.

    Raises:
        MediaError: whatever is wrong with the file that shows it.
        UsageError: NOT_FOUND; CONFLICT if the file has changed; TOO_MANY_REQUESTS.
    """
    view.require("read")
    # Not asked who there is: a page has a picture of everybody, and nobody is seen beyond these videos.
    seen = portrait(view.store.engine, person_id, evidence_id, view.visible())
    return playback_of(view.library).faces.picture(seen)


def alike(view: LibraryView, person_id: str) -> schema.AlikeDocument:
    """Who looks like a person, for who may say that they are one.

    Raises:
        UsageError: FORBIDDEN; NOT_FOUND.
    """
    _may(view, "edit")
    _there(view, [person_id])
    return editing.alike(view.store, person_id)


def name(view: LibraryView, person_id: str, request: asked.PersonNameRequest) -> schema.PersonDocument:
    """Give a person a name.

    Raises:
        UsageError: FORBIDDEN; NOT_FOUND; CONFLICT if somebody else has the name; USAGE if it is none.
    """
    by = _may(view, "edit")
    _there(view, [person_id])
    return editing.name(view.store, person_id, request.name, by, request.also)


def merge(view: LibraryView, person_id: str, request: asked.PeopleMergeRequest) -> schema.PersonDocument:
    """Have others be the same person.

    Raises:
        UsageError: FORBIDDEN; NOT_FOUND; USAGE if one is merged with itself.
    """
    by = _may(view, "edit")
    _there(view, [person_id, *request.others])
    return editing.merge(view.store, person_id, request.others, by)


def split(view: LibraryView, person_id: str, request: asked.PersonSplitRequest) -> schema.PersonDocument:
    """Have some faces of a person be somebody else, who is returned.

    Raises:
        UsageError: FORBIDDEN; NOT_FOUND; USAGE if it is none of their faces, or all.
    """
    by = _may(view, "edit")
    _there(view, [person_id])
    return editing.split(view.store, person_id, request.faces, request.video_ids, by, request.joined)


def forget(view: LibraryView, person_id: str) -> schema.ForgottenDocument:
    """Remove a person and every vector of theirs.

    Raises:
        UsageError: FORBIDDEN; NOT_FOUND.
        StoreError: LIBRARY_LOCKED if there is a job.
    """
    by = _may(view, "admin")
    _there(view, [person_id])
    gone = editing.forget(view.store, person_id, by)
    playback_of(view.library).faces.drop_forgotten()
    return gone


def _may(view: LibraryView, scope: Scope) -> str:
    """Who changes something about people, whose videos may be any."""
    view.require(scope)
    view.require_all()
    return view.principal.name


def _there(view: LibraryView, person_ids: Iterable[str], visible: Iterable[str] | None = None) -> None:
    """Refuses ids of nobody, and names in place of ids: who asks for a name learns not even that somebody has it."""
    known = {one.person_id for one in view.store.people.all(None if visible is None else list(visible))}
    for one in person_ids:
        if one not in known:
            raise UsageError("NOT_FOUND", f"There is no person {one!r}.", "GET /people lists all.")

"""Collections: which videos some users see."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath

from kinodex.schemas.api import access as schema
from kinodex.views.library_view import LibraryView
from stores.access.collections import unknown_collection
from stores.access.records import Collection
from stores.core.errors import UsageError
from stores.core.principal import Role

MOST_LISTED = 200
"""Videos of a page at most."""


def collections(view: LibraryView) -> schema.CollectionsDocument:
    """The collections that the one that asks sees, by name."""
    who = view.principal
    seen = view.store.access.collections_of(who.user_id, who.key_id)
    found = view.store.access.collections.all(seen)
    return schema.CollectionsDocument(collections=[_document(view, one) for one in found])


def collection(view: LibraryView, name: str) -> schema.CollectionDocument:
    """One collection by name or id.

    Raises:
        UsageError: NOT_FOUND, also for one that is not for the one that asks.
    """
    return _document(view, _seen(view, name))


def videos_of(view: LibraryView, name: str) -> tuple[str, ...]:
    """Ids of the videos of a collection that the one that asks sees.

    Raises:
        UsageError: NOT_FOUND.
    """
    found = _seen(view, name)
    return view.only(view.store.access.collections.videos(found.collection_id)) or ()


def collections_of(view: LibraryView, video_ids: Sequence[str]) -> dict[str, list[str]]:
    """Ids of the collections that some videos are in, of those that the one that asks sees; videos of none are
    absent."""
    who, access = view.principal, view.store.access
    seen = access.collections_of(who.user_id, who.key_id)
    found = access.collections.of_videos(video_ids)
    narrowed = {one: [each for each in some if seen is None or each in seen] for one, some in found.items()}
    return {one: some for one, some in narrowed.items() if some}


def add_collection(view: LibraryView, name: str, description: str = "") -> schema.CollectionDocument:
    """A new collection, empty.

    Raises:
        UsageError: FORBIDDEN; CONFLICT if the name is taken; USAGE.
    """
    view.require("admin")
    return _document(view, view.store.access.collections.add(name, description))


def change_collection(
    view: LibraryView, name: str, new_name: str | None = None, description: str | None = None
) -> schema.CollectionDocument:
    """Rename or describe a collection.

    Raises:
        UsageError: NOT_FOUND; FORBIDDEN; CONFLICT if the name is taken; USAGE.
    """
    found = _seen(view, name)
    view.require("admin")
    return _document(view, view.store.access.collections.change(found.collection_id, new_name, description))


def remove_collection(view: LibraryView, name: str) -> schema.CollectionDocument:
    """Remove a collection; its videos stay in the library.

    Raises:
        UsageError: NOT_FOUND; FORBIDDEN.
    """
    found = collection(view, name)
    view.require("admin")
    view.store.access.collections.remove(found.collection_id)
    return found


def members(view: LibraryView, name: str) -> schema.MembersDocument:
    """Who sees a collection; told to its editors, and to those who manage it.

    Raises:
        UsageError: NOT_FOUND; FORBIDDEN.
    """
    found = _seen(view, name)
    if _role(view, found) == "reader":
        view.require("admin")
    return schema.members(view.store.access.collections.members(found.collection_id))


def grant(view: LibraryView, name: str, user: str, role: Role) -> schema.MembersDocument:
    """Make a user a member, or give a member another role.

    Raises:
        UsageError: NOT_FOUND; FORBIDDEN; USAGE.
    """
    found = _seen(view, name)
    view.require("admin")
    view.store.access.collections.grant(found.collection_id, view.store.access.users.named(user).user_id, role)
    return members(view, found.collection_id)


def revoke(view: LibraryView, name: str, user: str) -> schema.MembersDocument:
    """End a membership.

    Raises:
        UsageError: NOT_FOUND; FORBIDDEN.
    """
    found = _seen(view, name)
    view.require("admin")
    view.store.access.collections.revoke(found.collection_id, view.store.access.users.named(user).user_id)
    return members(view, found.collection_id)


def change_videos(
    view: LibraryView, name: str, add: Sequence[str] = (), remove: Sequence[str] = ()
) -> schema.ChangedDocument:
    """Add videos to a collection, and take videos out.

    An editor adds only videos that it may change: to show them to others is more than to see them.

    Raises:
        UsageError: NOT_FOUND; UNKNOWN_VIDEO; FORBIDDEN.
    """
    found = _edited(view, name)
    view.require("edit")
    added, taken = view.videos_to_change(add, "edit"), view.videos(remove)
    store = view.store.access.collections
    changed = store.put_videos(found.collection_id, added) if added else 0
    changed += store.take_videos(found.collection_id, taken) if taken else 0
    return schema.ChangedDocument(changed=changed)


def collection_to_fill(view: LibraryView, name: str) -> str:
    """The id of a collection that the one that asks may put new videos into.

    Raises:
        UsageError: NOT_FOUND; FORBIDDEN.
    """
    return _edited(view, name).collection_id


def page_of_videos(view: LibraryView, name: str, cursor: str = "", limit: int = 50) -> schema.CollectionVideosDocument:
    """A page of the videos of a collection.

    Args:
        cursor: ``next`` of the page before; "" for the first one.

    Raises:
        UsageError: NOT_FOUND.
    """
    found = _seen(view, name)
    limit = max(1, min(limit, MOST_LISTED))
    ids = view.store.access.collections.videos(found.collection_id, limit + 1, cursor)
    shown = ids[:limit]
    places = view.store.catalog.places_of(shown)
    names = {one: PurePosixPath(next(iter(places.get(one, ())), one)).name for one in shown}
    return schema.CollectionVideosDocument(
        videos=[schema.CollectionVideo(video_id=one, name=names[one]) for one in shown],
        total=found.videos,
        next=shown[-1] if len(ids) > limit else None,
    )


def _seen(view: LibraryView, name: str) -> Collection:
    who, access = view.principal, view.store.access
    seen = access.collections_of(who.user_id, who.key_id)
    try:
        found = access.collections.named(name)
    except UsageError:
        raise unknown_collection(name) from None
    if seen is not None and found.collection_id not in seen:
        raise unknown_collection(name)
    return found


def _edited(view: LibraryView, name: str) -> Collection:
    found = _seen(view, name)
    if _role(view, found) == "reader":
        message = f"{view.principal.name} reads this collection and does not edit it."
        raise UsageError("FORBIDDEN", message, "Ask for the role of an editor.")
    return found


def _role(view: LibraryView, one: Collection) -> str:
    who, access = view.principal, view.store.access
    edited = access.collections_of(who.user_id, who.key_id, edited=True)
    return "all" if edited is None else "editor" if one.collection_id in edited else "reader"


def _document(view: LibraryView, one: Collection) -> schema.CollectionDocument:
    return schema.collection(one, _role(view, one))

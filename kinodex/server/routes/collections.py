"""Collections, their members and videos."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from kinodex.schemas.api import access as schema
from kinodex.server.asking import Viewed
from kinodex.views import collections
from stores.core.principal import Role

router = APIRouter(prefix="/collections", tags=["access"])

Name = Annotated[str, Field(min_length=1, max_length=200)]
Description = Annotated[str, Field(max_length=1_000)]
VideoIds = Annotated[list[Annotated[str, Field(max_length=100)]], Field(max_length=10_000)]


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NewCollection(_Asked):
    """A collection to be made."""

    name: Name
    description: Description = ""


class CollectionChange(_Asked):
    """What is to become of a collection; what is left out stays."""

    name: Name | None = None
    description: Description | None = None


class Membership(_Asked):
    """The role of a member."""

    role: Role


class VideosChange(_Asked):
    """Ids of videos to be added to a collection, and of those to be taken out."""

    add: VideoIds = []
    remove: VideoIds = []


def _problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    said = {401: "Not logged in", 403: "Not allowed", 404: "Not there", 409: "In conflict"}
    return {status: {"description": said[status]} for status in statuses}


@router.get("", responses=_problems(401))
def get_collections(view: Viewed) -> schema.CollectionsDocument:
    """The collections that the one that asks sees."""
    return collections.collections(view)


@router.post("", status_code=201, responses=_problems(401, 403, 409))
def add_collection(asked: NewCollection, view: Viewed) -> schema.CollectionDocument:
    """Make a collection."""
    return collections.add_collection(view, asked.name, asked.description)


@router.get("/{collection_id}", responses=_problems(401, 404))
def get_collection(collection_id: str, view: Viewed) -> schema.CollectionDocument:
    """One collection."""
    return collections.collection(view, collection_id)


@router.patch("/{collection_id}", responses=_problems(401, 403, 404, 409))
def change_collection(collection_id: str, asked: CollectionChange, view: Viewed) -> schema.CollectionDocument:
    """Rename or describe a collection."""
    return collections.change_collection(view, collection_id, asked.name, asked.description)


@router.delete("/{collection_id}", responses=_problems(401, 403, 404))
def remove_collection(collection_id: str, view: Viewed) -> schema.CollectionDocument:
    """Remove a collection; its videos stay in the library."""
    return collections.remove_collection(view, collection_id)


@router.get("/{collection_id}/members", responses=_problems(401, 403, 404))
def get_members(collection_id: str, view: Viewed) -> schema.MembersDocument:
    """Who sees a collection."""
    return collections.members(view, collection_id)


@router.put("/{collection_id}/members/{user_id}", responses=_problems(401, 403, 404))
def grant(collection_id: str, user_id: str, asked: Membership, view: Viewed) -> schema.MembersDocument:
    """Make a user a member, or give a member another role."""
    return collections.grant(view, collection_id, user_id, asked.role)


@router.delete("/{collection_id}/members/{user_id}", responses=_problems(401, 403, 404))
def revoke(collection_id: str, user_id: str, view: Viewed) -> schema.MembersDocument:
    """End a membership."""
    return collections.revoke(view, collection_id, user_id)


@router.get("/{collection_id}/videos", responses=_problems(401, 404))
def get_videos(
    collection_id: str,
    view: Viewed,
    cursor: Annotated[str, Query(max_length=200)] = "",
    limit: Annotated[int, Query(ge=1, le=collections.MOST_LISTED)] = 50,
) -> schema.CollectionVideosDocument:
    """The videos of a collection."""
    return collections.page_of_videos(view, collection_id, cursor, limit)


@router.patch("/{collection_id}/videos", responses=_problems(401, 403, 404))
def change_videos(collection_id: str, asked: VideosChange, view: Viewed) -> schema.ChangedDocument:
    """Add videos to a collection, and take videos out."""
    return collections.change_videos(view, collection_id, asked.add, asked.remove)

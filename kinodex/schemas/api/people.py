"""What is asked of people."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from kinodex.schemas.base import Document

PersonName = Annotated[str, Field(min_length=1, max_length=200)]
Ids = Annotated[list[Annotated[str, Field(min_length=1, max_length=200)]], Field(max_length=1_000)]


class PersonNameRequest(Document):
    """What somebody is called; ``also``: further names, such as in another script; null: those there are."""

    name: PersonName
    also: Annotated[list[PersonName], Field(max_length=100)] | None = None


class PeopleMergeRequest(Document):
    """The ids of people who are the same person as another."""

    others: Annotated[Ids, Field(min_length=1)]


class PersonSplitRequest(Document):
    """Faces of a person that are somebody else's: by their ids, all of some videos, and all that somebody had who was
    joined with them (``joined``: ids of those, as `other_id` of a decision says)."""

    faces: Ids = Field(default=[])
    video_ids: Ids = Field(default=[])
    joined: Ids = Field(default=[])

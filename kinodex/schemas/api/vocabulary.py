"""Changes of the vocabulary, their history, likely doubles and proposals, as pages and commands show them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from kinodex.schemas.api.tags import Named
from kinodex.schemas.base import Document, Number
from kinodex.schemas.tags import TagDocument, tag_document

if TYPE_CHECKING:
    from stores.tags.vocabulary.editing import Changed

Name = Annotated[str, Field(max_length=200)]
Names = Annotated[list[Name], Field(max_length=1_000)]
TagId = Annotated[str, Field(min_length=1, max_length=1_000)]
TagIds = Annotated[list[TagId], Field(min_length=1, max_length=1_000)]


class NewTagRequest(Document):
    """A tag to be added; ``tag_id``: "" for one that is made of the name; ``parent``: the id of what is broader."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    tag_id: Name = ""
    facet: Name = ""
    aliases: Names = Field(default=[])
    parent: Annotated[str, Field(max_length=1_000)] = ""
    language: Annotated[str, Field(max_length=40)] = ""


class TagEditRequest(Document):
    """What is to be different about a tag; null: as it was. ``aliases`` replaces all, the two below change some."""

    name: Name | None = None
    facet: Name | None = None
    aliases: Names | None = None
    add_aliases: Names = Field(default=[])
    remove_aliases: Names = Field(default=[])
    parent: Annotated[str, Field(max_length=1_000)] | None = None
    language: Annotated[str, Field(max_length=40)] | None = None


class TagsRequest(Document):
    """Some tags, by id."""

    tag_ids: TagIds


class MergeRequest(Document):
    """The ids of tags that become part of another one."""

    sources: TagIds


class SplitRequest(Document):
    """The parts that a tag is divided into; ``retire``: the tag itself is retired, else it stays above those that
    name no other parent."""

    parts: Annotated[list[NewTagRequest], Field(min_length=2, max_length=100)]
    retire: bool = False


class TagsChanged(Document):
    """What a change did.

    Attributes:
        tags: those that changed, as they are now.
        removed: ids that are no longer there.
        decisions: how many were moved, removed or made.
        undo: takes it back; "" if nothing changed or it cannot be.
    """

    tags: list[TagDocument]
    removed: list[str]
    decisions: int
    undo: str


class UndoChangeRequest(Document):
    """Which change to take back."""

    undo: Annotated[str, Field(min_length=1, max_length=100)]


class TagChangeEvent(Document):
    """A change of a tag.

    Attributes:
        action: add, edit, remove, merge, split, retire, restore, import, accept (of a proposal) or undo.
        before, after: null where the tag was not, or was no longer, there; ``differs``: the fields that changed.
        at, undone_at: seconds since 1970; the latter null if it counts.
        undo: takes it back.
    """

    action: str
    by: str
    at: Number
    before: TagDocument | None
    after: TagDocument | None
    differs: list[str]
    undone_at: Number | None
    undo: str


class DecisionChangeEvent(Document):
    """A decision with a tag that became another one; "" for none. ``origin``: automatic or person."""

    video_id: str
    origin: str
    before: str
    after: str
    by: str
    score: Number | None
    at: Number


class TagHistory(Document):
    """What happened to a tag and to the decisions with it, the newest first; at most 100 of each."""

    changes: list[TagChangeEvent]
    decisions: list[DecisionChangeEvent]


class Duplicate(Document):
    """Two tags that may be one.

    Attributes:
        why: ``name`` if they share a name or alias, ``meaning`` if their names mean nearly the same.
        shared: the name they share; "" if they share none.
        likeness: cosine of what their names mean; 1 for a shared name.
    """

    first: Named
    second: Named
    why: Literal["name", "meaning"]
    shared: str
    likeness: Number


class Duplicates(Document):
    """Tags that may be doubles, the likeliest first; nothing is merged by itself.

    Attributes:
        more: there are others.
        left: names whose meaning is not known yet: while there are any, meanings were not compared.
    """

    duplicates: list[Duplicate]
    more: bool
    left: int = 0


class ProposalExample(Document):
    """A line in which a proposal is said or seen."""

    video_id: str
    evidence_id: str
    text: str


class ProposalCard(Document):
    """Something frequent that no tag covers.

    Attributes:
        shown: the name in the language of the reader, where it is something recognised.
        kind: ``tag``, or ``alias`` of the ``tag`` whose name means nearly the same.
        source: ``speech``, ``screen``, ``picture``, ``object``, ``sound``, ``caption`` or ``cluster`` (alike moments).
        support: how many of the videos that one sees have it.
        status: ``open``, ``accepted`` or ``rejected``.
    """

    proposal_id: str
    name: str
    shown: str
    kind: str
    tag: Named | None
    likeness: Number
    source: str
    language: str
    support: int
    status: str
    examples: list[ProposalExample]


class Proposals(Document):
    """Proposals, the best supported first; ``more``: there are more than shown."""

    proposals: list[ProposalCard]
    more: bool


class AcceptRequest(Document):
    """How a proposal becomes part of the vocabulary.

    Attributes:
        name: another name than the proposed one.
        alias_of: the id of the tag that gets it as an alias; null: as proposed; "": it becomes a tag of its own.
    """

    name: Name | None = None
    alias_of: Annotated[str, Field(max_length=1_000)] | None = None
    facet: Name = ""
    aliases: Names = Field(default=[])
    parent: Annotated[str, Field(max_length=1_000)] = ""


def changed(done: Changed) -> TagsChanged:
    """The document of a change."""
    tags = [tag_document(tag) for tag in done.tags]
    return TagsChanged(tags=tags, removed=list(done.removed), decisions=done.decisions, undo=done.undo)


def named(tags: Iterable[tuple[str, str]]) -> list[Named]:
    """Tags by id and name."""
    return [Named(tag_id=tag_id, name=name) for tag_id, name in tags]

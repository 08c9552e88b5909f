"""Likely doubles of tags, and proposals for new ones, as one principal sees them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

from kinodex.schemas.api import vocabulary as schema
from kinodex.schemas.api.tags import Named
from kinodex.views.tags.vocabulary import may_edit
from kinodex.views.wording import recognised
from stores.tags.vocabulary.accepting import accept as accept_proposal
from stores.tags.vocabulary.duplicates import shared_names as names_in_common
from stores.tags.vocabulary.editing import NewTag

if TYPE_CHECKING:
    from kinodex.views.library_view import Language, LibraryView
    from stores.tags.vocabulary.proposals import Proposal

ENCODED = 300
"""Names that are encoded for one answer. Source: our choice: two or three seconds."""


def shared_names(view: LibraryView, limit: int = 100) -> schema.Duplicates:
    """Tags that share a name or an alias."""
    found = names_in_common(view.store.engine, limit + 1)
    return schema.Duplicates(
        duplicates=[
            schema.Duplicate(
                first=Named(tag_id=one.first[0], name=one.first[1]),
                second=Named(tag_id=one.second[0], name=one.second[1]),
                why="name",
                shared=one.shared,
                likeness=1.0,
            )
            for one in found[:limit]
        ],
        more=len(found) > limit,
    )


def duplicates(
    view: LibraryView, limit: int = 100, on_progress: Callable[[int, int, str], None] | None = None
) -> schema.Duplicates:
    """Tags that share a name or an alias, then those whose names mean nearly the same.

    The names of tags that are new are encoded first, which takes a while once.
    """
    from kinodex.usecases.vocabulary.proposing import near_tags

    shared = shared_names(view, limit)
    known = {frozenset((one.first.tag_id, one.second.tag_id)) for one in shared.duplicates}
    near = [
        schema.Duplicate(
            first=Named(tag_id=first.tag_id, name=first.name),
            second=Named(tag_id=second.tag_id, name=second.name),
            why="meaning",
            shared="",
            likeness=likeness,
        )
        for first, second, likeness in near_tags(view.store, view.library.encoders, on_progress)
        if frozenset((first.tag_id, second.tag_id)) not in known
    ]
    both = [*shared.duplicates, *near]
    return schema.Duplicates(duplicates=both[:limit], more=shared.more or len(both) > limit)


def duplicates_by_meaning(view: LibraryView, limit: int = 100) -> schema.Duplicates:
    """As `duplicates`, in pieces of some seconds: while names are left whose meaning is not known, some are encoded,
    and only shared names are told.

    Raises:
        UsageError: FORBIDDEN.
    """
    from kinodex.usecases.vocabulary.proposing import encode_names

    may_edit(view)
    left = encode_names(view.store, view.library.encoders, ENCODED)
    found = shared_names(view, limit) if left else duplicates(view, limit)
    return found.model_copy(update={"left": left})


def proposals(
    view: LibraryView, status: Literal["open", "accepted", "rejected"] = "open", limit: int = 50
) -> schema.Proposals:
    """What is frequent in the videos that one sees and covered by no tag."""
    found = view.store.proposals.listed(status, limit + 1, view.visible())
    names = view.store.tags.names(one.tag_id for one in found)
    return schema.Proposals(proposals=[_card(view, one, names) for one in found[:limit]], more=len(found) > limit)


def accept(view: LibraryView, proposal_id: str, asked: schema.AcceptRequest) -> schema.TagsChanged:
    """Make a proposal a tag, or an alias of one. What was recognised has its Chinese name as an alias, too.

    Raises:
        UsageError: FORBIDDEN; NOT_FOUND; CONFLICT if it is decided; USAGE if a value cannot be.
    """
    who = may_edit(view)
    found = view.store.proposals.get(proposal_id, view.visible())
    alias_of = found.tag_id if asked.alias_of is None and found.kind == "alias" else asked.alias_of or ""
    name = asked.name or found.name
    chinese = _named(found, name, "zh")
    new = NewTag(
        name,
        facet=asked.facet,
        aliases=tuple(dict.fromkeys([*asked.aliases, *([chinese] if chinese != name and not alias_of else [])])),
        parent=asked.parent,
        language=found.language,
    )
    return schema.changed(accept_proposal(view.store.engine, proposal_id, new, alias_of, who))


def reject(view: LibraryView, proposal_id: str) -> schema.ProposalCard:
    """Never propose it again.

    Raises:
        UsageError: FORBIDDEN; NOT_FOUND; CONFLICT if it is decided.
    """
    who = may_edit(view)
    found = view.store.proposals.get(proposal_id, view.visible())
    view.store.proposals.reject(found.proposal_id, who)
    done = view.store.proposals.get(proposal_id, view.visible())
    return _card(view, done, view.store.tags.names([done.tag_id]))


def reopen(view: LibraryView, proposal_id: str) -> schema.ProposalCard:
    """Have a decided proposal wait again; a tag that it became is left alone.

    Raises:
        UsageError: FORBIDDEN; NOT_FOUND; CONFLICT if it is open.
    """
    may_edit(view)
    found = view.store.proposals.get(proposal_id, view.visible())
    view.store.proposals.reopen(found.proposal_id)
    done = view.store.proposals.get(proposal_id, view.visible())
    return _card(view, done, view.store.tags.names([done.tag_id]))


def _named(one: Proposal, text: str, language: Language) -> str:
    """The name, or a line, of a proposal in a language, where it is something recognised."""
    return recognised(text, "picture" if one.source == "cluster" else one.source, language)


def _card(view: LibraryView, one: Proposal, names: dict[str, str]) -> schema.ProposalCard:
    return schema.ProposalCard(
        proposal_id=one.proposal_id,
        name=one.name,
        shown=_named(one, one.name, view.language),
        kind=one.kind,
        tag=Named(tag_id=one.tag_id, name=names[one.tag_id]) if one.tag_id in names else None,
        likeness=one.likeness,
        source=one.source,
        language=one.language,
        support=one.support,
        status=one.status,
        examples=[
            schema.ProposalExample(video_id=video_id, evidence_id=evidence_id, text=_named(one, text, view.language))
            for video_id, evidence_id, text in one.examples
        ],
    )

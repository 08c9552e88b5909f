"""The tag library, and what was decided with it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from kinodex.schemas.api.tags import (
    By,
    DecisionEvidence,
    FacetCard,
    FacetsDocument,
    Named,
    TagCard,
    TagsAsked,
    TagsPage,
    TagVideosPage,
    VideoDecision,
    VideoDecisions,
    VideoWithTag,
)
from kinodex.views.cursors import cursor as cursor_of
from kinodex.views.cursors import place_of
from kinodex.views.search import names_of
from kinodex.views.wording import recognised, shown_name, tag_names
from stores.core.errors import UsageError
from stores.tags.vocabulary.browsing import Order, Place, TagFilter, browse, count_tags, facets

if TYPE_CHECKING:
    from kinodex.views.library_view import Language, LibraryView
    from stores.core.records import Evidence, Tag

_SHAPES: dict[Order, tuple[type[str] | type[int], ...]] = {"added": (int,), "name": (str, int), "-videos": (int, int)}

_DEEPEST = 50  # parents that are followed; deeper trees are cut


def page(view: LibraryView, asked: TagsAsked) -> TagsPage:
    """Tags with the number of videos that one sees.

    Raises:
        UsageError: USAGE if the cursor is none.
    """
    engine, library, visible = view.store.engine, view.store.library_id, view.visible()
    which = TagFilter(asked.q, asked.facet, asked.status, asked.parent, asked.tag_id)
    more = (asked.facet, asked.status, asked.parent, asked.sort)
    of = f"tags {asked.q}" if more == (None, "", "", "added") else f"tags {asked.q} {more}"
    after: Place | int | None = asked.skip or None
    if asked.cursor:
        after = cast(Place, place_of(library, of, asked.cursor, _SHAPES[asked.sort]))
    found = browse(engine, which, asked.sort, asked.limit + 1, after, visible)
    shown = found[: asked.limit]
    parents = view.store.tag_listing.parents([one.tag for one in shown])
    cards = [_card(view, one.tag, _parent(one.tag, parents), one.videos) for one in shown]
    following = cursor_of(library, of, *shown[-1].place) if len(found) > asked.limit else None
    return TagsPage(tags=cards, total=count_tags(engine, which), next=following)


def facets_of(view: LibraryView) -> FacetsDocument:
    """What tags can be narrowed by."""
    found = facets(view.store.engine)
    retired = count_tags(view.store.engine, TagFilter(status="retired"))
    return FacetsDocument(
        facets=[FacetCard(facet=one.facet, tags=one.tags) for one in found],
        active=sum(one.tags for one in found),
        retired=retired,
    )


def tag(view: LibraryView, tag_id: str) -> TagCard:
    """One tag with all that is broader.

    Raises:
        UsageError: NOT_FOUND.
    """
    found = _tag(view, tag_id)
    counts = view.store.tag_listing.videos_by_tag([tag_id], view.visible())
    broader: list[Named] = []
    above = found
    while above.parent and len(broader) < _DEEPEST:
        following = view.store.tags.find(above.parent)
        if following is None or following.tag_id != above.parent:
            break
        broader.append(Named(tag_id=following.tag_id, name=following.name))
        above = following
    return _card(view, found, broader, counts.get(tag_id, 0))


def videos_of(view: LibraryView, tag_id: str, limit: int = 50, cursor: str | None = None) -> TagVideosPage:
    """The videos that have a tag, the surest first.

    Raises:
        UsageError: NOT_FOUND; USAGE if the cursor is none.
    """
    _tag(view, tag_id)
    of, library = f"videos of {tag_id}", view.store.library_id
    after: tuple[float, str] | None = None
    if cursor:
        confidence, video_id = place_of(library, of, cursor, (float, str))
        after = confidence, video_id
    found = view.store.tag_listing.videos_of(tag_id, limit + 1, after, view.visible())
    shown = found[:limit]
    names = names_of(view, [one.video_id for one in shown])
    last = shown[-1] if len(found) > limit else None
    return TagVideosPage(
        videos=[
            VideoWithTag(video_id=one.video_id, name=names[one.video_id], score=one.confidence, by=cast(By, one.origin))
            for one in shown
        ],
        next=cursor_of(library, of, last.confidence, last.video_id) if last is not None else None,
    )


def decisions(view: LibraryView, video_id: str) -> VideoDecisions:
    """What counts about the tags of a video, with evidence.

    Raises:
        UsageError: UNKNOWN_VIDEO.
    """
    found = view.store.tag_listing.standings(view.video(video_id))
    names = tag_names(view, (one.tag_id for one in found))
    lines = view.store.catalog.evidence(evidence_id for one in found for evidence_id in one.evidence_ids)
    return VideoDecisions(
        decisions=[
            VideoDecision(
                tag_id=one.tag_id,
                name=names.get(one.tag_id, ("", ""))[0],
                shown=names.get(one.tag_id, ("", ""))[1],
                state=one.decision,
                score=one.confidence,
                by=cast(By, one.origin),
                automatic=one.automatic,
                automatic_score=one.automatic_confidence,
                evidence=evidence_of(one.evidence_ids, lines, view.language),
            )
            for one in found
        ]
    )


def evidence_of(evidence_ids: Sequence[str], lines: dict[str, Evidence], language: Language) -> list[DecisionEvidence]:
    """The lines that are still there, in the order of their weight."""
    return [_line(lines[one], language) for one in evidence_ids if one in lines]


def _line(line: Evidence, language: Language) -> DecisionEvidence:
    start, end = line.span.seconds
    text = recognised(line.text, line.channel, language)
    return DecisionEvidence(evidence_id=line.evidence_id, start=start, end=end, text=text, kind=line.channel)


def _tag(view: LibraryView, tag_id: str) -> Tag:
    found = view.store.tags.find(tag_id)
    if found is None or found.tag_id != tag_id:
        raise UsageError("NOT_FOUND", f"There is no tag {tag_id!r}.", "See GET /api/v1/tags.")
    return found


def _card(view: LibraryView, one: Tag, parents: list[Named], videos: int) -> TagCard:
    return TagCard(
        tag_id=one.tag_id,
        name=one.name,
        shown=shown_name(one.name, one.aliases, view.language),
        aliases=list(one.aliases),
        parents=parents,
        facet=one.facet,
        language=one.language,
        status=one.status,
        videos=videos,
    )


def _parent(one: Tag, names: dict[str, str]) -> list[Named]:
    return [Named(tag_id=one.parent, name=names[one.parent])] if one.parent in names else []

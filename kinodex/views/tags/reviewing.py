"""People decide about tags: what to look at first, decisions, and taking them back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kinodex.schemas.api.tags import (
    Decided,
    DecidedTogether,
    Reason,
    ReviewCard,
    ReviewEvent,
    ReviewHistory,
    ReviewPage,
    Undone,
    UndoneDecision,
    VerdictRequest,
)
from kinodex.views import urls
from kinodex.views.cursors import cursor as cursor_of
from kinodex.views.cursors import place_of
from kinodex.views.search import names_of
from kinodex.views.tags.tagging import evidence_of
from kinodex.views.videos import scope_of
from kinodex.views.wording import tag_names
from stores.core.errors import UsageError
from stores.tags.review import MOST, Judgement, Reviewer, ReviewItem, Verdict, Waiting, spread

if TYPE_CHECKING:
    from kinodex.views.library_view import LibraryView
    from stores.core.records import Evidence

_SHOWN = 5  # lines of evidence that an item is shown with, the weightiest first

FOUND = 50
"""Moments whose videos a query means. Source: as many as a search may ask for."""

NEAR = 0.1
"""Up to this far from the threshold a score is near it. Source: our choice."""

APART = 0.4
"""From here on recall sources disagree: two of them, if .4 lies between what they say. Source: our choice."""

MANY = 10
"""From so many videos on a tag is one of many. Source: our choice."""


@dataclass(frozen=True, slots=True)
class ReviewFilter:
    """What of the queue is meant: all of these at once.

    Attributes:
        tag_id, facet: this tag, tags of this facet.
        video_ids, collection: these videos, those of a collection.
        query: videos in which this is found.
        least, most: scores from ``least`` to ``most``.
    """

    tag_id: str | None = None
    facet: str | None = None
    video_ids: tuple[str, ...] | None = None
    collection: str = ""
    query: str = ""
    least: float | None = None
    most: float | None = None


def queue(
    view: LibraryView, limit: int = 20, filters: ReviewFilter | None = None, after: str | None = None
) -> ReviewPage:
    """What nobody decided about of the videos whose tags one may change, what teaches most first.

    Args:
        after: `ReviewPage.next` of the page before.

    Raises:
        UsageError: FORBIDDEN; UNKNOWN_VIDEO, NOT_FOUND for the filters; USAGE if ``after`` is no such place.
    """
    view.require("review")
    filters = filters or ReviewFilter()
    of, library = f"review {filters}", view.store.library_id
    begin: tuple[float, str, str] | None = None
    if after:
        place, video_id, tag = place_of(library, of, after, (float, str, str))
        begin = place, video_id, tag
    waiting = _waiting(view, filters)
    found = view.store.reviews.queue(limit + 1, begin, waiting)
    shown = found[:limit]
    last = shown[-1] if len(found) > limit else None
    return ReviewPage(
        items=_cards(view, spread(shown)),
        left=view.store.reviews.left(waiting),
        next=cursor_of(library, of, last.place, last.video_id, last.tag_id) if last is not None else None,
    )


def decide(view: LibraryView, asked: Sequence[VerdictRequest]) -> Decided:
    """Save what a person decided, all or none; automatic runs change nothing about it.

    Raises:
        UsageError: FORBIDDEN; UNKNOWN_VIDEO; NOT_FOUND if there is no such tag; USAGE if one is judged twice.
    """
    view.require("review")
    if len({(one.video_id, one.tag_id) for one in asked}) < len(asked):
        raise UsageError("USAGE", "One tag of a video is decided twice.", "Send each once.")
    view.videos_to_change([one.video_id for one in asked], "review")
    judgements = [Judgement(one.video_id, one.tag_id, one.verdict) for one in asked]
    who = _reviewer(view)
    return Decided(undo=view.store.reviews.decide(judgements, who.by_id, who.by_name, who.model))


def decide_waiting(
    view: LibraryView, filters: ReviewFilter, verdict: Verdict, dry_run: bool = False
) -> DecidedTogether:
    """Save the same verdict on all that waits and is meant, in one step.

    Args:
        dry_run: only say what it would be.

    Raises:
        UsageError: FORBIDDEN; UNKNOWN_VIDEO, NOT_FOUND for the filters; USAGE if nothing narrows what is meant, or
            it is more than fits into one step.
    """
    view.require("review")
    if filters == ReviewFilter():
        hint = "Say which tag, facet, videos, collection, query or scores are meant."
        raise UsageError("USAGE", "Not everything can be decided at once.", hint)
    waiting = _waiting(view, filters)
    if dry_run:
        pairs, step = [(one.video_id, one.tag_id) for one in view.store.reviews.queue(MOST + 1, None, waiting)], ""
        if len(pairs) > MOST:
            raise UsageError("USAGE", f"That is more than {MOST:,} decisions.", "Decide about less at a time.")
    else:
        step, pairs = view.store.reviews.decide_waiting(waiting, verdict, _reviewer(view))
    decisions = [UndoneDecision(video_id=video_id, tag_id=tag_id) for video_id, tag_id in pairs]
    return DecidedTogether(verdict=verdict, decisions=decisions, undo=step if pairs else "")


def undo(view: LibraryView, token: str | None = None) -> Undone:
    """Take back one step of decisions: everything is exactly as it was.

    Args:
        token: the step; None for one's own newest.

    Raises:
        UsageError: FORBIDDEN; NOT_FOUND if it is none of one's own, or undone; CONFLICT if something was decided since.
    """
    view.require("review")
    by_id = None if view.principal.may("admin") else view.principal.user_id
    token = token or view.store.reviews.newest_step(view.principal.user_id)
    if token is None:
        raise UsageError("NOT_FOUND", "There is nothing to undo.", "It was undone, or never decided.")
    undone = view.store.reviews.undo(token, by_id, view.changeable(), _reviewer(view))
    return Undone(decisions=[UndoneDecision(video_id=video_id, tag_id=tag_id) for video_id, tag_id in undone])


def history(
    view: LibraryView, video_id: str | None = None, tag_id: str | None = None, limit: int = 100
) -> ReviewHistory:
    """What people decided about a video (None: about all), with what was taken back.

    Raises:
        UsageError: FORBIDDEN, also if one does not see the whole library and asks about all of it; UNKNOWN_VIDEO.
    """
    view.require("review")
    if video_id is None:
        view.require_all()
    return ReviewHistory(
        reviews=[
            ReviewEvent(
                video_id=one.video_id,
                tag_id=one.tag_id,
                verdict=one.verdict,
                by=one.by_name,
                automatic=one.automatic,
                score=one.score,
                model=one.model,
                at=one.at,
                undone_at=one.undone_at,
                undo=one.step,
            )
            for one in view.store.reviews.history(None if video_id is None else view.video(video_id), tag_id, limit)
        ]
    )


def reasons_of(item: ReviewItem) -> list[Reason]:
    """Why something is asked, see `Reason`."""
    said: dict[Reason, bool] = {
        "near_threshold": item.uncertainty <= NEAR,
        "sources_disagree": item.disagreement >= APART,
        "many_videos": (item.shared or 0) >= MANY,
        "new_tag": item.judged == 0,
    }
    return [one for one, so in said.items() if so] or ["undecided"]


def _waiting(view: LibraryView, filters: ReviewFilter) -> Waiting:
    of_videos = filters.video_ids is not None or filters.collection
    only = scope_of(view, filters.video_ids, filters.collection) if of_videos else None
    if filters.query:
        seen = only if of_videos else view.visible()
        found = view.library.search(filters.query, k=FOUND, video_ids=seen).moments
        only = tuple(dict.fromkeys(one.video_id for one in found))
    waiting = Waiting(filters.tag_id, filters.facet, only, filters.least, filters.most)
    return waiting.within(view.changeable())


def _reviewer(view: LibraryView) -> Reviewer:
    endpoint = view.settings.endpoint
    model = f"{view.settings.profile} {endpoint.model}".strip() if endpoint.configured else view.settings.profile
    return Reviewer(view.principal.user_id, view.principal.name, model)


def _cards(view: LibraryView, items: Sequence[ReviewItem]) -> list[ReviewCard]:
    names = names_of(view, [one.video_id for one in items])
    tags = tag_names(view, (one.tag_id for one in items))
    cited = {one: None for item in items for one in item.evidence_ids[:_SHOWN]}
    lines = view.store.catalog.evidence(cited)
    pictures = _pictures(view, [lines[item.evidence_ids[0]] for item in items if _first(item.evidence_ids, lines)])
    return [
        ReviewCard(
            video_id=one.video_id,
            name=names[one.video_id],
            tag_id=one.tag_id,
            tag=one.tag,
            shown=tags.get(one.tag_id, (one.tag, one.tag))[1],
            state=one.decision,
            score=one.score,
            uncertainty=one.uncertainty,
            disagreement=one.disagreement,
            shared=one.shared,
            judged=one.judged,
            scores=dict(one.scores),
            reasons=reasons_of(one),
            evidence=evidence_of(one.evidence_ids[:_SHOWN], lines, view.language),
            thumbnail=pictures.get(one.evidence_ids[0]) if one.evidence_ids else None,
        )
        for one in items
    ]


def _pictures(view: LibraryView, lines: Sequence[Evidence]) -> dict[str, str]:
    """The url of a picture for each line: of the clip in which it begins."""
    places = [(one.video_id, one.span.start, one.span.end) for one in lines]
    clips = view.store.catalog.clips_at_hand(places=places)
    found: dict[str, str] = {}
    for one in lines:
        for clip in clips.get(one.video_id, ()):
            if (
                clip.thumbnail
                and clip.span.start < max(one.span.end, one.span.start + 1)
                and clip.span.end > one.span.start
            ):
                found[one.evidence_id] = urls.thumbnail(one.video_id, clip.thumbnail) or ""
                break
    return found


def _first(evidence_ids: Sequence[str], lines: dict[str, Evidence]) -> bool:
    return bool(evidence_ids) and evidence_ids[0] in lines

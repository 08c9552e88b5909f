"""People decide about tags: what to look at first, decisions, and taking them back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from kinodex.schemas.api.tags import (
    Decided,
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
from stores.core.errors import UsageError
from stores.tags.review import Judgement

if TYPE_CHECKING:
    from kinodex.views.library_view import LibraryView
    from stores.core.records import Evidence

_SHOWN = 5  # lines of evidence that an item is shown with, the weightiest first


def queue(view: LibraryView, limit: int = 20, tag_id: str | None = None, after: str | None = None) -> ReviewPage:
    """What nobody decided about of the videos whose tags one may change, the least certain first.

    Args:
        after: `ReviewPage.next` of the page before.

    Raises:
        UsageError: FORBIDDEN; USAGE if ``after`` is no such place.
    """
    view.require("review")
    of, library = f"review {tag_id}", view.store.library_id
    begin: tuple[float, str, str] | None = None
    if after:
        uncertainty, video_id, tag = place_of(library, of, after, (float, str, str))
        begin = uncertainty, video_id, tag
    visible = view.changeable()
    found = view.store.reviews.queue(limit + 1, begin, tag_id, visible)
    shown = found[:limit]
    names = names_of(view, [one.video_id for one in shown])
    cited = {one: None for item in shown for one in item.evidence_ids[:_SHOWN]}
    lines = view.store.catalog.evidence(cited)
    pictures = _pictures(view, [lines[item.evidence_ids[0]] for item in shown if _first(item.evidence_ids, lines)])
    last = shown[-1] if len(found) > limit else None
    return ReviewPage(
        items=[
            ReviewCard(
                video_id=one.video_id,
                name=names[one.video_id],
                tag_id=one.tag_id,
                tag=one.tag,
                state=one.decision,
                score=one.score,
                uncertainty=one.uncertainty,
                evidence=evidence_of(one.evidence_ids[:_SHOWN], lines),
                thumbnail=pictures.get(one.evidence_ids[0]) if one.evidence_ids else None,
            )
            for one in shown
        ],
        left=view.store.reviews.left(tag_id, visible),
        next=cursor_of(library, of, last.uncertainty, last.video_id, last.tag_id) if last is not None else None,
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
    who, endpoint = view.principal, view.settings.endpoint
    model = f"{view.settings.profile} {endpoint.model}".strip() if endpoint.configured else view.settings.profile
    return Decided(undo=view.store.reviews.decide(judgements, who.user_id, who.name, model))


def undo(view: LibraryView, token: str) -> Undone:
    """Take back one step of decisions: everything is exactly as it was.

    Raises:
        UsageError: FORBIDDEN; NOT_FOUND if it is none of one's own, or undone; CONFLICT if something was decided since.
    """
    view.require("review")
    by_id = None if view.principal.may("admin") else view.principal.user_id
    undone = view.store.reviews.undo(token, by_id, view.changeable())
    return Undone(decisions=[UndoneDecision(video_id=video_id, tag_id=tag_id) for video_id, tag_id in undone])


def history(view: LibraryView, video_id: str, tag_id: str | None = None) -> ReviewHistory:
    """What people decided about a video, with what was taken back.

    Raises:
        UsageError: FORBIDDEN; UNKNOWN_VIDEO.
    """
    view.require("review")
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
            )
            for one in view.store.reviews.history(view.video(video_id), tag_id)
        ]
    )


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

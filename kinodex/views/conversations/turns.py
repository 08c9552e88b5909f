"""Turns: what became of a question, as the one who asks may see it now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from kinodex.schemas.api.conversations import CitationShown, ClaimShown, TurnShown
from kinodex.schemas.conversations import chat as schema
from kinodex.schemas.conversations.numbering import cited_lines, numbered
from kinodex.views import urls
from kinodex.views.library_view import LibraryView
from kinodex.views.names import without_paths
from kinodex.views.search import names_of
from stores.core.errors import UsageError
from stores.threads.records import REMOVED, Turn


def turn(view: LibraryView, turn_id: str) -> TurnShown:
    """One turn.

    Raises:
        UsageError: UNKNOWN_THREAD.
    """
    return shown_turns(view, [turn_of(view, turn_id)])[0]


def turn_of(view: LibraryView, turn_id: str) -> Turn:
    """A turn of a thread that the principal sees.

    Raises:
        UsageError: UNKNOWN_THREAD, also for one of somebody else.
    """
    try:
        found = view.store.threads.turn(turn_id)
        view.store.threads.get(found.thread_id)
    except UsageError as error:
        raise UsageError(error.code.name, "There is no such turn.", "Its thread may have been deleted.") from None
    return found


def shown_turns(view: LibraryView, turns: Sequence[Turn]) -> list[TurnShown]:
    """Turns as pages show them."""
    seen = [seen_turn(view, one) for one in turns]
    names = names_of(view, schema.cited_videos(seen))
    return [_shown(one, names) for one in seen]


def seen_turn(view: LibraryView, one: Turn) -> Turn:
    """A turn without its answer, if that cites what the principal does not see (any more)."""
    cited = schema.cited_videos([one])
    seen = view.only(cited)
    if seen is None or len(seen) == len(cited):
        return one
    return replace(one, answer=REMOVED, claims=(), removed=True, stand_alone="")


def events_url(turn_id: str) -> str:
    """Where the events of a turn are."""
    return f"{urls.API}/turns/{turn_id}/events"


def _shown(one: Turn, names: dict[str, str]) -> TurnShown:
    document = schema.turn(one, names)
    by_number = numbered(document.claims)
    citations = []
    for number, cited in enumerate(by_number.citations, 1):
        middle = (cited.start + cited.end) / 2
        citations.append(
            CitationShown(
                number=number,
                evidence_id=cited.evidence_id,
                video_id=cited.video_id,
                name=names[cited.video_id],
                start=cited.start,
                end=cited.end,
                channel=cited.channel,
                quote=cited.quote,
                frame=urls.frame(cited.video_id, middle),
                link=urls.page(cited.video_id, cited.start),
            )
        )
    claims = [
        ClaimShown(text=claim.text, citations=list(numbers), basis=claim.basis, value=claim.value, sql=claim.sql)
        for claim, numbers in zip(document.claims, by_number.numbers, strict=True)
    ]
    return TurnShown(
        turn_id=one.turn_id,
        thread_id=one.thread_id,
        ordinal=one.ordinal,
        question=one.question,
        stand_alone=one.stand_alone,
        status=one.status,
        answer=one.answer,
        lines=cited_lines(one.answer, document.claims),
        abstained=one.abstained,
        removed=one.removed,
        mode=one.mode,
        claims=claims,
        citations=citations,
        usage=document.usage,
        error_code=one.error_code,
        error_message=without_paths(one.error_message),
        started_at=one.started_at,
        finished_at=one.finished_at,
        events=events_url(one.turn_id),
    )

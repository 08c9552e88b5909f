"""Turns: what became of a question, as the one who asks may see it now."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from kinodex.schemas.api.conversations import CitationShown, ClaimShown, TurnShown
from kinodex.schemas.conversations import chat as schema
from kinodex.schemas.conversations.numbering import cited_lines, numbered
from kinodex.views import urls
from kinodex.views.library_view import Language, LibraryView
from kinodex.views.names import without_paths
from kinodex.views.search import names_of
from kinodex.views.wording import recognised
from stores.core.errors import UsageError
from stores.threads.records import Thread, Turn
from stores.threads.seeing import ALL, Seen


def turn(view: LibraryView, turn_id: str) -> TurnShown:
    """One turn.

    Raises:
        UsageError: UNKNOWN_THREAD.
    """
    return shown_turns(view, [seen_turn(view, turn_of(view, turn_id))])[0]


def turn_of(view: LibraryView, turn_id: str) -> Turn:
    """A turn of a thread of the principal's.

    Raises:
        UsageError: UNKNOWN_THREAD, also for one of somebody else.
    """
    try:
        found = view.store.threads.turn(turn_id)
        thread_of(view, found.thread_id)
    except UsageError as error:
        raise UsageError(error.code.name, "There is no such turn.", "Its thread may have been deleted.") from None
    return found


def thread_of(view: LibraryView, thread_id: str) -> Thread:
    """A thread of the principal's.

    Raises:
        UsageError: UNKNOWN_THREAD, also for one of somebody else, and for a key that sees less than its user for one
            that was not begun with it.
    """
    who = view.principal
    with suppress(UsageError):
        found = view.store.threads.get(thread_id)
        if found.owner == who.user_id and who.threads_of in (None, found.key_id):
            return found
    raise UsageError("UNKNOWN_THREAD", "There is no such thread.", "Begin a new one.")


def seen_by(view: LibraryView) -> Seen:
    """What of conversations the principal sees now."""
    visible, who, access = view.visible(), view.principal, view.store.access
    if visible is None:
        return ALL
    return Seen(frozenset(visible), lambda seen_as: access.still_seen(seen_as, who.user_id, who.key_id))


def shown_turns(view: LibraryView, turns: Sequence[Turn]) -> list[TurnShown]:
    """Turns as pages show them.

    Args:
        turns: as `seen_turns` gives them.
    """
    seen = list(turns)
    names = names_of(view, schema.cited_videos(seen))
    return [_shown(one, names, view.language) for one in seen]


def seen_turns(view: LibraryView, thread_id: str) -> list[Turn]:
    """The turns of a thread, without what rests on videos that the principal does not see (any more)."""
    return seen_by(view).turns(view.store.threads.turns(thread_id))


def seen_turn(view: LibraryView, one: Turn) -> Turn:
    """As `seen_turns`, one turn."""
    if seen_by(view) is ALL:
        return one
    earlier = [each for each in view.store.threads.turns(one.thread_id) if each.ordinal < one.ordinal]
    return seen_by(view).turns([*earlier, one])[-1]


def events_url(turn_id: str) -> str:
    """Where the events of a turn are."""
    return f"{urls.API}/turns/{turn_id}/events"


def _shown(one: Turn, names: dict[str, str], language: Language) -> TurnShown:
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
                quote=recognised(cited.quote, cited.channel, language),
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

"""Reviews as lines of JSON, from one copy of a library to another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from pydantic import ValidationError

from kinodex.schemas.api.tags import KeptDecision, ReviewEventLine, ReviewMerged
from stores.core.errors import UsageError
from stores.tags.review import Event

if TYPE_CHECKING:
    from kinodex.views.library_view import LibraryView

TOGETHER = 1_000
"""Events in one transaction. Source: our choice: some hundred milliseconds."""


def export_events(view: LibraryView) -> Iterator[ReviewEventLine]:
    """All that people decided and took back, in the order in which this library learnt of it.

    Raises:
        UsageError: FORBIDDEN.
    """
    _require(view)
    return (
        ReviewEventLine(
            event_id=one.event_id,
            step=one.step,
            video_id=one.video_id,
            tag_id=one.tag_id,
            undoes=one.undoes,
            verdict=one.verdict,  # type: ignore[arg-type]
            by_id=one.by_id,
            by_name=one.by_name,
            at=one.at,
            automatic=one.automatic,
            model=one.model,
            score=one.score,
            sources=list(one.sources),
            kept=KeptDecision.model_validate(dict(one.kept), strict=False) if one.verdict else None,
        )
        for one in view.store.reviews.events()
    )


def read_events(lines: Iterable[str]) -> Iterator[Event]:
    """The events of a file that `export_events` made.

    Raises:
        UsageError: USAGE for a line that is none.
    """
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            one = ReviewEventLine.model_validate_json(line)
        except ValidationError as error:
            first = error.errors(include_url=False, include_context=False, include_input=False)[0]
            where = ".".join(map(str, first["loc"]))
            message = f"Line {number} is no review: {where + ': ' if where else ''}{first['msg']}."
            raise UsageError("USAGE", message, "Import what `kinodex review export` wrote.") from None
        values = one.model_dump(exclude={"sources", "kept"})
        kept = {} if one.kept is None else one.kept.model_dump()
        if kept:
            kept["scores"] = [list(score) for score in kept["scores"]]
        yield Event(**values, sources=tuple(one.sources), kept=kept)


def import_events(view: LibraryView, events: Iterable[Event]) -> ReviewMerged:
    """Bring in the events of another copy of this library; in whatever order they come, and how often, the same counts.

    Some at a time: what an interruption leaves out comes when the same is brought in again.

    Raises:
        UsageError: FORBIDDEN.
    """
    _require(view)
    total = ReviewMerged(added=0, known=0, foreign=0, changed=0)
    for some in _pieces(events):
        made = view.store.reviews.merge(some)
        total = ReviewMerged(
            added=total.added + made.added,
            known=total.known + made.known,
            foreign=total.foreign + made.foreign,
            changed=total.changed + made.changed,
        )
    return total


def _pieces(events: Iterable[Event]) -> Iterator[list[Event]]:
    some: list[Event] = []
    for one in events:
        some.append(one)
        if len(some) == TOGETHER:
            yield some
            some = []
    if some:
        yield some


def _require(view: LibraryView) -> None:
    view.require("review")
    view.require_all()

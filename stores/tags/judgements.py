"""What people judged, as rankers learn from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, cast

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import aliased

from stores.sql.database import reading
from stores.sql.tables import DecisionRow
from stores.tags.review_tables import ReviewEventRow

_VERDICTS = ("accepted", "rejected", "unsure")


@dataclass(frozen=True, slots=True)
class Judged:
    """What people say of one tag of one video, and what the recall sources said of it.

    Attributes:
        scores: (source, probability) of the automatic decision at that time; empty where there was none.
        at: seconds since the epoch.
    """

    video_id: str
    tag_id: str
    verdict: Literal["accepted", "rejected", "unsure"]
    scores: tuple[tuple[str, float], ...]
    at: float


def judgements(engine: Engine, after: float | None = None) -> list[Judged]:
    """The judgement that counts of every tag of a video that people decided about, the oldest first.

    Args:
        after: only those made later, in seconds since the epoch.
    """
    person, automatic, event = DecisionRow, aliased(DecisionRow), ReviewEventRow
    same = (automatic.video_id == person.video_id) & (automatic.tag_id == person.tag_id)
    made = (event.video_id == person.video_id) & (event.tag_id == person.tag_id) & (event.at == person.decided_at)
    columns = (person.video_id, person.tag_id, person.decision, person.decided_at)
    chosen = (
        select(*columns, event.sources, automatic.scores)
        .outerjoin(event, made & (event.undoes == "") & (event.verdict == person.decision))
        .outerjoin(automatic, same & (automatic.origin == "automatic"))
        .where(*_judged())
        .order_by(person.decided_at, person.video_id, person.tag_id, event.event_id)
    )
    if after is not None:
        chosen = chosen.where(person.decided_at > after)
    found: dict[tuple[str, str], Judged] = {}
    with reading(engine) as connection:
        for row in connection.execute(chosen):
            scores = tuple((str(name), float(score)) for name, score in row.sources or row.scores or ())
            verdict = cast(Any, row.decision)
            found[row.video_id, row.tag_id] = Judged(row.video_id, row.tag_id, verdict, scores, row.decided_at)
    return list(found.values())


def judgement_count(engine: Engine) -> int:
    """The number of `judgements`."""
    with reading(engine) as connection:
        return int(connection.execute(select(func.count()).select_from(DecisionRow).where(*_judged())).scalar_one())


def _judged() -> tuple[Any, ...]:
    return DecisionRow.origin == "person", DecisionRow.decision.in_(_VERDICTS)

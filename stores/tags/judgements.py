"""What people judged, as rankers learn from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, cast

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import aliased

from stores.sql.database import reading
from stores.sql.tables import DecisionRow

_VERDICTS = ("accepted", "rejected", "unsure")


@dataclass(frozen=True, slots=True)
class Judged:
    """What people say of one tag of one video, and what the recall sources said of it.

    Attributes:
        scores: (source, probability) of the automatic decision; empty where there is none.
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
    person, automatic = DecisionRow, aliased(DecisionRow)
    same = (automatic.video_id == person.video_id) & (automatic.tag_id == person.tag_id)
    chosen = (
        select(person.video_id, person.tag_id, person.decision, person.decided_at, automatic.scores)
        .outerjoin(automatic, same & (automatic.origin == "automatic"))
        .where(*_judged())
        .order_by(person.decided_at, person.video_id, person.tag_id)
    )
    if after is not None:
        chosen = chosen.where(person.decided_at > after)
    with reading(engine) as connection:
        rows = connection.execute(chosen).all()
    return [
        Judged(row.video_id, row.tag_id, cast(Any, row.decision), _pairs(row.scores), row.decided_at) for row in rows
    ]


def judgement_count(engine: Engine) -> int:
    """The number of `judgements`."""
    with reading(engine) as connection:
        return int(connection.execute(select(func.count()).select_from(DecisionRow).where(*_judged())).scalar_one())


def _judged() -> tuple[Any, ...]:
    return DecisionRow.origin == "person", DecisionRow.decision.in_(_VERDICTS)


def _pairs(scores: list[list[Any]] | None) -> tuple[tuple[str, float], ...]:
    return tuple((str(name), float(score)) for name, score in scores or ())

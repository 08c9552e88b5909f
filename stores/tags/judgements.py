"""What people judged, as rankers learn from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, cast

from sqlalchemy import Connection, Engine, select
from sqlalchemy.orm import aliased

from stores.sql.among import among_pairs
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
    with reading(engine) as connection:
        return _judgements(connection, () if after is None else (DecisionRow.decided_at > after,))


def newest_judgements(engine: Engine, count: int, after: float | None = None) -> list[Judged]:
    """Those of the judgements that the newest ``count`` reviews were about, the oldest first.

    They are a function of the set of reviews; what it costs does not grow with it.

    Args:
        after: as for `judgements`.
    """
    event = ReviewEventRow
    newest = select(event.video_id, event.tag_id).order_by(event.at.desc(), event.event_id.desc()).limit(count)
    with reading(engine) as connection:
        pairs = sorted({(row.video_id, row.tag_id) for row in connection.execute(newest)})
        found = _judgements(connection, (among_pairs(connection, DecisionRow.video_id, DecisionRow.tag_id, pairs),))
    return [one for one in found if after is None or one.at > after]


def _judgements(connection: Connection, narrowed: tuple[Any, ...]) -> list[Judged]:
    person, automatic, event = DecisionRow, aliased(DecisionRow), ReviewEventRow
    same = (automatic.video_id == person.video_id) & (automatic.tag_id == person.tag_id)
    made = (event.video_id == person.video_id) & (event.tag_id == person.tag_id) & (event.at == person.decided_at)
    columns = (person.video_id, person.tag_id, person.decision, person.decided_at)
    chosen = (
        select(*columns, event.sources, automatic.scores)
        .outerjoin(event, made & (event.undoes == "") & (event.verdict == person.decision))
        .outerjoin(automatic, same & (automatic.origin == "automatic"))
        .where(*_judged(), *narrowed)
        .order_by(person.decided_at, person.video_id, person.tag_id, event.event_id)
    )
    found: dict[tuple[str, str], Judged] = {}
    for row in connection.execute(chosen):
        scores = tuple((str(name), float(score)) for name, score in row.sources or row.scores or ())
        verdict = cast(Any, row.decision)
        found[row.video_id, row.tag_id] = Judged(row.video_id, row.tag_id, verdict, scores, row.decided_at)
    return list(found.values())


def _judged() -> tuple[Any, ...]:
    return DecisionRow.origin == "person", DecisionRow.decision.in_(_VERDICTS)

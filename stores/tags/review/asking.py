"""What waits for a person, what teaches most first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, Engine, func, select, tuple_

from stores.sql.among import among, among_pairs
from stores.sql.tables import DecisionEvidenceRow, DecisionRow, TagRow
from stores.tags.queueing import LEARNT, Pair, counted
from stores.tags.review_tables import ReviewQueueRow

COUNTED = 10_000
"""How far the queue is counted: more is "more". Source: our choice."""

JUDGED = 200
"""How far the judgements about one tag are counted. Source: our choice: it is then known far beyond `LEARNT`."""

ALIKE = 3
"""Of so many in a row, each one of the same tag or video halves what the next one of it is worth. Source: our
choice."""

_JUDGED = f"SELECT count(*) FROM (SELECT 1 FROM review_events WHERE tag_id = :tag LIMIT {JUDGED}) AS counted"


@dataclass(frozen=True, slots=True)
class ReviewItem:
    """An automatic decision that waits for a person.

    Attributes:
        place: the lower, the sooner it is asked (`stores.tags.queueing.place_of`).
        uncertainty: how near ``score`` is to the threshold.
        disagreement: how far the recall sources are apart, 0 to 1.
        shared: for how many videos something was decided about the tag, at most `stores.tags.queueing.MOST_SHARED`.
        judged: how often people said something about the tag, at most `JUDGED`; like ``shared`` None for somebody who
            does not see all videos.
        scores: (recall source, probability).
    """

    video_id: str
    tag_id: str
    tag: str
    place: float
    score: float
    uncertainty: float
    disagreement: float
    shared: int | None
    judged: int | None
    decision: str
    evidence_ids: tuple[str, ...]
    scores: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Waiting:
    """What of the queue is meant.

    Attributes:
        tag_id, facet: only of this tag, of tags of this facet.
        video_ids: only of these videos; None for all.
        least, most: only scores from ``least`` to ``most``.
        narrowed: the person who asks sees no other videos: nothing of these may show, not even in the order.
    """

    tag_id: str | None = None
    facet: str | None = None
    video_ids: Collection[str] | None = None
    least: float | None = None
    most: float | None = None
    narrowed: bool = False

    def within(self, video_ids: Collection[str] | None) -> Waiting:
        """The same for somebody who sees these videos only; None for all."""
        if video_ids is None:
            return self
        mine = video_ids if self.video_ids is None else set(video_ids).intersection(self.video_ids)
        return replace(self, video_ids=tuple(mine), narrowed=True)

    def narrow(self, engine: Engine, chosen: Any) -> Any:
        """The statement ``chosen`` on `ReviewQueueRow`, joined with tags, narrowed to this."""
        row = ReviewQueueRow
        chosen = chosen.join(TagRow, TagRow.tag_id == row.tag_id).where(row.waits, TagRow.status == "active")
        if self.tag_id is not None:
            chosen = chosen.where(row.tag_id == self.tag_id)
        if self.facet is not None:
            chosen = chosen.where(TagRow.facet == self.facet)
        if self.video_ids is not None:
            chosen = chosen.where(among(engine, row.video_id, self.video_ids))
        if self.least is not None:
            chosen = chosen.where(row.score >= self.least)
        if self.most is not None:
            chosen = chosen.where(row.score <= self.most)
        return chosen


def page(
    engine: Engine, connection: Connection, limit: int, after: tuple[float, str, str] | None, waiting: Waiting
) -> list[ReviewItem]:
    """Some items in the order of the queue, which does not change as people decide."""
    row = ReviewQueueRow
    place = (row.alone if waiting.narrowed else row.place, row.video_id, row.tag_id)
    why = (row.score, row.uncertainty, row.disagreement, row.shared)
    chosen = waiting.narrow(engine, select(place[0].label("place"), *place[1:], *why, TagRow.name))
    if after is not None:
        chosen = chosen.where(tuple_(*place) > after)
    rows = connection.execute(chosen.order_by(*place).limit(limit)).all()
    made, evidence = automatic(connection, [(one.video_id, one.tag_id) for one in rows])
    tag_ids = sorted({one.tag_id for one in rows})
    judged = {} if waiting.narrowed else counted(connection, _JUDGED, tag_ids)
    found = []
    for one in rows:
        pair = one.video_id, one.tag_id
        decision = made.get(pair)
        found.append(
            ReviewItem(
                *pair,
                one.name,
                one.place,
                one.score,
                one.uncertainty,
                one.disagreement,
                None if waiting.narrowed else one.shared,
                judged.get(one.tag_id),
                decision.decision if decision is not None else "",
                tuple(evidence[pair]),
                tuple((str(name), float(score)) for name, score in decision.scores) if decision is not None else (),
            )
        )
    return found


def spread(items: Sequence[ReviewItem]) -> list[ReviewItem]:
    """The items of one page in the order in which they are asked.

    What people know of a tag by now makes another question about it worth less, κ / (n + κ), and not ten alike ones
    follow each other.
    """
    worth = {one: (1.0 - one.place) * LEARNT / (LEARNT + (one.judged or 0)) for one in items}
    left = list(items)
    asked: list[ReviewItem] = []
    while left:
        recent = asked[-ALIKE:]

        def value(one: ReviewItem, recent: list[ReviewItem] = recent) -> float:
            alike = sum((other.tag_id == one.tag_id) + (other.video_id == one.video_id) for other in recent)
            return float(worth[one] * 0.5**alike)

        best = max(left, key=value)
        left.remove(best)
        asked.append(best)
    return asked


def count(engine: Engine, connection: Connection, waiting: Waiting) -> int:
    """How many wait; at most `COUNTED` are counted."""
    some = waiting.narrow(engine, select(ReviewQueueRow.video_id)).limit(COUNTED).subquery()
    return int(connection.execute(select(func.count()).select_from(some)).scalar_one())


def automatic(connection: Connection, pairs: Sequence[Pair]) -> tuple[dict[Pair, Any], defaultdict[Pair, list[str]]]:
    """What was decided without people about some tags of videos, and the evidence for it."""
    evidence: defaultdict[Pair, list[str]] = defaultdict(list)
    for row in _rows(connection, DecisionEvidenceRow, pairs):
        evidence[row.video_id, row.tag_id].append(row.evidence_id)
    return {(row.video_id, row.tag_id): row for row in _rows(connection, DecisionRow, pairs)}, evidence


def _rows(connection: Connection, table: Any, pairs: Sequence[Pair]) -> list[Any]:
    some = among_pairs(connection, table.video_id, table.tag_id, pairs)
    chosen = select(table.__table__).where(some, table.origin == "automatic").order_by(table.ordinal)
    return list(connection.execute(chosen).all())

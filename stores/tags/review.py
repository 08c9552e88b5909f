"""Decisions by people: what they should look at first, what they decided, and taking it back exactly.

Nothing here waits for `stores.library_store.LibraryStore.writer`: the database's own transactions suffice.
"""

from __future__ import annotations

import secrets
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection, Engine, delete, func, insert, select, tuple_, update

from stores.core.errors import UsageError
from stores.sql.among import among
from stores.sql.database import reading, writing
from stores.sql.tables import DecisionEvidenceRow, DecisionRow, TagRow, VideoRow
from stores.tags.queueing import requeue, unqueue
from stores.tags.review_tables import ReviewQueueRow, ReviewRow
from stores.tags.vocabulary.changes import Author, DecisionChange, record_decisions
from stores.tags.vocabulary.inheritance import derive

Verdict = Literal["accepted", "rejected", "unsure"]

COUNTED = 10_000
"""How far the queue is counted: more is "more". Source: our choice."""

MOST = 1_000
"""Decisions in one step. Source: our choice: more than a person can select."""


@dataclass(frozen=True, slots=True)
class ReviewItem:
    """An automatic decision that waits for a person; ``uncertainty``: how near ``score`` is to the threshold."""

    video_id: str
    tag_id: str
    tag: str
    score: float
    uncertainty: float
    decision: str
    evidence_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a person says of one tag of one video."""

    video_id: str
    tag_id: str
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Review:
    """One decision by a person; see `stores.tags.review_tables.ReviewRow`."""

    video_id: str
    tag_id: str
    verdict: str
    by_id: str
    by_name: str
    automatic: str
    score: float | None
    model: str
    at: float
    undone_at: float | None


class ReviewStore:
    """Owner of the table ``reviews``, and writer of people's decisions.

    Args:
        clock: seconds since the epoch.
    """

    def __init__(self, engine: Engine, clock: Callable[[], float] = time.time) -> None:
        self._engine = engine
        self._clock = clock

    def queue(
        self,
        limit: int = 50,
        after: tuple[float, str, str] | None = None,
        tag_id: str | None = None,
        video_ids: Collection[str] | None = None,
    ) -> list[ReviewItem]:
        """What nobody decided about, the least certain first; its cost does not grow with the library.

        Args:
            after: uncertainty, video and tag of the last one of the page before.
            tag_id, video_ids: only of this tag, of these videos.
        """
        row = ReviewQueueRow
        place = (row.uncertainty, row.video_id, row.tag_id)
        chosen = select(*place, row.score, TagRow.name).join(TagRow, TagRow.tag_id == row.tag_id)
        chosen = self._narrowed(chosen.where(TagRow.status == "active"), tag_id, video_ids)
        if after is not None:
            chosen = chosen.where(tuple_(*place) > after)
        with reading(self._engine) as connection:
            rows = connection.execute(chosen.order_by(*place).limit(limit)).all()
            made, evidence = _automatic(connection, [(one.video_id, one.tag_id) for one in rows])
        return [
            ReviewItem(
                one.video_id,
                one.tag_id,
                one.name,
                one.score,
                one.uncertainty,
                made.get((one.video_id, one.tag_id), ""),
                tuple(evidence[one.video_id, one.tag_id]),
            )
            for one in rows
        ]

    def left(self, tag_id: str | None = None, video_ids: Collection[str] | None = None) -> int:
        """How many wait in `queue`; at most `COUNTED` are counted."""
        row = ReviewQueueRow
        chosen = select(row.video_id).join(TagRow, TagRow.tag_id == row.tag_id).where(TagRow.status == "active")
        some = self._narrowed(chosen, tag_id, video_ids).limit(COUNTED).subquery()
        with reading(self._engine) as connection:
            return int(connection.execute(select(func.count()).select_from(some)).scalar_one())

    def decide(self, judgements: Sequence[Judgement], by_id: str, by_name: str, model: str = "") -> str:
        """Saves what a person decided, all or none; an automatic run changes nothing about it.

        Args:
            model: who decided before; kept with the review.

        Returns:
            what `undo` takes.

        Raises:
            ValueError: if there are more than `MOST`, or one tag of a video is judged twice.
            UsageError: UNKNOWN_VIDEO; NOT_FOUND if there is no such tag.
        """
        pairs = [(one.video_id, one.tag_id) for one in judgements]
        if len(pairs) > MOST or len(set(pairs)) < len(pairs):
            raise ValueError("too many judgements, or a tag that is judged twice")
        token, now = f"und_{secrets.token_hex(10)}", self._clock()
        with writing(self._engine) as connection:
            _check(connection, judgements)
            made, evidence = _automatic(connection, pairs)
            scores = _scores(connection, pairs)
            former = _by_person(connection, pairs)
            for one in judgements:
                pair = one.video_id, one.tag_id
                score = scores.get(pair)
                said = {"undo": token, "verdict": one.verdict, "by_id": by_id, "by_name": by_name, "model": model}
                said |= {"video_id": one.video_id, "tag_id": one.tag_id, "automatic": made.get(pair, "")}
                kept = {"score": score, "former": former.get(pair), "at": now, "undone_at": None}
                connection.execute(insert(ReviewRow).values(**said, **kept))
                _put(connection, pair, _decision(one.verdict, score, evidence[pair], now))
                unqueue(connection, *pair)
            changes = [
                DecisionChange(*pair, former[pair]["decision"] if pair in former else "", one.verdict)
                for one, pair in zip(judgements, pairs, strict=True)
            ]
            record_decisions(connection, changes, "person", Author(by_id, by_name), now)
            derive(connection, {video_id for video_id, _ in pairs})
        return token

    def undo(self, token: str, by_id: str | None, video_ids: Collection[str] | None = None) -> list[tuple[str, str]]:
        """Restores exactly what was there before one step of decisions, all or none.

        Args:
            by_id: who undoes; only one's own decisions. None for anybody's.
            video_ids: the only videos that may be changed; None for all.

        Returns:
            the videos and tags that are as they were.

        Raises:
            UsageError: NOT_FOUND if there is no such step, or it is undone; CONFLICT if something was decided about
                one of them since.
        """
        with writing(self._engine) as connection:
            chosen = select(ReviewRow.__table__).where(ReviewRow.undo == token, ReviewRow.undone_at.is_(None))
            rows = connection.execute(chosen.order_by(ReviewRow.review_id)).all()
            others = video_ids is not None and not {row.video_id for row in rows}.issubset(video_ids)
            if not rows or others or (by_id is not None and rows[0].by_id != by_id):
                raise UsageError("NOT_FOUND", "There is nothing to undo.", "It was undone, or never decided.")
            for row in rows:
                same = (ReviewRow.video_id == row.video_id) & (ReviewRow.tag_id == row.tag_id)
                newest = select(func.max(ReviewRow.review_id)).where(same, ReviewRow.undone_at.is_(None))
                if connection.execute(newest).scalar() != row.review_id:
                    message = f"Something else was decided about {row.tag_id} in {row.video_id} since."
                    raise UsageError("CONFLICT", message, "Decide about it again instead.")
            for row in rows:
                _put(connection, (row.video_id, row.tag_id), row.former)
                if row.former is None:
                    requeue(connection, row.video_id, row.tag_id)
            undone = update(ReviewRow).where(ReviewRow.undo == token)
            connection.execute(undone.values(undone_at=self._clock()))
            said = [
                DecisionChange(row.video_id, row.tag_id, row.verdict, row.former["decision"] if row.former else "")
                for row in rows
            ]
            author = Author(rows[0].by_id if by_id is None else by_id, rows[0].by_name)
            record_decisions(connection, said, "person", author, self._clock())
            derive(connection, {row.video_id for row in rows})
        return [(row.video_id, row.tag_id) for row in rows]

    def history(self, video_id: str, tag_id: str | None = None, limit: int = 100) -> list[Review]:
        """What people decided about a video (and one tag), the newest first, with what was undone."""
        chosen = select(ReviewRow.__table__).where(ReviewRow.video_id == video_id)
        if tag_id is not None:
            chosen = chosen.where(ReviewRow.tag_id == tag_id)
        with reading(self._engine) as connection:
            rows = connection.execute(chosen.order_by(ReviewRow.review_id.desc()).limit(limit)).all()
        names = ("video_id", "tag_id", "verdict", "by_id", "by_name", "automatic", "score", "model", "at", "undone_at")
        return [Review(**{name: getattr(row, name) for name in names}) for row in rows]

    def _narrowed(self, chosen: Any, tag_id: str | None, video_ids: Collection[str] | None) -> Any:
        if tag_id is not None:
            chosen = chosen.where(ReviewQueueRow.tag_id == tag_id)
        if video_ids is not None:
            chosen = chosen.where(among(self._engine, ReviewQueueRow.video_id, video_ids))
        return chosen


def _check(connection: Connection, judgements: Sequence[Judgement]) -> None:
    for video_id in {one.video_id for one in judgements}:
        if connection.execute(select(VideoRow.video_id).where(VideoRow.video_id == video_id)).first() is None:
            raise UsageError("UNKNOWN_VIDEO", f"No video of this library is {video_id!r}.")
    for tag_id in {one.tag_id for one in judgements}:
        if connection.execute(select(TagRow.tag_id).where(TagRow.tag_id == tag_id)).first() is None:
            raise UsageError("NOT_FOUND", f"There is no tag {tag_id!r}.", "See GET /api/v1/tags.")


def _decision(verdict: Verdict, score: float | None, evidence: Sequence[str], now: float) -> dict[str, Any]:
    sure = {"accepted": 1.0, "rejected": 0.0}
    return {
        "decision": verdict,
        # Of somebody who is not sure, the score that made them look says more than a number of ours.
        "confidence": sure.get(verdict, score if score is not None else 0.5),
        "recalled_by": ["person"],
        "scores": [],
        "decided_at": now,
        "ordinal": None,
        "evidence": list(evidence),
    }


def _put(connection: Connection, pair: tuple[str, str], decision: dict[str, Any] | None) -> None:
    """Replaces the person's decision about a tag of a video; None removes it."""
    video_id, tag_id = pair
    tables: tuple[Any, ...] = (DecisionEvidenceRow, DecisionRow)
    for table in tables:
        same = (table.video_id == video_id) & (table.tag_id == tag_id) & (table.origin == "person")
        connection.execute(delete(table).where(same))
    if decision is None:
        return
    place = {"video_id": video_id, "tag_id": tag_id, "origin": "person"}
    values = {name: value for name, value in decision.items() if name != "evidence"}
    if values["ordinal"] is None:
        others = (DecisionRow.video_id == video_id) & (DecisionRow.origin == "person")
        last = connection.execute(select(func.max(DecisionRow.ordinal)).where(others)).scalar()
        values["ordinal"] = 0 if last is None else last + 1
    connection.execute(insert(DecisionRow).values(**place, **values))
    proofs = [place | {"ordinal": n, "evidence_id": one} for n, one in enumerate(decision["evidence"])]
    if proofs:
        connection.execute(insert(DecisionEvidenceRow), proofs)


def _rows(connection: Connection, table: Any, pairs: Sequence[tuple[str, str]], origin: str) -> list[Any]:
    found: list[Any] = []
    for first in range(0, len(pairs), 200):
        some = tuple_(table.video_id, table.tag_id).in_(pairs[first : first + 200])
        chosen = select(table.__table__).where(some, table.origin == origin).order_by(table.ordinal)
        found += connection.execute(chosen).all()
    return found


def _automatic(
    connection: Connection, pairs: Sequence[tuple[str, str]]
) -> tuple[dict[tuple[str, str], str], defaultdict[tuple[str, str], list[str]]]:
    """What was decided without people about some tags of videos, and the evidence for it."""
    evidence: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for row in _rows(connection, DecisionEvidenceRow, pairs, "automatic"):
        evidence[row.video_id, row.tag_id].append(row.evidence_id)
    made = {(row.video_id, row.tag_id): row.decision for row in _rows(connection, DecisionRow, pairs, "automatic")}
    return made, evidence


def _scores(connection: Connection, pairs: Sequence[tuple[str, str]]) -> dict[tuple[str, str], float]:
    rows = _rows(connection, DecisionRow, pairs, "automatic")
    return {(row.video_id, row.tag_id): row.confidence for row in rows}


def _by_person(connection: Connection, pairs: Sequence[tuple[str, str]]) -> dict[tuple[str, str], dict[str, Any]]:
    """People's decisions with everything that `_put` needs to restore them."""
    names = ("decision", "confidence", "recalled_by", "scores", "decided_at", "ordinal")
    found = {
        (row.video_id, row.tag_id): {name: getattr(row, name) for name in names} | {"evidence": []}
        for row in _rows(connection, DecisionRow, pairs, "person")
    }
    for row in _rows(connection, DecisionEvidenceRow, pairs, "person"):
        if (row.video_id, row.tag_id) in found:
            found[row.video_id, row.tag_id]["evidence"].append(row.evidence_id)
    return found

"""People's decisions about tags: deciding, undoing, what was decided, and bringing copies of a library together.

Nothing here waits for `stores.library_store.LibraryStore.writer`: the database's own transactions suffice.
"""

from __future__ import annotations

import secrets
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection, Engine, exists, func, select
from sqlalchemy.orm import aliased

from stores.core.errors import UsageError
from stores.core.records import Decision
from stores.sql.database import reading, writing
from stores.sql.tables import TagRow, VideoRow
from stores.tags.queueing import Pair
from stores.tags.review import asking
from stores.tags.review.asking import ReviewItem, Waiting
from stores.tags.review.events import (
    MICROSECOND,
    Event,
    append,
    event_id,
    event_of,
    events_of,
    newest,
    standing,
)
from stores.tags.review.projecting import project
from stores.tags.review_tables import ReviewEventRow, ReviewQueueRow
from stores.tags.vocabulary.inheritance import derive

Verdict = Literal["accepted", "rejected", "unsure"]

MOST = 10_000
"""Decisions in one step. Source: our choice: they are saved in a second or two."""

_CHUNK = 500
_NEWEST = select(func.max(ReviewEventRow.number))  # made once: it is asked for every video


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a person says of one tag of one video."""

    video_id: str
    tag_id: str
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Reviewer:
    """Who decides; ``model``: what decided before, which is kept with the review."""

    by_id: str
    by_name: str
    model: str = ""


@dataclass(frozen=True, slots=True)
class Review:
    """One verdict by a person; ``undone_at``: None if it was not taken back; ``step``: what undoes it."""

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
    step: str


@dataclass(frozen=True, slots=True)
class Merged:
    """What became of events that were brought in.

    Attributes:
        added: events that are new here; ``known``: that were here.
        foreign: events about videos or tags that this library does not have; they are left out.
        changed: tags of videos about which something else counts now.
    """

    added: int
    known: int
    foreign: int
    changed: int


class ReviewStore:
    """Owner of the table ``review_events``, and writer of people's decisions, which follow from it.

    Args:
        clock: seconds since the epoch.
    """

    def __init__(self, engine: Engine, clock: Callable[[], float] = time.time) -> None:
        self._engine = engine
        self._clock = clock

    def queue(
        self, limit: int = 50, after: tuple[float, str, str] | None = None, waiting: Waiting | None = None
    ) -> list[ReviewItem]:
        """What nobody decided about, what teaches most first; its cost does not grow with the library.

        `stores.tags.review.asking.spread` gives a page the order in which it is asked.

        Args:
            after: place, video and tag of the last one of the page before.
        """
        with reading(self._engine) as connection:
            return asking.page(self._engine, connection, limit, after, waiting or Waiting())

    def left(self, waiting: Waiting | None = None) -> int:
        """How many wait in `queue`; at most `stores.tags.review.asking.COUNTED` are counted."""
        with reading(self._engine) as connection:
            return asking.count(self._engine, connection, waiting or Waiting())

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
        with writing(self._engine) as connection:
            _check(connection, pairs)
            step = self._decide(connection, judgements, Reviewer(by_id, by_name, model))
            derive(connection, {video_id for video_id, _ in pairs})
        return step

    def decide_waiting(self, waiting: Waiting, verdict: Verdict, by: Reviewer) -> tuple[str, list[Pair]]:
        """Saves the same verdict on all that waits and is meant, in one step.

        Returns:
            what `undo` takes, and what was decided about.

        Raises:
            UsageError: USAGE if more than `MOST` wait.
        """
        row = ReviewQueueRow
        chosen = waiting.narrow(self._engine, select(row.video_id, row.tag_id))
        chosen = chosen.order_by(row.place, row.video_id, row.tag_id).limit(MOST + 1)
        with writing(self._engine) as connection:
            pairs = [(one.video_id, one.tag_id) for one in connection.execute(chosen)]
            if len(pairs) > MOST:
                raise UsageError("USAGE", f"That is more than {MOST:,} decisions.", "Decide about less at a time.")
            step = self._decide(connection, [Judgement(*pair, verdict) for pair in pairs], by)
            derive(connection, {video_id for video_id, _ in pairs})
        return step, pairs

    def undo(
        self, step: str, by_id: str | None, video_ids: Collection[str] | None = None, by: Reviewer | None = None
    ) -> list[Pair]:
        """Restores exactly what was there before one step of decisions, all or none.

        Args:
            by_id: whose decisions may be undone; None for anybody's.
            video_ids: the only videos that may be changed; None for all.
            by: who undoes them; None if they do themselves.

        Returns:
            the videos and tags that are as they were.

        Raises:
            UsageError: NOT_FOUND if there is no such step, or it is undone; CONFLICT if something was decided about
                one of them since.
        """
        row = ReviewEventRow
        with writing(self._engine) as connection:
            chosen = select(row.__table__).where(row.step == step, row.undoes == "").order_by(row.number)
            made = [event_of(one) for one in connection.execute(chosen)]
            pairs = [one.pair for one in made]
            events = events_of(connection, pairs)
            undone = {other.undoes for some in events.values() for other in some}
            made = [one for one in made if one.event_id not in undone]
            others = video_ids is not None and not {one.video_id for one in made}.issubset(video_ids)
            if not made or others or (by_id is not None and made[0].by_id != by_id):
                raise UsageError("NOT_FOUND", "There is nothing to undo.", "It was undone, or never decided.")
            for one in made:
                counts = standing(events[one.pair])
                if counts is None or counts.event_id != one.event_id:
                    message = f"Something else was decided about {one.tag_id} in {one.video_id} since."
                    raise UsageError("CONFLICT", message, "Decide about it again instead.")
            who = by or Reviewer(made[0].by_id, made[0].by_name)
            token, now = _step(), self._time(connection, [one.pair for one in made])
            taken = [
                Event(
                    event_id(token, one.pair),
                    token,
                    *one.pair,
                    undoes=one.event_id,
                    verdict="",
                    by_id=who.by_id,
                    by_name=who.by_name,
                    at=_after(now, n),
                )
                for n, one in enumerate(made)
            ]
            append(connection, taken)
            project(connection, [one.pair for one in made])
            derive(connection, {one.video_id for one in made})
        return [one.pair for one in made]

    def newest_step(self, by_id: str | None) -> str | None:
        """The newest step that was not undone, of this person or of anybody (None); None if there is none."""
        row, undo = ReviewEventRow, aliased(ReviewEventRow)
        same = (undo.video_id == row.video_id) & (undo.tag_id == row.tag_id)
        chosen = select(row.step).where(row.undoes == "", ~exists().where(same, undo.undoes == row.event_id))
        if by_id is not None:
            chosen = chosen.where(row.by_id == by_id)
        with reading(self._engine) as connection:
            return connection.execute(chosen.order_by(row.number.desc()).limit(1)).scalar()

    def history(self, video_id: str | None = None, tag_id: str | None = None, limit: int = 100) -> list[Review]:
        """What people decided, about a video and a tag or about all, the newest first, with what was undone."""
        row = ReviewEventRow
        chosen = select(row.__table__).where(row.undoes == "")
        if video_id is not None:
            chosen = chosen.where(row.video_id == video_id).order_by(row.at.desc(), row.event_id.desc())
        if tag_id is not None:
            chosen = chosen.where(row.tag_id == tag_id)
        with reading(self._engine) as connection:
            made = [event_of(one) for one in connection.execute(chosen.order_by(row.number.desc()).limit(limit))]
            undone: dict[str, float] = {}
            for some in events_of(connection, list(dict.fromkeys(one.pair for one in made))).values():
                for one in reversed(some):
                    undone[one.undoes] = one.at
        names = ("video_id", "tag_id", "verdict", "by_id", "by_name", "automatic", "score", "model", "at", "step")
        return [
            Review(undone_at=undone.get(one.event_id), **{name: getattr(one, name) for name in names}) for one in made
        ]

    def version(self) -> int:
        """A number that grows whenever somebody decides something, or takes it back."""
        with reading(self._engine) as connection:
            return int(connection.execute(_NEWEST).scalar() or 0)

    def events(self) -> Iterator[Event]:
        """All events in the order in which they came to this library."""
        row, number = ReviewEventRow, 0
        while True:
            with reading(self._engine) as connection:
                chosen = select(row.__table__).where(row.number > number).order_by(row.number).limit(_CHUNK)
                rows = connection.execute(chosen).all()
            if not rows:
                return
            yield from map(event_of, rows)
            number = rows[-1].number

    def merge(self, events: Sequence[Event]) -> Merged:
        """Brings in events of another copy of the library, all or none of these.

        In whatever order and however often they come, the same counts in the end.
        """
        with writing(self._engine) as connection:
            videos = _existing(connection, VideoRow.video_id, {one.video_id for one in events})
            tags = _existing(connection, TagRow.tag_id, {one.tag_id for one in events})
            # The events of a tag that was merged are known here, of its new tag.
            known = _existing(connection, ReviewEventRow.event_id, {one.event_id for one in events})
            ours = [one for one in events if one.event_id in known or (one.video_id in videos and one.tag_id in tags)]
            pairs = list(dict.fromkeys(one.pair for one in ours if one.event_id not in known))
            before = events_of(connection, pairs)
            added = append(connection, ours)
            touched = list(dict.fromkeys(one.pair for one in added))
            project(connection, touched)
            derive(connection, {video_id for video_id, _ in touched})
            after = defaultdict(list, {pair: list(before[pair]) for pair in touched})
            for one in added:
                after[one.pair].append(one)
            changed = sum(standing(before[pair]) != standing(after[pair]) for pair in touched)
        return Merged(len(added), len(ours) - len(added), len(events) - len(ours), changed)

    def _decide(self, connection: Connection, judgements: Sequence[Judgement], by: Reviewer) -> str:
        pairs = [(one.video_id, one.tag_id) for one in judgements]
        made, evidence = asking.automatic(connection, pairs)
        kept: dict[Pair, dict[str, Any]] = {}
        for pair, one in zip(pairs, judgements, strict=True):
            score = made[pair].confidence if pair in made else None
            # Of somebody who is not sure, the score that made them look says more than a number of ours.
            sure = {"accepted": 1.0, "rejected": 0.0}.get(one.verdict, 0.5 if score is None else score)
            kept[pair] = {"confidence": sure, "recalled_by": ["person"], "scores": [], "evidence": evidence[pair]}
        verdicts = {pair: one.verdict for pair, one in zip(pairs, judgements, strict=True)}
        return _save(connection, _Step(verdicts, kept, made, by), self._time(connection, pairs))

    def _time(self, connection: Connection, pairs: Sequence[Pair]) -> float:
        return _time(connection, pairs, self._clock())


@dataclass(frozen=True, slots=True)
class _Step:
    verdicts: dict[Pair, Any]
    kept: dict[Pair, dict[str, Any]]
    automatic: dict[Pair, Any]
    by: Reviewer


def save_decisions(connection: Connection, decisions: Iterable[Decision], by: Reviewer, now: float) -> None:
    """Saves decisions of a person as they are given, in one step of events; the caller derives what follows.

    Args:
        now: seconds since the epoch.
    """
    given = {(one.video_id, one.tag_id): one for one in decisions}
    kept = {
        pair: {
            "confidence": one.confidence,
            "recalled_by": list(one.recalled_by),
            "scores": [list(score) for score in one.scores],
            "evidence": list(one.evidence_ids),
        }
        for pair, one in given.items()
    }
    made, _ = asking.automatic(connection, list(given))
    verdicts = {pair: one.decision for pair, one in given.items()}
    _save(connection, _Step(verdicts, kept, made, by), _time(connection, list(given), now))


def _save(connection: Connection, step: _Step, now: float) -> str:
    token, by = _step(), step.by
    events = []
    for n, (pair, verdict) in enumerate(step.verdicts.items()):
        made = step.automatic.get(pair)
        events.append(
            Event(
                event_id(token, pair),
                token,
                *pair,
                undoes="",
                verdict=verdict,
                by_id=by.by_id,
                by_name=by.by_name,
                at=_after(now, n),
                automatic=made.decision if made is not None else "",
                model=by.model,
                score=made.confidence if made is not None else None,
                sources=tuple((str(name), float(score)) for name, score in made.scores) if made is not None else (),
                kept=step.kept[pair],
            )
        )
    append(connection, events)
    project(connection, list(step.verdicts))
    return token


def _time(connection: Connection, pairs: Sequence[Pair], now: float) -> float:
    """Now, or just after the newest event about one of these: what somebody decides who has seen a decision comes after
    it, even if the clock behind that one was ahead."""
    last = newest(connection, pairs)
    return round(now if last is None else max(now, last + MICROSECOND), 6)


def _after(now: float, n: int) -> float:
    return round(now + n * MICROSECOND, 6)


def _step() -> str:
    return f"und_{secrets.token_hex(10)}"


def _check(connection: Connection, pairs: Sequence[Pair]) -> None:
    videos, tags = dict.fromkeys(one for one, _ in pairs), dict.fromkeys(one for _, one in pairs)
    known = _existing(connection, VideoRow.video_id, videos)
    for video_id in videos:
        if video_id not in known:
            raise UsageError("UNKNOWN_VIDEO", f"No video of this library is {video_id!r}.")
    known = _existing(connection, TagRow.tag_id, tags)
    for tag_id in tags:
        if tag_id not in known:
            raise UsageError("NOT_FOUND", f"There is no tag {tag_id!r}.", "See GET /api/v1/tags.")


def _existing(connection: Connection, column: Any, ids: Collection[str]) -> set[str]:
    wanted, found = list(ids), set[str]()
    for first in range(0, len(wanted), _CHUNK):
        found.update(connection.execute(select(column).where(column.in_(wanted[first : first + _CHUNK]))).scalars())
    return found

"""Which tags videos have, over many videos at once; a person's decision is before an automatic one."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Engine, bindparam, func, select
from sqlalchemy.orm import aliased

from stores.sql.among import among_listed, listed
from stores.sql.database import reading
from stores.sql.tables import DecisionRow
from stores.tags.vocabulary.inheritance import DERIVED

MOST_VIDEOS = 2_000
"""Videos of a tag among which its company is counted, the latest decided first: enough for a share to be known within
.01, and the cost does not grow beyond them."""


class AcceptedTag(NamedTuple):
    """A tag that counts as accepted for a video; ``scores``: what its sources gave, empty if a person decided."""

    tag_id: str
    confidence: float
    scores: tuple[tuple[str, float], ...]
    by_person: bool


def accepted_tags(
    engine: Engine, video_ids: Collection[str], persons_only: bool = False
) -> dict[str, list[AcceptedTag]]:
    """The accepted tags of each of some videos; a video without any is absent.

    Args:
        persons_only: those that a person decided.
    """
    chosen = _decisions(engine.dialect.name, persons_only)
    counting: dict[tuple[str, str], AcceptedTag | None] = {}
    with reading(engine) as connection:
        # "person" sorts after "automatic", so it comes last and replaces it.
        for video_id, tag_id, origin, decision, confidence, scores in connection.execute(
            chosen, {"chosen_ids": listed(video_ids)}
        ):
            person = origin == "person"
            made = tuple((name, float(score)) for name, score in scores)
            tag = AcceptedTag(tag_id, confidence, made, person) if decision == "accepted" else None
            counting[video_id, tag_id] = tag
    found: defaultdict[str, list[AcceptedTag]] = defaultdict(list)
    for (video_id, _), counted in counting.items():
        if counted is not None:
            found[video_id].append(counted)
    return dict(found)


@cache
def _decisions(dialect: str, persons_only: bool) -> Any:
    row = DecisionRow
    columns = (row.video_id, row.tag_id, row.origin, row.decision, row.confidence, row.scores)
    chosen = select(*columns).where(among_listed(dialect, row.video_id)).order_by(row.origin, row.ordinal)
    # What follows from a child says nothing that the child does not say.
    chosen = chosen.where(row.origin != DERIVED)
    return chosen.where(row.origin == "person") if persons_only else chosen


class Company(NamedTuple):
    """Which tags go with one: ``videos`` that have it, of which so many have each of the others (``with_it``)."""

    videos: int
    with_it: Counter[str]


class Companies:
    """The company of tags in one library, each counted once and then remembered: for as long as one job lasts."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._known: dict[str, Company] = {}
        self._counts: dict[str, int] = {}
        self._videos: int | None = None

    def of(self, tag_ids: Sequence[str]) -> dict[str, Company]:
        """The company of each of some tags, by all decisions that count."""
        with self._lock:
            missing = [tag_id for tag_id in tag_ids if tag_id not in self._known]
            there = accepted_counts(self._engine, missing) if missing else {}
            for tag_id in missing:
                self._known[tag_id] = company_of(self._engine, tag_id) if tag_id in there else Company(0, Counter())
            return {tag_id: self._known[tag_id] for tag_id in tag_ids}

    def counts(self, tag_ids: Collection[str]) -> tuple[dict[str, int], int]:
        """For how many videos each of some tags is accepted, automatically or by a person, and how many videos have
        any decision. A tag with both decisions counts once."""
        with self._lock:
            missing = [tag_id for tag_id in tag_ids if tag_id not in self._counts]
            if missing:
                self._counts |= dict.fromkeys(missing, 0) | accepted_counts(self._engine, missing)
            if self._videos is None:
                self._videos = videos_with_decisions(self._engine)
            return {tag_id: self._counts[tag_id] for tag_id in tag_ids}, self._videos


def company_of(engine: Engine, tag_id: str) -> Company:
    """The company of one tag, by all decisions that count."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    with reading(engine) as connection:
        for video_id, other, decision in connection.execute(_COMPANY, {"of_tag": tag_id}):
            if decision == "accepted":
                found[video_id].add(other)
            else:
                found[video_id].discard(other)
    having = [tags for tags in found.values() if tag_id in tags]
    return Company(len(having), Counter(other for tags in having for other in tags if other != tag_id))


def _company() -> Any:
    """As `accepted_tags`, but only which tags they are, of the videos that a tag was last accepted for."""
    row, having = DecisionRow, aliased(DecisionRow)
    latest = select(having.video_id).where(having.tag_id == bindparam("of_tag"), having.decision == "accepted")
    latest = latest.order_by(having.decided_at.desc(), having.video_id).limit(MOST_VIDEOS)
    chosen = select(row.video_id, row.tag_id, row.decision).where(row.video_id.in_(latest), row.origin != DERIVED)
    return chosen.order_by(row.origin)


_COMPANY = _company()


def accepted_counts(engine: Engine, tag_ids: Sequence[str]) -> dict[str, int]:
    """For how many videos each of some tags is accepted; one that is for none is absent."""
    counted = _counted(engine.dialect.name)
    with reading(engine) as connection:
        rows = connection.execute(counted, {"chosen_ids": listed(tag_ids)})
        return {tag_id: int(count) for tag_id, count in rows}


@cache
def _counted(dialect: str) -> Any:
    row = DecisionRow
    videos: Any = func.count(row.video_id.distinct())
    chosen = select(row.tag_id, videos).where(row.decision == "accepted", among_listed(dialect, row.tag_id))
    return chosen.where(row.origin != DERIVED).group_by(row.tag_id)


def videos_with_decisions(engine: Engine) -> int:
    """How many videos have any decision."""
    with reading(engine) as connection:
        return int(connection.execute(select(func.count(DecisionRow.video_id.distinct()))).scalar_one())

"""Which tags videos have, over many videos at once; a person's decision is before an automatic one."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Engine, func, select

from stores.sql.among import among
from stores.sql.database import reading
from stores.sql.tables import DecisionRow

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
    row = DecisionRow
    columns = (row.video_id, row.tag_id, row.origin, row.decision, row.confidence, row.scores)
    chosen = select(*columns).where(among(engine, row.video_id, video_ids)).order_by(row.origin, row.ordinal)
    if persons_only:
        chosen = chosen.where(row.origin == "person")
    counting: dict[tuple[str, str], AcceptedTag | None] = {}
    with reading(engine) as connection:
        # "person" sorts after "automatic", so it comes last and replaces it.
        for video_id, tag_id, origin, decision, confidence, scores in connection.execute(chosen):
            person = origin == "person"
            made = tuple((name, float(score)) for name, score in scores)
            tag = AcceptedTag(tag_id, confidence, made, person) if decision == "accepted" else None
            counting[video_id, tag_id] = tag
    found: defaultdict[str, list[AcceptedTag]] = defaultdict(list)
    for (video_id, _), counted in counting.items():
        if counted is not None:
            found[video_id].append(counted)
    return dict(found)


class Company(NamedTuple):
    """Which tags go with one: ``videos`` that have it, of which so many have each of the others (``with_it``)."""

    videos: int
    with_it: Counter[str]


def company_of(engine: Engine, tag_id: str, without: str = "") -> Company:
    """The company of one tag, by all decisions that count.

    Args:
        without: a video that does not count: it would speak for its own tags.
    """
    row = DecisionRow
    latest = select(row.video_id).where(row.tag_id == tag_id, row.decision == "accepted", row.video_id != without)
    with reading(engine) as connection:
        some = latest.order_by(row.decided_at.desc(), row.video_id).limit(MOST_VIDEOS)
        videos = list(dict.fromkeys(connection.execute(some).scalars()))
    by_video = accepted_tags(engine, videos)
    having = [{tag.tag_id for tag in tags} for tags in by_video.values()]
    having = [tags for tags in having if tag_id in tags]
    counts = Counter(other for tags in having for other in tags if other != tag_id)
    return Company(len(having), counts)


def accepted_counts(engine: Engine, tag_ids: Sequence[str], without: str = "") -> tuple[Counter[str], int]:
    """For how many videos each of some tags is accepted, automatically or by a person, and how many videos have any
    decision. A tag with both decisions counts once.

    Args:
        without: a video that does not count.
    """
    row = DecisionRow
    videos: Any = func.count(row.video_id.distinct())
    counted = select(row.tag_id, videos).where(row.decision == "accepted", among(engine, row.tag_id, tag_ids))
    counted = counted.where(row.video_id != without)
    with reading(engine) as connection:
        found = {tag_id: int(count) for tag_id, count in connection.execute(counted.group_by(row.tag_id)).all()}
        total = connection.execute(select(videos).where(row.video_id != without)).scalar_one()
    return Counter(found), int(total)

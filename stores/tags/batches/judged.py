"""What was decided automatically beside what people say of the same; and tags that do nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, exists, func, select, union
from sqlalchemy.orm import aliased

from stores.sql.database import reading
from stores.sql.tables import DecisionRow, TagAliasRow, TagRow

_AUTOMATIC, _PERSON = aliased(DecisionRow), aliased(DecisionRow)

_TOGETHER = 2_000  # rows in memory


@dataclass(frozen=True, slots=True)
class JudgedPair:
    """A tag of a video about which a person decided.

    Attributes:
        verdict: the person's: ``accepted``, ``rejected`` or ``unsure``.
        automatic, confidence, scores: what was decided without people; "", None and () if nothing was.
    """

    video_id: str
    tag_id: str
    verdict: str
    automatic: str
    confidence: float | None
    scores: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class NamedTag:
    """A tag by its id, with its name and facet."""

    tag_id: str
    name: str
    facet: str


@dataclass(frozen=True, slots=True)
class SomeTags:
    """How many tags there are of a kind, and the first of them."""

    count: int
    first: tuple[NamedTag, ...]


@dataclass(frozen=True, slots=True)
class Namesakes:
    """Tags that have a name in common, compared by `stores.core.text_keys`."""

    name: str
    tags: tuple[NamedTag, ...]


def judged_pairs(engine: Engine) -> Iterator[JudgedPair]:
    """All about which a person decided, in no order; in memory are some at a time."""
    person, automatic = DecisionRow, _AUTOMATIC
    same = (automatic.video_id == person.video_id) & (automatic.tag_id == person.tag_id)
    columns = (automatic.decision, automatic.confidence, automatic.scores)
    chosen = select(person.video_id, person.tag_id, person.decision.label("verdict"), *columns)
    chosen = chosen.outerjoin(automatic, same & (automatic.origin == "automatic")).where(person.origin == "person")
    with reading(engine) as connection:
        for row in connection.execution_options(yield_per=_TOGETHER).execute(chosen):
            scores = tuple((source, score) for source, score in row.scores or ())
            yield JudgedPair(row.video_id, row.tag_id, row.verdict, row.decision or "", row.confidence, scores)


def tag_names(engine: Engine) -> dict[str, NamedTag]:
    """All tags by id."""
    with reading(engine) as connection:
        rows = connection.execute(select(TagRow.tag_id, TagRow.name, TagRow.facet)).all()
    return {tag_id: NamedTag(tag_id, name, facet) for tag_id, name, facet in rows}


def never_recalled(engine: Engine, limit: int) -> SomeTags:
    """Active tags about which nothing was ever decided, on any video."""
    return _without(engine, select(DecisionRow.tag_id), limit)


def dead_tags(engine: Engine, limit: int) -> SomeTags:
    """Active tags that are decided about and that no video has; what people say comes first."""
    decided = select(DecisionRow.tag_id)
    same = (_PERSON.video_id == DecisionRow.video_id) & (_PERSON.tag_id == DecisionRow.tag_id)
    overruled = exists().where(same, _PERSON.origin == "person")
    counts = (DecisionRow.origin == "person") | ~overruled
    accepted = decided.where(DecisionRow.decision == "accepted", counts)
    return _without(engine, accepted, limit, TagRow.tag_id.in_(decided))


def _without(engine: Engine, those: Any, limit: int, *more: Any) -> SomeTags:
    wanted = (TagRow.status == "active", TagRow.tag_id.not_in(those), *more)
    columns = (TagRow.tag_id, TagRow.name, TagRow.facet)
    with reading(engine) as connection:
        count = connection.execute(select(func.count()).select_from(TagRow).where(*wanted)).scalar_one()
        rows = connection.execute(select(*columns).where(*wanted).order_by(TagRow.position).limit(limit)).all()
    return SomeTags(int(count), tuple(NamedTag(*row) for row in rows))


def namesakes(engine: Engine, limit: int) -> tuple[int, list[Namesakes]]:
    """How many names several active tags have, as name or alias, and the first of these names."""
    names = select(TagRow.folded, TagRow.tag_id).where(TagRow.status == "active")
    others = select(TagAliasRow.folded, TagAliasRow.tag_id).join(TagRow, TagRow.tag_id == TagAliasRow.tag_id)
    every = union(names, others.where(TagRow.status == "active")).subquery()
    several = select(every.c.folded).where(every.c.folded != "").group_by(every.c.folded)
    several = several.having(func.count() > 1)
    with reading(engine) as connection:
        count = int(connection.execute(select(func.count()).select_from(several.subquery())).scalar_one())
        found = list(connection.scalars(several.order_by(every.c.folded).limit(limit)))
        columns = (TagRow.tag_id, TagRow.name, TagRow.facet)
        owners = select(every.c.folded, *columns).join(TagRow, TagRow.tag_id == every.c.tag_id)
        rows = connection.execute(owners.where(every.c.folded.in_(found)).order_by(TagRow.position)).all()
    return count, [Namesakes(name, tuple(NamedTag(*row[1:]) for row in rows if row.folded == name)) for name in found]

"""The vocabulary as somebody looks through it: narrowed, in some order, page by page; what it can be narrowed by."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Literal, cast

from sqlalchemy import Engine, exists, func, or_, select, tuple_

from stores.core.records import Tag
from stores.core.text_keys import name_key
from stores.sql.among import among
from stores.sql.database import reading
from stores.sql.tables import DecisionRow, TagAliasRow, TagRow
from stores.tags.listing import accepted

Order = Literal["added", "name", "-videos"]
"""In the order in which tags were added, by name, or those of most videos first."""

Place = tuple[int] | tuple[str, int] | tuple[int, int]
"""Where a page ended: what the order goes by, and the position of the tag."""

NO_FACET = "-"
"""Stands for tags without a facet."""


@dataclass(frozen=True, slots=True)
class TagFilter:
    """Which tags.

    Attributes:
        words: part of a name or of an alias, compared by `stores.core.text_keys`, or an id; "" for all.
        facet: None for all, `NO_FACET` for those without one.
        status: ``active`` or ``retired``; "" for both.
        parent: the id of the tag right above; "" for any.
        tag_id: only the one with this id; "" for any.
    """

    words: str = ""
    facet: str | None = None
    status: str = ""
    parent: str = ""
    tag_id: str = ""


@dataclass(frozen=True, slots=True)
class BrowsedTag:
    """A tag with the number of videos that have it, and its place in the order."""

    tag: Tag
    videos: int
    place: Place


@dataclass(frozen=True, slots=True)
class FacetCount:
    """How many tags have a facet; ``facet`` "" for none."""

    facet: str
    tags: int


def browse(
    engine: Engine,
    which: TagFilter,
    order: Order = "added",
    limit: int = 100,
    after: Place | int | None = None,
    video_ids: Collection[str] | None = None,
) -> list[BrowsedTag]:
    """Some tags in an order.

    Args:
        after: the place of the last one of the page before, or how many are left out before the first.
        video_ids: of which videos are counted; None for all.
    """
    counts = select(DecisionRow.tag_id, func.count().label("videos")).where(accepted())
    if video_ids is not None:
        counts = counts.where(among(engine, DecisionRow.video_id, video_ids))
    by_count = order == "-videos"
    if by_count:
        some = counts.group_by(DecisionRow.tag_id).subquery()
        videos = func.coalesce(some.c.videos, 0)
        chosen = select(TagRow.__table__, videos.label("videos")).outerjoin(some, some.c.tag_id == TagRow.tag_id)
        keys: tuple[Any, ...] = (-videos, TagRow.position)
    else:
        chosen = select(TagRow.__table__)
        keys = (TagRow.folded, TagRow.position) if order == "name" else (TagRow.position,)
    chosen = _narrowed(chosen, which)
    if isinstance(after, int):
        chosen = chosen.offset(after)
    elif after is not None:
        start = (-int(after[0]), after[-1]) if by_count else after
        chosen = chosen.where(tuple_(*keys) > start if len(keys) > 1 else keys[0] > start[0])
    with reading(engine) as connection:
        rows = connection.execute(chosen.order_by(*keys).limit(limit)).all()
        ids = [row.tag_id for row in rows]
        others = select(TagAliasRow.tag_id, TagAliasRow.alias).where(TagAliasRow.tag_id.in_(ids))
        aliases: dict[str, list[str]] = {}
        for owner, alias in connection.execute(others.order_by(TagAliasRow.ordinal)):
            aliases.setdefault(owner, []).append(alias)
        if by_count:
            counted = {row.tag_id: int(row.videos) for row in rows}
        else:
            few = counts.where(DecisionRow.tag_id.in_(ids)).group_by(DecisionRow.tag_id)
            counted = {tag_id: int(count) for tag_id, count in connection.execute(few)}
    found = []
    for row in rows:
        about = (row.tag_id, row.name, row.facet, tuple(aliases.get(row.tag_id, ())), row.parent, row.language)
        count = counted.get(row.tag_id, 0)
        first = {"added": (), "name": (row.folded,), "-videos": (count,)}[order]
        found.append(BrowsedTag(Tag(*about, cast(Any, row.status)), count, cast(Place, (*first, row.position))))
    return found


def count_tags(engine: Engine, which: TagFilter) -> int:
    """How many tags `browse` goes through."""
    with reading(engine) as connection:
        some = _narrowed(select(TagRow.tag_id), which).subquery()
        return int(connection.execute(select(func.count()).select_from(some)).scalar_one())


def facets(engine: Engine) -> list[FacetCount]:
    """The facets of active tags, those of most tags first."""
    many = func.count()
    chosen = select(TagRow.facet, many).where(TagRow.status == "active").group_by(TagRow.facet)
    with reading(engine) as connection:
        return [
            FacetCount(facet, int(n)) for facet, n in connection.execute(chosen.order_by(many.desc(), TagRow.facet))
        ]


def _narrowed(chosen: Any, which: TagFilter) -> Any:
    if which.facet is not None:
        chosen = chosen.where(TagRow.facet == ("" if which.facet == NO_FACET else which.facet))
    if which.status:
        chosen = chosen.where(TagRow.status == which.status)
    if which.parent:
        chosen = chosen.where(TagRow.parent == which.parent)
    if which.tag_id:
        chosen = chosen.where(TagRow.tag_id == which.tag_id)
    key = name_key(which.words)
    if not key:
        return chosen
    alias = exists().where(TagAliasRow.tag_id == TagRow.tag_id, TagAliasRow.folded.contains(key, autoescape=True))
    named = TagRow.folded.contains(key, autoescape=True)
    return chosen.where(or_(TagRow.tag_id == which.words.strip(), named, alias))

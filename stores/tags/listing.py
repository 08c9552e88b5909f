"""The tag library page by page, with how many videos have each tag; a person's decision is before an automatic one."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import Engine, exists, func, or_, select, tuple_
from sqlalchemy.orm import aliased

from stores.core.records import Tag
from stores.core.text_keys import name_key
from stores.sql.among import among
from stores.sql.database import reading
from stores.sql.tables import DecisionEvidenceRow, DecisionRow, TagAliasRow, TagRow

_PERSON = aliased(DecisionRow)


@dataclass(frozen=True, slots=True)
class TagAt:
    """A tag and its ``position`` in the order of tags."""

    tag: Tag
    position: int


@dataclass(frozen=True, slots=True)
class TaggedVideo:
    """A video for which a tag is accepted; ``origin``: ``automatic``, ``derived`` or ``person``."""

    video_id: str
    confidence: float
    origin: str


@dataclass(frozen=True, slots=True)
class Standing:
    """What counts about one tag of one video, and what was decided without people ("" and None if nothing was)."""

    tag_id: str
    decision: str
    confidence: float
    origin: str
    automatic: str
    automatic_confidence: float | None
    evidence_ids: tuple[str, ...]


class TagListing:
    """Reads tags and decisions in pieces."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def page(self, words: str = "", limit: int = 100, after: int | None = None) -> list[TagAt]:
        """Tags in the order in which they were added.

        Args:
            words: part of a name or of an alias, compared by `stores.core.text_keys`, or an id.
            after: the position of the last one of the page before.
        """
        chosen = self._matching(words).order_by(TagRow.position).limit(limit)
        if after is not None:
            chosen = chosen.where(TagRow.position > after)
        with reading(self._engine) as connection:
            rows = connection.execute(chosen).all()
            ids = [row.tag_id for row in rows]
            others = select(TagAliasRow.tag_id, TagAliasRow.alias).where(TagAliasRow.tag_id.in_(ids))
            aliases: dict[str, list[str]] = {}
            for owner, alias in connection.execute(others.order_by(TagAliasRow.ordinal)):
                aliases.setdefault(owner, []).append(alias)
        return [
            TagAt(
                Tag(
                    row.tag_id,
                    row.name,
                    row.facet,
                    tuple(aliases.get(row.tag_id, ())),
                    row.parent,
                    row.language,
                    cast(Any, row.status),
                ),
                row.position,
            )
            for row in rows
        ]

    def count(self, words: str = "") -> int:
        """How many tags `page` goes through."""
        with reading(self._engine) as connection:
            some = self._matching(words).subquery()
            return int(connection.execute(select(func.count()).select_from(some)).scalar_one())

    def _matching(self, words: str) -> Any:
        chosen = select(TagRow.__table__)
        key = name_key(words)
        if not key:
            return chosen
        alias = exists().where(TagAliasRow.tag_id == TagRow.tag_id, TagAliasRow.folded.contains(key, autoescape=True))
        named = TagRow.folded.contains(key, autoescape=True)
        return chosen.where(or_(TagRow.tag_id == words.strip(), named, alias))

    def videos_by_tag(self, tag_ids: Sequence[str], video_ids: Collection[str] | None = None) -> dict[str, int]:
        """How many videos (of these; None: of all) have each of some tags."""
        chosen = select(DecisionRow.tag_id, func.count()).where(DecisionRow.tag_id.in_(tag_ids), _accepted())
        if video_ids is not None:
            chosen = chosen.where(among(self._engine, DecisionRow.video_id, video_ids))
        with reading(self._engine) as connection:
            found = connection.execute(chosen.group_by(DecisionRow.tag_id)).all()
        return {tag_id: int(count) for tag_id, count in found}

    def videos_of(
        self,
        tag_id: str,
        limit: int = 50,
        after: tuple[float, str] | None = None,
        video_ids: Collection[str] | None = None,
    ) -> list[TaggedVideo]:
        """The videos (among these; None: all) that have a tag, the surest first.

        Args:
            after: confidence and id of the last one of the page before.
        """
        row = DecisionRow
        chosen = select(row.video_id, row.confidence, row.origin).where(row.tag_id == tag_id, _accepted())
        if video_ids is not None:
            chosen = chosen.where(among(self._engine, row.video_id, video_ids))
        if after is not None:
            chosen = chosen.where(tuple_(-row.confidence, row.video_id) > (-after[0], after[1]))
        with reading(self._engine) as connection:
            rows = connection.execute(chosen.order_by(-row.confidence, row.video_id).limit(limit)).all()
        return [TaggedVideo(one.video_id, one.confidence, one.origin) for one in rows]

    def standings(self, video_id: str) -> list[Standing]:
        """What counts about each tag of a video, the surest first."""
        chosen = select(DecisionRow.__table__).where(DecisionRow.video_id == video_id)
        proofs = select(DecisionEvidenceRow.__table__).where(DecisionEvidenceRow.video_id == video_id)
        with reading(self._engine) as connection:
            rows = connection.execute(chosen.order_by(DecisionRow.ordinal)).all()
            cited: dict[tuple[str, str], list[str]] = {}
            for row in connection.execute(proofs.order_by(DecisionEvidenceRow.ordinal)):
                cited.setdefault((row.tag_id, row.origin), []).append(row.evidence_id)
        automatic = {row.tag_id: row for row in rows if row.origin == "automatic"}
        counting = automatic | {row.tag_id: row for row in rows if row.origin == "derived"}
        counting |= {row.tag_id: row for row in rows if row.origin == "person"}
        made = [_standing(row, automatic.get(row.tag_id), cited) for row in counting.values()]
        return sorted(made, key=lambda one: (-one.confidence, one.tag_id))

    def parents(self, tags: Iterable[Tag]) -> dict[str, str]:
        """The names of the parents of tags, by id."""
        wanted = sorted({tag.parent for tag in tags if tag.parent})
        with reading(self._engine) as connection:
            rows = connection.execute(select(TagRow.tag_id, TagRow.name).where(TagRow.tag_id.in_(wanted)))
            return {row.tag_id: row.name for row in rows}


def _accepted() -> Any:
    overruled = exists().where(
        _PERSON.video_id == DecisionRow.video_id, _PERSON.tag_id == DecisionRow.tag_id, _PERSON.origin == "person"
    )
    return (DecisionRow.decision == "accepted") & ((DecisionRow.origin == "person") | ~overruled)


def _standing(row: Any, automatic: Any, cited: dict[tuple[str, str], list[str]]) -> Standing:
    return Standing(
        tag_id=row.tag_id,
        decision=row.decision,
        confidence=row.confidence,
        origin=row.origin,
        automatic=automatic.decision if automatic is not None else "",
        automatic_confidence=automatic.confidence if automatic is not None else None,
        evidence_ids=tuple(cited.get((row.tag_id, row.origin), ())),
    )

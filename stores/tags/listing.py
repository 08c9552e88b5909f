"""How many videos have which tags, and which; a person's decision is before an automatic one."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, exists, func, select, tuple_
from sqlalchemy.orm import aliased

from stores.core.records import Tag
from stores.sql.among import among
from stores.sql.database import reading
from stores.sql.tables import DecisionEvidenceRow, DecisionRow, TagRow

_PERSON = aliased(DecisionRow)


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

    def videos_by_tag(self, tag_ids: Sequence[str], video_ids: Collection[str] | None = None) -> dict[str, int]:
        """How many videos (of these; None: of all) have each of some tags."""
        chosen = select(DecisionRow.tag_id, func.count()).where(DecisionRow.tag_id.in_(tag_ids), accepted())
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
        chosen = select(row.video_id, row.confidence, row.origin).where(row.tag_id == tag_id, accepted())
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


def accepted() -> Any:
    """The condition on decisions that say that a tag is accepted, a person's before an automatic one."""
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

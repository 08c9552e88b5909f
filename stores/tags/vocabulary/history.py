"""The history of a tag: every change of it, of decisions with it, and every review."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, select

from stores.sql.among import among
from stores.sql.database import reading
from stores.tags.vocabulary.vocabulary_tables import DecisionChangeRow, TagChangeRow


@dataclass(frozen=True, slots=True)
class TagChange:
    """A tag before and after a change; None where it was not, or is no longer, there.

    ``step``: what undoing takes; ``undone_at``: None if it counts.
    """

    step: str
    action: str
    tag_id: str
    by_id: str
    by_name: str
    at: float
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    undone_at: float | None

    @property
    def differs(self) -> tuple[str, ...]:
        """The fields that changed."""
        if self.before is None or self.after is None:
            return ()
        return tuple(name for name in self.after if self.before.get(name) != self.after[name])


@dataclass(frozen=True, slots=True)
class DecidedChange:
    """A decision on a tag of a video that became another one; "" for none."""

    video_id: str
    tag_id: str
    origin: str
    before: str
    after: str
    by_name: str
    confidence: float | None
    at: float


def changes_of(engine: Engine, tag_id: str = "", limit: int = 100, before: int | None = None) -> list[TagChange]:
    """Changes of one tag ("": of all), the newest first."""
    row = TagChangeRow
    chosen = select(row.__table__).order_by(row.change_id.desc()).limit(limit)
    if tag_id:
        chosen = chosen.where(row.tag_id == tag_id)
    if before is not None:
        chosen = chosen.where(row.change_id < before)
    names = ("step", "action", "tag_id", "by_id", "by_name", "at", "before", "after", "undone_at")
    with reading(engine) as connection:
        return [TagChange(**{name: getattr(one, name) for name in names}) for one in connection.execute(chosen)]


def decided_with(
    engine: Engine, tag_id: str, limit: int = 100, video_ids: Collection[str] | None = None
) -> list[DecidedChange]:
    """Changes of decisions with a tag, the newest first.

    Args:
        video_ids: only of these videos; None for all.
    """
    row = DecisionChangeRow
    chosen = select(row.__table__).where(row.tag_id == tag_id).order_by(row.change_id.desc()).limit(limit)
    if video_ids is not None:
        chosen = chosen.where(among(engine, row.video_id, video_ids))
    names = ("video_id", "tag_id", "origin", "before", "after", "by_name", "confidence", "at")
    with reading(engine) as connection:
        return [DecidedChange(**{name: getattr(one, name) for name in names}) for one in connection.execute(chosen)]

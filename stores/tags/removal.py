"""Removing tags from the tag library, with the decisions about them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Engine, delete, func, select, update

from stores.core.errors import UsageError
from stores.sql.database import writing
from stores.sql.tables import DecisionEvidenceRow, DecisionRow, TagAliasRow, TagRow
from stores.tags.review_tables import ReviewEventRow, ReviewQueueRow


@dataclass(frozen=True, slots=True)
class Removed:
    """The result of a removal; ``decisions``: removed with the tags; ``total``: tags left."""

    removed: int
    decisions: int
    total: int


def remove_tags(engine: Engine, tag_ids: Sequence[str]) -> Removed:
    """Removes tags, all or none. Children of a removed tag get its parent.

    Raises:
        UsageError: USAGE if there is no tag of one of these ids.
    """
    decisions = 0
    chosen = list(dict.fromkeys(tag_ids))
    with writing(engine) as connection:
        for tag_id in chosen:
            parent = connection.execute(select(TagRow.parent).where(TagRow.tag_id == tag_id)).scalar()
            if parent is None:
                raise UsageError("USAGE", f"There is no tag {tag_id}; none was removed.", "See `kinodex tags list`.")
            connection.execute(update(TagRow).where(TagRow.parent == tag_id).values(parent=parent))
            connection.execute(delete(DecisionEvidenceRow).where(DecisionEvidenceRow.tag_id == tag_id))
            decisions += connection.execute(delete(DecisionRow).where(DecisionRow.tag_id == tag_id)).rowcount
            connection.execute(delete(ReviewQueueRow).where(ReviewQueueRow.tag_id == tag_id))
            connection.execute(delete(ReviewEventRow).where(ReviewEventRow.tag_id == tag_id))
            connection.execute(delete(TagAliasRow).where(TagAliasRow.tag_id == tag_id))
            connection.execute(delete(TagRow).where(TagRow.tag_id == tag_id))
        total = connection.execute(select(func.count()).select_from(TagRow)).scalar() or 0
    return Removed(len(chosen), decisions, total)

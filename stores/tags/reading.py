"""Decisions as they count, over many videos: a person's is before an automatic one."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Engine, select

from stores.sql.database import reading
from stores.sql.tables import DecisionRow

_LISTED = 500


def decided_by_persons(engine: Engine, video_id: str) -> frozenset[str]:
    """The ids of the tags about which a person decided on one video."""
    chosen = select(DecisionRow.tag_id).where(DecisionRow.video_id == video_id, DecisionRow.origin == "person")
    with reading(engine) as connection:
        return frozenset(connection.execute(chosen).scalars())


def videos_with(engine: Engine, tag_ids: Sequence[str]) -> frozenset[str]:
    """The ids of the videos for which one of these tags is accepted."""
    columns = select(DecisionRow.video_id, DecisionRow.tag_id, DecisionRow.decision).order_by(DecisionRow.origin)
    counts: dict[tuple[str, str], str] = {}
    with reading(engine) as connection:
        for first in range(0, len(tag_ids), _LISTED):
            some = columns.where(DecisionRow.tag_id.in_(tag_ids[first : first + _LISTED]))
            # "person" sorts after "automatic", so it replaces it.
            counts.update(((video_id, tag_id), made) for video_id, tag_id, made in connection.execute(some))
    return frozenset(video_id for (video_id, _), made in counts.items() if made == "accepted")

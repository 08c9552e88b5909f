"""What the recall sources said of videos, as far as automatic decisions keep it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection

from sqlalchemy import Engine, select

from stores.sql.among import among
from stores.sql.database import reading
from stores.sql.tables import DecisionRow

Scores = tuple[tuple[str, float], ...]


def recorded_scores(engine: Engine, video_ids: Collection[str]) -> dict[str, dict[str, Scores]]:
    """(source, probability) by tag and video, of all automatic decisions on these videos that keep it.

    A tag that was recalled and dropped has no decision, and is absent.
    """
    row = DecisionRow
    chosen = (
        select(row.video_id, row.tag_id, row.scores)
        .where(row.origin == "automatic", among(engine, row.video_id, video_ids))
        .order_by(row.video_id, row.tag_id)
    )
    found: dict[str, dict[str, Scores]] = defaultdict(dict)
    with reading(engine) as connection:
        for one in connection.execute(chosen):
            if one.scores:
                found[one.video_id][one.tag_id] = tuple((str(name), float(said)) for name, said in one.scores)
    return dict(found)

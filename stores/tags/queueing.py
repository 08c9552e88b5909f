"""Keeping the queue of decisions to review as decisions come and go, within their own transactions."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, delete, insert, select

from stores.sql.tables import DecisionRow
from stores.tags.review_tables import ReviewQueueRow

THRESHOLD = 0.6
"""The confidence from which a tag is accepted: what is nearest to it is looked at first. Source:
`agents.tagging.rank.ACCEPT`."""


def queue_automatic(connection: Connection, video_id: str, scores: Iterable[tuple[str, float]]) -> None:
    """Replaces what waits of a video by its new automatic decisions (tag id, confidence); what a person decided about
    does not wait."""
    connection.execute(delete(ReviewQueueRow).where(ReviewQueueRow.video_id == video_id))
    person = select(DecisionRow.tag_id).where(DecisionRow.video_id == video_id, DecisionRow.origin == "person")
    decided = set(connection.execute(person).scalars())
    rows = [_row(video_id, tag_id, score) for tag_id, score in scores if tag_id not in decided]
    if rows:
        connection.execute(insert(ReviewQueueRow), rows)


def unqueue(connection: Connection, video_id: str, *tag_ids: str) -> None:
    """A person has decided about some tags of a video."""
    same = ReviewQueueRow.video_id == video_id
    for tag_id in tag_ids:
        connection.execute(delete(ReviewQueueRow).where(same, ReviewQueueRow.tag_id == tag_id))


def requeue(connection: Connection, video_id: str, tag_id: str) -> None:
    """No person has decided about a tag of a video after all."""
    unqueue(connection, video_id, tag_id)
    same = (DecisionRow.video_id == video_id) & (DecisionRow.tag_id == tag_id) & (DecisionRow.origin == "automatic")
    score = connection.execute(select(DecisionRow.confidence).where(same)).scalar()
    if score is not None:
        connection.execute(insert(ReviewQueueRow).values(**_row(video_id, tag_id, score)))


def _row(video_id: str, tag_id: str, score: float) -> dict[str, object]:
    # Rounded, so that equally uncertain ones are equal, whatever binary fractions make of it.
    distance = round(abs(score - THRESHOLD), 6)
    return {"video_id": video_id, "tag_id": tag_id, "uncertainty": distance, "score": score}

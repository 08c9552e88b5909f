"""Rows of decisions and reviews that a step moves or removes: put away, so that undoing it puts back exactly these."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, delete, insert, select, tuple_, update

from stores.sql.tables import DecisionEvidenceRow, DecisionRow
from stores.tags.queueing import requeue
from stores.tags.review_tables import ReviewEventRow, ReviewQueueRow
from stores.tags.tag_rows import insert_rows
from stores.tags.vocabulary.changes import Step
from stores.tags.vocabulary.inheritance import DERIVED
from stores.tags.vocabulary.vocabulary_tables import ShelfRow

Pair = tuple[str, str]
"""A video and an origin."""

REVIEWS: Any = ReviewEventRow
"""What people decided, review by review."""

_KINDS: dict[str, Any] = {
    "decisions": DecisionRow,
    "decision_evidence": DecisionEvidenceRow,
    "reviews": REVIEWS,
}
"""What belongs to a tag of a video, by table."""

_DECISIONS = ("decisions", "decision_evidence")
_TOGETHER = 300


def rows_of(
    connection: Connection, kind: str, tag_id: str, pairs: Sequence[Pair] | None = None
) -> list[dict[str, Any]]:
    """The rows of a tag in one of the tables; of decisions those of some pairs only. What is derived is left out."""
    table = _KINDS[kind]
    chosen = select(table.__table__).where(table.tag_id == tag_id)
    if kind in _DECISIONS:
        chosen = chosen.where(table.origin != DERIVED).order_by(table.ordinal)
    if pairs is None:
        return [dict(row._mapping) for row in connection.execute(chosen)]
    found: list[dict[str, Any]] = []
    for first in range(0, len(pairs), _TOGETHER):
        some = tuple_(table.video_id, table.origin).in_(pairs[first : first + _TOGETHER])
        found += [dict(row._mapping) for row in connection.execute(chosen.where(some))]
    return found


def put_away(connection: Connection, step: Step, kind: str, rows: Sequence[dict[str, Any]]) -> None:
    """Keeps copies of rows."""
    kept = [
        {"step": step.name, "kind": kind, "video_id": row["video_id"], "tag_id": row["tag_id"], "row": row}
        for row in rows
    ]
    insert_rows(connection, ShelfRow, kept)


def remove_of_tag(connection: Connection, tag_id: str) -> None:
    """Removes everything that is decided with a tag, reviews, too."""
    for table in (*_KINDS.values(), ReviewQueueRow):
        connection.execute(delete(table).where(table.tag_id == tag_id))


def remove_decisions(connection: Connection, tag_id: str, pairs: Sequence[Pair]) -> None:
    """Removes decisions on a tag, by video and origin."""
    for kind in _DECISIONS:
        table = _KINDS[kind]
        for first in range(0, len(pairs), _TOGETHER):
            some = tuple_(table.video_id, table.origin).in_(pairs[first : first + _TOGETHER])
            connection.execute(delete(table).where(table.tag_id == tag_id, some))


def put_decisions(
    connection: Connection, decisions: Sequence[dict[str, Any]], evidence: Sequence[dict[str, Any]]
) -> None:
    """Adds rows of decisions and of their evidence."""
    insert_rows(connection, DecisionRow, decisions)
    insert_rows(connection, DecisionEvidenceRow, evidence)


def put_back(connection: Connection, step: str, at: float, gone: Sequence[str], target: str) -> set[str]:
    """Restores what a step put away; what was decided about the target since stays.

    Args:
        at: when the step was done.
        gone: tags that the step removed; their decisions went to ``target`` ("": to none).

    Returns:
        the videos whose decisions changed.
    """
    kept = connection.execute(select(ShelfRow.__table__).where(ShelfRow.step == step).order_by(ShelfRow.shelf_id)).all()
    pairs = sorted({(one.video_id, one.row["origin"]) for one in kept if one.kind == "decisions"})
    newer: set[Pair] = set()
    if target:
        now = rows_of(connection, "decisions", target, pairs)
        newer = {(row["video_id"], row["origin"]) for row in now if row["decided_at"] > at}
        remove_decisions(connection, target, [pair for pair in pairs if pair not in newer])
    for one in kept:
        row = one.row
        if one.kind in _DECISIONS and one.tag_id not in gone and (one.video_id, row["origin"]) in newer:
            continue
        if one.kind == "reviews":
            same = REVIEWS.event_id == row["event_id"]
            if connection.execute(update(REVIEWS).where(same).values(tag_id=row["tag_id"])).rowcount:
                continue
        connection.execute(insert(_KINDS[one.kind]).values(**row))
    videos = {one.video_id for one in kept}
    for tag_id in (*gone, *([target] if target else [])):
        for video_id in sorted(videos):
            requeue_if_open(connection, video_id, tag_id)
    connection.execute(delete(ShelfRow).where(ShelfRow.step == step))
    return videos


def requeue_if_open(connection: Connection, video_id: str, tag_id: str) -> None:
    """Has a tag of a video wait for a person exactly if something was decided, and not by a person."""
    requeue(connection, [(video_id, tag_id)])

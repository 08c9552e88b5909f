"""Saving what was decided about some tags over many videos, beside what was decided about the others."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Engine, delete, func, insert, select

from stores.core.records import Decision
from stores.sql.among import among
from stores.sql.database import reading, writing
from stores.sql.tables import DecisionEvidenceRow, DecisionRow, TagRow, VideoRow
from stores.tags.queueing import requeue
from stores.tags.review_tables import ReviewQueueRow
from stores.tags.vocabulary.changes import MACHINE, DecisionChange, record_decisions
from stores.tags.vocabulary.inheritance import derive


def videos_decided(engine: Engine, tag_ids: Collection[str]) -> list[str]:
    """The videos with an automatic decision about one of some tags, by id."""
    row = DecisionRow
    chosen = select(row.video_id).where(row.origin == "automatic", among(engine, row.tag_id, tag_ids)).distinct()
    with reading(engine) as connection:
        return sorted(connection.execute(chosen).scalars())


def undecided_tags(engine: Engine, limit: int) -> list[str]:
    """The active tags without any decision, the latest first; at most ``limit``."""
    decided = select(DecisionRow.tag_id).where(DecisionRow.tag_id == TagRow.tag_id).exists()
    chosen = select(TagRow.tag_id).where(TagRow.status == "active", ~decided).order_by(TagRow.position.desc())
    with reading(engine) as connection:
        return list(connection.execute(chosen.limit(limit)).scalars())


def replace_decisions(engine: Engine, tag_ids: Collection[str], made: Mapping[str, Sequence[Decision]]) -> None:
    """Replaces all automatic decisions about some tags; those about other tags, and what persons decided, stay.

    Videos and tags that are gone meanwhile are left out.

    Args:
        made: decisions about these tags, by video; a video that is absent has none any more.

    Raises:
        ValueError: if a decision is about another tag.
    """
    if any(one.tag_id not in tag_ids for some in made.values() for one in some):
        raise ValueError("a decision is about another tag")
    tables: tuple[Any, ...] = (DecisionEvidenceRow, DecisionRow)
    with writing(engine) as connection:
        row = DecisionRow
        videos = set(
            connection.execute(select(VideoRow.video_id).where(among(engine, VideoRow.video_id, list(made)))).scalars()
        )
        tags = set(connection.execute(select(TagRow.tag_id).where(among(engine, TagRow.tag_id, tag_ids))).scalars())
        here = select(row.video_id, row.tag_id, row.decision).where(
            among(engine, row.tag_id, tag_ids), row.origin == "automatic"
        )
        before = {(video_id, tag_id): decision for video_id, tag_id, decision in connection.execute(here)}
        for table in tables:
            about = among(engine, table.tag_id, tag_ids)
            connection.execute(delete(table).where(about, table.origin == "automatic"))
        connection.execute(delete(ReviewQueueRow).where(among(engine, ReviewQueueRow.tag_id, tag_ids)))
        last = select(row.video_id, func.max(row.ordinal)).where(row.origin == "automatic")
        last = last.where(among(engine, row.video_id, list(made))).group_by(row.video_id)
        following: defaultdict[str, int] = defaultdict(int)
        following.update({video_id: ordinal + 1 for video_id, ordinal in connection.execute(last)})
        kept = [one for video_id in sorted(made) if video_id in videos for one in made[video_id] if one.tag_id in tags]
        rows, proofs = [], []
        for one in kept:
            place = {"video_id": one.video_id, "tag_id": one.tag_id, "origin": "automatic"}
            rows.append(
                place
                | {
                    "ordinal": following[one.video_id],
                    "decision": one.decision,
                    "confidence": one.confidence,
                    "recalled_by": list(one.recalled_by),
                    "scores": [list(pair) for pair in one.scores],
                    "decided_at": time.time(),
                }
            )
            following[one.video_id] += 1
            proofs += [place | {"ordinal": n, "evidence_id": cited} for n, cited in enumerate(one.evidence_ids)]
        if rows:
            connection.execute(insert(DecisionRow), rows)
        if proofs:
            connection.execute(insert(DecisionEvidenceRow), proofs)
        after = {(one.video_id, one.tag_id): one for one in kept}
        changes = [
            DecisionChange(*pair, before.get(pair, ""), one.decision, one.confidence) for pair, one in after.items()
        ]
        changes += [DecisionChange(*pair, decision, "") for pair, decision in before.items() if pair not in after]
        record_decisions(connection, changes, "automatic", MACHINE, time.time())
        derive(connection, {video_id for video_id, _ in (*before, *after)})
        requeue(connection, list(after))

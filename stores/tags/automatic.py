"""Automatic decisions on videos, in place of the former ones: of one, or of many in the same few statements."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, delete, func, select

from stores.core.errors import UsageError
from stores.core.records import Decision
from stores.sql.among import among_listed, listed
from stores.sql.tables import DecisionEvidenceRow, DecisionRow, TagRow, VideoRow
from stores.tags.queueing import Undecided, queue_automatic
from stores.tags.tag_rows import insert_rows
from stores.tags.vocabulary.changes import MACHINE, DecisionChange, record_decisions
from stores.tags.vocabulary.inheritance import derive


def replace_automatic(connection: Connection, made: Mapping[str, Sequence[Decision]]) -> None:
    """Within a transaction: these automatic decisions, by video, in place of the former ones.

    Retired tags keep what was decided with them, and get nothing new.

    Raises:
        UsageError: UNKNOWN_VIDEO.
    """
    if not made:
        return
    dialect, videos = connection.dialect.name, {"chosen_ids": listed(made)}
    there = set(
        connection.scalars(select(VideoRow.video_id).where(among_listed(dialect, VideoRow.video_id)), videos).all()
    )
    for video_id in made:
        if video_id not in there:
            raise UsageError("UNKNOWN_VIDEO", f"There is no video {video_id}.", "See `kinodex videos`.")
    row = DecisionRow
    here = (among_listed(dialect, row.video_id), row.origin == "automatic")
    former = connection.execute(select(row.video_id, row.tag_id, row.decision).where(*here), videos)
    before = {(video_id, tag_id): decision for video_id, tag_id, decision in former}
    named = {tag_id for _, tag_id in before} | {one.tag_id for some in made.values() for one in some}
    retired = _retired(connection, named)
    new = {video_id: [one for one in some if one.tag_id not in retired] for video_id, some in made.items()}
    _note(connection, {pair: decision for pair, decision in before.items() if pair[1] not in retired}, new)
    stay = sorted({tag_id for _, tag_id in before} & retired)
    tables: tuple[Any, ...] = (DecisionEvidenceRow, DecisionRow)
    for table in tables:
        gone = delete(table).where(among_listed(dialect, table.video_id), table.origin == "automatic")
        if stay:
            gone = gone.where(~among_listed(dialect, table.tag_id, "kept_tags"))
        connection.execute(gone, videos | ({"kept_tags": listed(stay)} if stay else {}))
    first: defaultdict[str, int] = defaultdict(int)
    if stay:
        last = select(row.video_id, func.max(row.ordinal)).where(*here).group_by(row.video_id)
        first.update({video_id: ordinal + 1 for video_id, ordinal in connection.execute(last, videos)})
    _insert(connection, new, first)
    queue_automatic(
        connection,
        {
            video_id: [Undecided(one.tag_id, one.confidence, one.scores) for one in some]
            for video_id, some in new.items()
        },
    )
    derive(connection, list(made))


def _insert(connection: Connection, made: Mapping[str, Sequence[Decision]], first: Mapping[str, int]) -> None:
    rows: list[dict[str, Any]] = []
    evidence: list[dict[str, Any]] = []
    for video_id, some in made.items():
        place = {"video_id": video_id, "origin": "automatic"}
        for ordinal, one in enumerate(some, first[video_id]):
            about = place | {"tag_id": one.tag_id}
            said = {"decision": one.decision, "confidence": one.confidence, "recalled_by": list(one.recalled_by)}
            scores = {"scores": [list(pair) for pair in one.scores], "decided_at": time.time()}
            rows.append(about | {"ordinal": ordinal} | said | scores)
            evidence += [about | {"ordinal": n, "evidence_id": cited} for n, cited in enumerate(one.evidence_ids)]
    insert_rows(connection, DecisionRow, rows)
    insert_rows(connection, DecisionEvidenceRow, evidence)


def _note(
    connection: Connection, before: Mapping[tuple[str, str], str], made: Mapping[str, Sequence[Decision]]
) -> None:
    """Notes the automatic decisions that become other ones: those of a run replace all."""
    after = {(video_id, one.tag_id): one for video_id, some in made.items() for one in some}
    changes = [DecisionChange(*pair, before.get(pair, ""), one.decision, one.confidence) for pair, one in after.items()]
    changes += [DecisionChange(*pair, decision, "") for pair, decision in before.items() if pair not in after]
    record_decisions(connection, changes, "automatic", MACHINE, time.time())


def _retired(connection: Connection, tag_ids: Collection[str]) -> set[str]:
    some = among_listed(connection.dialect.name, TagRow.tag_id)
    chosen = select(TagRow.tag_id).where(some, TagRow.status == "retired")
    return set(connection.scalars(chosen, {"chosen_ids": listed(sorted(tag_ids))}).all())

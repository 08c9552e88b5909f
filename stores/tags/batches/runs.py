"""What each video was last decided from, and decisions that wait until all of their batch are made.

A decision may rest on what is decided about other videos (those that look alike). Were each stored at once, it would
depend on the order of videos, on the number of workers and on where a batch was interrupted. So what a batch decides is
kept here, and put where decisions belong when all of it is made.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Engine, delete, func, insert, select, update

from stores.core.records import Decision
from stores.sql.among import among
from stores.sql.database import reading, writing
from stores.sql.tables import TagRow, VideoRow
from stores.tags.automatic import replace_automatic
from stores.tags.batches.tables import TagRunRow

RunStatus = Literal["staged", "placed", "done", "failed"]

_TOGETHER = 1_000  # videos in one query


@dataclass(frozen=True, slots=True)
class TagKey:
    """What decisions about one video are made from: equal keys, equal decisions (those about other videos apart).

    Attributes:
        evidence: of what is known about the video (`stores.listing.evidence_marks`).
        vocabulary: of the tags that may be decided about.
        ranker: of the ranker, its thresholds and all models.
    """

    evidence: str
    vocabulary: str
    ranker: str


@dataclass(frozen=True, slots=True)
class TagRun:
    """How tagging of one video ended.

    Attributes:
        status: ``staged`` decided, in a batch that has not ended; ``placed`` where decisions belong already, in one
            that has not ended either; ``done``; or ``failed``.
        error_code, error_message: "" unless it failed.
        seconds: that it took; ``finished_at``: seconds since the epoch.
    """

    video_id: str
    key: TagKey
    status: RunStatus
    error_code: str = ""
    error_message: str = ""
    worker: str = ""
    seconds: float = 0.0
    finished_at: float = 0.0


class TagRuns:
    """Owner of the table ``tag_runs``."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def known(self, video_ids: Sequence[str]) -> dict[str, TagRun]:
        """The last run of each of some videos, by id; a video that was in no batch is absent."""
        columns = [column for column in TagRunRow.__table__.columns if column.name != "decisions"]
        found: dict[str, TagRun] = {}
        with reading(self._engine) as connection:
            for some in _pieces(video_ids):
                chosen = select(*columns).where(among(self._engine, TagRunRow.video_id, some))
                found.update((row.video_id, _run(row)) for row in connection.execute(chosen))
        return found

    def save(self, runs: Mapping[TagRun, Sequence[Decision]]) -> None:
        """Keep how some videos ended, with the decisions about those that are ``staged``, all or none.

        Videos that are no longer there are left out.
        """
        if not runs:
            return
        ids = [run.video_id for run in runs]
        with writing(self._engine) as connection:
            there = set(
                connection.scalars(select(VideoRow.video_id).where(among(self._engine, VideoRow.video_id, ids)))
            )
            connection.execute(delete(TagRunRow).where(among(self._engine, TagRunRow.video_id, ids)))
            rows = [_columns(run, made) for run, made in runs.items() if run.video_id in there]
            if rows:
                connection.execute(insert(TagRunRow), rows)

    def staged(self) -> int:
        """How many videos have decisions that wait."""
        with reading(self._engine) as connection:
            chosen = select(func.count()).select_from(TagRunRow).where(TagRunRow.status == "staged")
            return int(connection.execute(chosen).scalar_one())

    def put_in_place(self, limit: int = 200) -> int:
        """Put the decisions of some videos that wait where decisions belong, in one transaction; how many it were.

        Tags that are no longer in the tag library are left out. Call it until it returns 0: then all are ``done``. An
        interruption before leaves ``placed`` behind what need not be decided again.
        """
        with writing(self._engine) as connection:
            chosen = select(TagRunRow.video_id, TagRunRow.decisions).where(TagRunRow.status == "staged")
            rows = connection.execute(chosen.order_by(TagRunRow.video_id).limit(limit)).all()
            if not rows:
                connection.execute(update(TagRunRow).where(TagRunRow.status == "placed").values(status="done"))
                return 0
            made = {row.video_id: [unpacked(row.video_id, one) for one in row.decisions or ()] for row in rows}
            wanted = sorted({one.tag_id for some in made.values() for one in some})
            tags = among(self._engine, TagRow.tag_id, wanted)
            there = set(connection.scalars(select(TagRow.tag_id).where(tags)))
            kept = {video_id: [one for one in some if one.tag_id in there] for video_id, some in made.items()}
            replace_automatic(connection, kept)
            applied = update(TagRunRow).where(among(self._engine, TagRunRow.video_id, list(made)))
            connection.execute(applied.values(status="placed", decisions=None))
        return len(made)

    def forget_staged(self, video_ids: Collection[str]) -> None:
        """Remove decisions that wait about some videos."""
        with writing(self._engine) as connection:
            those = among(self._engine, TagRunRow.video_id, video_ids)
            connection.execute(delete(TagRunRow).where(TagRunRow.status == "staged", those))

    def carry_vocabulary(self, former: str, present: str) -> int:
        """What was decided with a former vocabulary counts as decided with the present one; of how many videos.

        For who has decided about every tag in which they differ.
        """
        with writing(self._engine) as connection:
            chosen = update(TagRunRow).where(TagRunRow.vocabulary == former, TagRunRow.status.in_(("placed", "done")))
            return connection.execute(chosen.values(vocabulary=present)).rowcount


def _pieces(video_ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for first in range(0, len(video_ids), _TOGETHER):
        yield video_ids[first : first + _TOGETHER]


def _run(row: Any) -> TagRun:
    key = TagKey(row.evidence, row.vocabulary, row.ranker)
    ended = (row.status, row.error_code, row.error_message, row.worker, row.seconds, row.finished_at)
    return TagRun(row.video_id, key, *ended)


def _columns(run: TagRun, decisions: Sequence[Decision]) -> dict[str, Any]:
    return {
        "video_id": run.video_id,
        "evidence": run.key.evidence,
        "vocabulary": run.key.vocabulary,
        "ranker": run.key.ranker,
        "status": run.status,
        "error_code": run.error_code,
        "error_message": run.error_message,
        "worker": run.worker,
        "seconds": run.seconds,
        "finished_at": run.finished_at or time.time(),
        "decisions": [packed(one) for one in decisions] if run.status == "staged" else None,
    }


def packed(one: Decision) -> list[Any]:
    """A decision as JSON, without its video; `unpacked` turns it back."""
    scores = [list(pair) for pair in one.scores]
    return [one.tag_id, one.decision, one.confidence, list(one.recalled_by), list(one.evidence_ids), scores]


def unpacked(video_id: str, row: Sequence[Any]) -> Decision:
    """The decision about a video that `packed` was given."""
    tag_id, decision, confidence, recalled_by, evidence_ids, scores = row
    pairs = tuple((source, score) for source, score in scores)
    return Decision(video_id, tag_id, decision, confidence, tuple(recalled_by), tuple(evidence_ids), pairs)

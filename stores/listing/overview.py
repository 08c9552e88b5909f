"""A library as a whole. The database counts: what is read grows with the number of different states that videos are in,
which is small, and not with the number of videos."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, exists, func, select
from sqlalchemy.orm import aliased

from stores.core.ids import base_stage
from stores.entries import status_of
from stores.sql.database import reading
from stores.sql.rows import FIRST_PLACE
from stores.sql.standing import INDEXED_STAGE
from stores.sql.tables import CaptionRow, ScriptRow, StageRunRow, TagRow, VideoRow

if TYPE_CHECKING:
    from stores.library_store import LibraryStore


@dataclass(frozen=True, slots=True)
class Descriptions:
    """Videos that were described, and what there is of it.

    Attributes:
        described, nothing_found: videos that were described, of which something could be said, or nothing.
        not_described: videos that are indexed and were not described; failed: those of them where that failed.
        captions, scripts: how many there are.
    """

    described: int
    nothing_found: int
    not_described: int
    failed: int
    captions: int
    scripts: int


@dataclass(frozen=True, slots=True)
class Overview:
    """A library as a whole.

    Attributes:
        statuses: status to how many videos have it, in the order in which a listing would name them first.
        media_seconds: of all probed videos; 0 if there are none.
        stages: stage to outcome to how many videos it ended so for, ordered likewise.
        parts: (video id, stage) to the outcomes of its parts, where a long video is worked on part by part.
    """

    videos: int
    statuses: Mapping[str, int]
    media_seconds: float
    tags: int
    stages: Mapping[str, Mapping[str, int]]
    parts: Mapping[tuple[str, str], Mapping[str, int]]
    quarantined: int
    descriptions: Descriptions


@dataclass(frozen=True, slots=True)
class _Alike:
    """Videos in the same state; ``place``: the first of theirs."""

    place: str
    status: str
    stages: Mapping[str, str]
    count: int


def overview(store: LibraryStore) -> Overview:
    """Counts what there is."""
    with reading(store.engine) as connection:
        alike, in_parts = _alike(connection)
        parts = _parts(connection)
        bad = select(func.count()).select_from(StageRunRow).where(StageRunRow.status == "quarantined")
        quarantined = int(connection.execute(bad).scalar_one())
        seconds = _media_seconds(connection)
        tags = int(connection.execute(select(func.count()).select_from(TagRow)).scalar_one())
        described = _descriptions(connection)
    for entry in store.catalog.entries(in_parts):
        place = entry.uris[0] if entry.uris else f" {entry.video_id}"
        alike.append(_Alike(place, entry.status, entry.stages, 1))
    statuses: Counter[str] = Counter()
    stages: dict[str, Counter[str]] = {}
    for group in sorted(alike, key=lambda one: one.place):
        statuses[group.status] += group.count
        for stage, outcome in group.stages.items():
            stages.setdefault(stage, Counter())[outcome] += group.count
    return Overview(statuses.total(), statuses, seconds, tags, stages, parts, quarantined, described)


def _alike(connection: Connection) -> tuple[list[_Alike], list[str]]:
    """Groups of videos in the same state, and the ids of those that are worked on part by part."""
    later = aliased(StageRunRow)
    after = (later.started_at > StageRunRow.started_at) | (
        (later.started_at == StageRunRow.started_at) & (later.fingerprint > StageRunRow.fingerprint)
    )
    same = (later.video_id == StageRunRow.video_id) & (later.stage == StageRunRow.stage)
    newest = (
        select(StageRunRow.video_id, (StageRunRow.stage + "=" + StageRunRow.status).label("outcome"))
        .where(~exists().where(same & after))
        .subquery()
    )
    joined: Any = func.aggregate_strings(newest.c.outcome, ",")
    if connection.dialect.name == "postgresql":
        # SQLite reads the runs by their key. Postgres reads them as they are stored: without an order, videos in the
        # same state would form as many groups as there are orders in which their stages were done.
        joined = joined.aggregate_order_by(newest.c.outcome)
    outcomes = select(newest.c.video_id, joined.label("outcomes")).group_by(newest.c.video_id).subquery()
    probed = VideoRow.time_base_numerator.is_not(None)
    stand = select(outcomes.c.outcomes, probed.label("probed"), FIRST_PLACE.label("place"), VideoRow.video_id)
    rows = stand.select_from(VideoRow).outerjoin(outcomes, outcomes.c.video_id == VideoRow.video_id).subquery()
    grouped = select(rows.c.outcomes, rows.c.probed, func.min(rows.c.place), func.count())
    found = []
    for text, is_probed, place, count in connection.execute(grouped.group_by(rows.c.outcomes, rows.c.probed)):
        stages = dict(sorted(outcome.split("=") for outcome in text.split(","))) if text else {}
        if all(stage == base_stage(stage) for stage in stages):
            found.append(_Alike(place, status_of(bool(is_probed), stages), stages, int(count)))
    several = select(StageRunRow.video_id).where(StageRunRow.stage.contains(".")).distinct()
    return found, list(connection.execute(several).scalars())


def _parts(connection: Connection) -> dict[tuple[str, str], Counter[str]]:
    counts: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    columns = select(StageRunRow.video_id, StageRunRow.stage, StageRunRow.status)
    order = (StageRunRow.started_at, StageRunRow.video_id, StageRunRow.stage)
    for video_id, stage, status in connection.execute(columns.where(StageRunRow.stage.contains(".")).order_by(*order)):
        counts[video_id, base_stage(stage)][status] += 1
    return dict(counts)


def _media_seconds(connection: Connection) -> float:
    numerator, denominator = VideoRow.time_base_numerator, VideoRow.time_base_denominator
    ticks = select(func.sum(VideoRow.duration), numerator, denominator).where(numerator.is_not(None))
    rows: Any = connection.execute(ticks.group_by(numerator, denominator))
    each = [int(total) * Fraction(*base) for total, *base in rows]
    return float(sum(each)) if each else 0


def _descriptions(connection: Connection) -> Descriptions:
    captions, of_videos = _records(connection, CaptionRow, "captions")
    scripts, _ = _records(connection, ScriptRow, "script")
    run, indexed = aliased(StageRunRow), aliased(StageRunRow)
    at = (run.stage == "captions") & run.active
    done = int(connection.execute(select(func.count()).select_from(run).where(at)).scalar_one())
    missing = (indexed.stage == INDEXED_STAGE) & indexed.active
    missing &= ~exists().where(at & (run.video_id == indexed.video_id))
    not_described = connection.execute(select(func.count()).select_from(indexed).where(missing)).scalar_one()
    bad = (StageRunRow.stage == "captions") & StageRunRow.status.in_(("failed", "quarantined"))
    bad &= exists().where(missing & (indexed.video_id == StageRunRow.video_id))
    failed = connection.execute(select(func.count(StageRunRow.video_id.distinct())).where(bad)).scalar_one()
    return Descriptions(of_videos, done - of_videos, int(not_described), int(failed), captions, scripts)


def _records(connection: Connection, table: Any, stage: str) -> tuple[int, int]:
    """How many records of a stage readers see, and of how many videos."""
    same = (StageRunRow.video_id == table.video_id) & (StageRunRow.stage == table.stage)
    counted = select(func.count(), func.count(table.video_id.distinct()))
    counted = counted.select_from(table).join(StageRunRow, same & (StageRunRow.fingerprint == table.fingerprint))
    records, videos = connection.execute(counted.where(StageRunRow.active, table.stage == stage)).one()
    return int(records), int(videos)

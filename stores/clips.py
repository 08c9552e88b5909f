"""The clips that readers see: those of whole videos, those around given places, and what was recognised in some."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from fractions import Fraction
from functools import cache
from typing import Any

from sqlalchemy import Connection, bindparam, select, text

from stores.core.records import Clip, Span
from stores.sql.tables import ClipRow, StageRunRow, VideoRow

_LISTED = 500

_SAME = (StageRunRow.video_id == ClipRow.video_id) & (StageRunRow.stage == ClipRow.stage)
CLIPS = (
    select(ClipRow.__table__, VideoRow.time_base_numerator, VideoRow.time_base_denominator)
    .join(StageRunRow, _SAME & (StageRunRow.fingerprint == ClipRow.fingerprint))
    .where(StageRunRow.active)
    .join(VideoRow, VideoRow.video_id == ClipRow.video_id)
)
"""All clips that readers see, with their video's time base."""

_BY_ID = CLIPS.where(ClipRow.clip_id.in_(bindparam("clip_ids", expanding=True)))

_PLACES = {
    "sqlite": "json_each(:places) AS p",
    "postgresql": "jsonb_array_elements(CAST(:places AS jsonb)) AS p(value)",
}
_TOUCHING = """SELECT DISTINCT c.video_id, c.clip_id, c.start_tick, c.end_tick, c.ordinal, c.keyframe, c.thumbnail,
v.time_base_numerator, v.time_base_denominator FROM {places}
JOIN clips AS c ON c.video_id = {video} AND c.start_tick < {end} AND c.end_tick > {start}
JOIN stage_runs AS r ON r.video_id = c.video_id AND r.stage = c.stage AND r.fingerprint = c.fingerprint AND r.active
JOIN videos AS v ON v.video_id = c.video_id"""


# Each table is scanned once for each video, not for each clip: a tenth of the time.
_RECOGNISED = """WITH
p AS MATERIALIZED (SELECT {video} AS video_id, {start} AS start_tick, {end} AS end_tick, {clip} AS clip_id
 FROM {places}),
c AS MATERIALIZED (SELECT value FROM {concepts}),
r AS MATERIALIZED (SELECT video_id, stage, fingerprint FROM stage_runs
 WHERE active AND stage IN ('labels', 'tracklets') AND video_id IN (SELECT video_id FROM p)),
l AS MATERIALIZED (SELECT o.clip_id, o.concept, o.score FROM r
 JOIN labels AS o ON o.video_id = r.video_id AND o.stage = r.stage AND o.fingerprint = r.fingerprint
 WHERE r.stage = 'labels' AND o.concept IN (SELECT value FROM c)),
t AS MATERIALIZED (SELECT o.video_id, o.start_tick, o.end_tick, o.concept, o.confidence FROM r
 JOIN tracklets AS o ON o.video_id = r.video_id AND o.stage = r.stage AND o.fingerprint = r.fingerprint
 WHERE r.stage = 'tracklets' AND o.concept IN (SELECT value FROM c))
SELECT p.clip_id, '' AS concept, 0.0 AS score FROM p JOIN r ON r.video_id = p.video_id AND r.stage = 'labels'
UNION ALL SELECT clip_id, concept, score FROM l WHERE clip_id IN (SELECT clip_id FROM p)
UNION ALL SELECT p.clip_id, t.concept, t.confidence FROM p
JOIN t ON t.video_id = p.video_id AND t.start_tick < p.end_tick AND t.end_tick > p.start_tick"""
_CONCEPTS = {
    "sqlite": "json_each(:concepts)",
    "postgresql": "jsonb_array_elements_text(CAST(:concepts AS jsonb)) AS j(value)",
}


def _columns(dialect: str) -> dict[int, str]:
    if dialect == "sqlite":
        return {number: f"json_extract(p.value, '$[{number}]')" for number in range(4)}
    return {0: "p.value->>0", 1: "CAST(p.value->>1 AS bigint)", 2: "CAST(p.value->>2 AS bigint)", 3: "p.value->>3"}


def _touching(dialect: str) -> str:
    places = _columns(dialect)
    return _TOUCHING.format(places=_PLACES[dialect], video=places[0], start=places[1], end=places[2])


def clips_at_hand(
    connection: Connection, clip_ids: Iterable[str], places: Iterable[tuple[str, int, int]]
) -> dict[str, list[Clip]]:
    """See `stores.catalog.Catalog.clips_at_hand`."""
    rows: list[Any] = []
    wanted = list(dict.fromkeys(clip_ids))
    for first in range(0, len(wanted), _LISTED):
        rows += connection.execute(_BY_ID, {"clip_ids": wanted[first : first + _LISTED]}).all()
    spans = [[video_id, start, max(end, start + 1)] for video_id, start, end in dict.fromkeys(places)]
    if spans:
        statement = text(_touching(connection.dialect.name))
        rows += connection.execute(statement, {"places": json.dumps(spans)}).all()
    once = {row.clip_id: row for row in rows}
    return clips_of(sorted(once.values(), key=lambda row: (row.video_id, row.start_tick, row.ordinal)))


def recognised_in(
    connection: Connection, clips: Iterable[tuple[str, Clip]], concepts: Iterable[str]
) -> dict[str, dict[str, float]]:
    """See `stores.catalog.Catalog.recognised_in`."""
    places = [[video_id, clip.span.start, clip.span.end, clip.clip_id] for video_id, clip in clips]
    wanted = sorted(set(concepts))
    found: dict[str, dict[str, float]] = {}
    if not places or not wanted:
        return found
    dialect = connection.dialect.name
    video, start, end, clip = _columns(dialect).values()
    statement = _RECOGNISED.format(
        places=_PLACES[dialect], concepts=_CONCEPTS[dialect], video=video, start=start, end=end, clip=clip
    )
    rows = connection.execute(text(statement), {"places": json.dumps(places), "concepts": json.dumps(wanted)})
    for clip_id, concept, confidence in rows:
        there = found.setdefault(clip_id, {})
        if concept:
            there[concept] = max(there.get(concept, 0.0), float(confidence))
    return found


def clips_of(rows: Iterable[Any]) -> dict[str, list[Clip]]:
    """The clips of rows, by video, in their order."""
    time_base = cache(Fraction)  # a library has few, and they are shared
    found: dict[str, list[Clip]] = defaultdict(list)
    for row in rows:
        span = Span(row.start_tick, row.end_tick, time_base(row.time_base_numerator, row.time_base_denominator))
        found[row.video_id].append(Clip(row.clip_id, span, row.keyframe, row.thumbnail))
    return dict(found)

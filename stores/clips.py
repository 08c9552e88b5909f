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


_RUN = "JOIN stage_runs AS r ON r.video_id = {0}.video_id AND r.stage = {0}.stage AND r.fingerprint = {0}.fingerprint"
_RECOGNISED = f"""SELECT {{clip}} AS clip_id, l.concept AS concept, l.score AS confidence FROM {{places}}
JOIN labels AS l ON l.video_id = {{video}} AND l.clip_id = {{clip}} {_RUN.format("l")} AND r.active
WHERE l.concept IN (SELECT value FROM {{concepts}})
UNION ALL SELECT {{clip}}, t.concept, t.confidence FROM {{places}}
JOIN tracklets AS t ON t.video_id = {{video}} AND t.start_tick < {{end}} AND t.end_tick > {{start}}
{_RUN.format("t")} AND r.active WHERE t.concept IN (SELECT value FROM {{concepts}})"""


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
    column = _columns(dialect)
    listed = {"sqlite": "json_each(:concepts)", "postgresql": "jsonb_array_elements_text(CAST(:concepts AS jsonb))"}
    statement = _RECOGNISED.format(
        places=_PLACES[dialect],
        video=column[0],
        start=column[1],
        end=column[2],
        clip=column[3],
        concepts=listed[dialect] + (" AS c(value)" if dialect == "postgresql" else ""),
    )
    rows = connection.execute(text(statement), {"places": json.dumps(places), "concepts": json.dumps(wanted)})
    for clip_id, concept, confidence in rows:
        there = found.setdefault(clip_id, {})
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

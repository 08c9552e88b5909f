"""What stands behind each table of the schema: a SELECT over the rows that readers see, times in seconds.

The views are parts of the query and not of the database: so no migration is needed, and the videos that a question may
see are part of each of them.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import cache

import sqlglot
from sqlglot import exp

from stores.sql.standing import INDEXED, KNOWN
from stores.sql.tables import EVIDENCE, FULLTEXT, Base

BASE_TABLES = frozenset({*Base.metadata.tables, EVIDENCE.name, FULLTEXT.name})
"""The names of the tables themselves, which nobody may ask."""

READ_TABLES = frozenset(
    "videos locations stage_runs scenes clips utterances screen_texts labels captions scripts facts tracklets tags "
    "decisions decision_evidence sound_events face_tracks person_faces people speaker_turns evidence json_each".split()
)
"""What the views read."""

_SECONDS = "CAST({tick} AS DOUBLE PRECISION) * v.time_base_numerator / v.time_base_denominator"
_ACTIVE = (
    "JOIN stage_runs AS r ON r.video_id = e.video_id AND r.stage = e.stage AND r.fingerprint = e.fingerprint "
    "JOIN videos AS v ON v.video_id = e.video_id WHERE r.active"
)
_SPAN = f"{_SECONDS.format(tick='e.start_tick')} AS start_seconds, {_SECONDS.format(tick='e.end_tick')} AS end_seconds"
_FOUND = f"e.evidence_id, e.video_id, {_SPAN}"
# A list of plain words in JSON, as `a;b`.
_KINDS = "REPLACE(REPLACE(REPLACE(CAST(e.broader AS TEXT), '[\"', ''), '\"]', ''), '\",\"', ';')"
_KINDS = f"REPLACE({_KINDS}, '[]', '') AS kinds"

# Whose turn a line lies in most; SQLite knows no column of the outer query in ORDER BY.
_SPEAKER = (
    "(SELECT z.name FROM (SELECT s.name, s.start_tick, "
    "CASE WHEN s.end_tick < e.end_tick THEN s.end_tick ELSE e.end_tick END - "
    "CASE WHEN s.start_tick > e.start_tick THEN s.start_tick ELSE e.start_tick END AS common "
    "FROM speaker_turns AS s JOIN stage_runs AS a ON a.video_id = s.video_id AND a.stage = s.stage "
    "AND a.fingerprint = s.fingerprint WHERE a.active AND s.video_id = e.video_id AND s.start_tick < e.end_tick "
    "AND s.end_tick > e.start_tick) AS z ORDER BY z.common DESC, z.start_tick LIMIT 1) AS speaker"
)

_VIEWS = {
    "videos": (
        "SELECT v.video_id, "
        "(SELECT l.name FROM locations AS l WHERE l.video_id = v.video_id ORDER BY l.missing, l.uri LIMIT 1) AS name, "
        f"{_SECONDS.format(tick='v.duration')} AS seconds, v.width, v.height, "
        "CASE WHEN v.width > v.height THEN 'landscape' WHEN v.width < v.height THEN 'portrait' "
        "WHEN v.width = v.height THEN 'square' END AS orientation, "
        "CAST(v.frame_rate_numerator AS DOUBLE PRECISION) / NULLIF(v.frame_rate_denominator, 0) AS frame_rate, "
        "CASE WHEN v.audio_codec <> '' THEN 1 WHEN v.audio_codec = '' THEN 0 END AS has_audio, "
        "v.video_codec, v.audio_codec, v.container, v.size AS size_bytes, "
        f"CASE WHEN v.standing = {INDEXED} THEN 1 ELSE 0 END AS searchable "
        f"FROM videos AS v WHERE v.standing >= {KNOWN}"
    ),
    "scenes": f"SELECT e.scene_id, e.video_id, {_SPAN} FROM scenes AS e {_ACTIVE}",
    "clips": (
        f"SELECT e.clip_id, e.video_id, {_SPAN}, {_SECONDS.format(tick='e.keyframe')} AS keyframe_seconds "
        f"FROM clips AS e {_ACTIVE}"
    ),
    "transcript": f"SELECT {_FOUND}, e.text, e.language, {_SPEAKER}, e.confidence FROM utterances AS e {_ACTIVE}",
    "speakers": (
        f"SELECT {_FOUND}, e.name AS speaker, e.speaker AS number, e.confidence FROM speaker_turns AS e {_ACTIVE}"
    ),
    "screen_text": f"SELECT {_FOUND}, e.text, e.confidence FROM screen_texts AS e {_ACTIVE}",
    "labels": (
        f"SELECT {_FOUND}, e.clip_id, e.name, e.name_zh, {_KINDS}, e.score AS confidence, e.peak "
        f"FROM labels AS e {_ACTIVE}"
    ),
    "captions": f"SELECT {_FOUND}, e.clip_id, e.text, e.score AS confidence FROM captions AS e {_ACTIVE}",
    "summaries": f"SELECT {_FOUND}, e.text FROM scripts AS e {_ACTIVE}",
    "facts": f"SELECT {_FOUND}, e.text, e.confidence FROM facts AS e {_ACTIVE}",
    "people": (
        f"SELECT {_FOUND}, p.person_id, p.name, e.name AS looks FROM face_tracks AS e "
        "JOIN person_faces AS f ON f.evidence_id = e.evidence_id JOIN people AS p ON p.person_id = f.person_id "
        f"{_ACTIVE}"
    ),
    "sounds": f"SELECT {_FOUND}, e.name, e.name_zh, e.confidence FROM sound_events AS e {_ACTIVE}",
    "tags": (
        "SELECT (SELECT c.evidence_id FROM decision_evidence AS c JOIN evidence AS k ON k.evidence_id = c.evidence_id "
        "WHERE c.video_id = e.video_id AND c.tag_id = e.tag_id AND c.origin = e.origin ORDER BY c.ordinal LIMIT 1) "
        "AS evidence_id, e.video_id, e.tag_id, t.name AS tag, t.facet, e.decision, e.origin, e.confidence "
        "FROM decisions AS e JOIN tags AS t ON t.tag_id = e.tag_id "
        "WHERE (e.origin = 'person' OR NOT EXISTS (SELECT 1 FROM decisions AS p WHERE p.video_id = e.video_id "
        "AND p.tag_id = e.tag_id AND p.origin > e.origin))"
    ),
}

# {first:n} and {last:n}: the n-th number of the first and the last detection; {mean:…}: over all of them.
_TRACKLETS = (
    f"SELECT {_FOUND}, e.category, e.category_zh, {_KINDS}, e.appearance, e.motion, "
    "CASE WHEN e.motion IN ('left', 'right', 'up', 'down', 'nearer', 'farther') THEN e.motion END AS direction, "
    "SQRT(({last[1]} + {last[3]} - {first[1]} - {first[3]}) * ({last[1]} + {last[3]} - {first[1]} - {first[3]}) + "
    "({last[2]} + {last[4]} - {first[2]} - {first[4]}) * ({last[2]} + {last[4]} - {first[2]} - {first[4]}) "
    "* v.height * v.height / CAST(v.width AS DOUBLE PRECISION) / v.width) / 2 "
    f"/ NULLIF({_SECONDS.format(tick='({last[0]} - {first[0]})')}, 0) AS speed, "
    "(SELECT AVG(({one[3]} - {one[1]}) * ({one[4]} - {one[2]})) FROM {each}) AS size, "
    "(SELECT AVG({one[1]} + {one[3]}) / 2 FROM {each}) AS x, (SELECT AVG({one[2]} + {one[4]}) / 2 FROM {each}) AS y, "
    f"{_SECONDS.format(tick='{first[0]}')} AS first_seen, {_SECONDS.format(tick='{last[0]}')} AS last_seen, "
    "{length} AS detections, e.audio, e.confidence "
    f"FROM tracklets AS e {_ACTIVE} AND e.concept <> 'background'"
)

_SQLITE_LAST = "JSON_EXTRACT(e.trajectory, '$[' || (JSON_ARRAY_LENGTH(e.trajectory) - 1) || '][{n}]')"
_PARTS = {
    "sqlite": {
        "first": [f"JSON_EXTRACT(e.trajectory, '$[0][{n}]')" for n in range(5)],
        "last": [_SQLITE_LAST.format(n=n) for n in range(5)],
        "one": [f"JSON_EXTRACT(j.value, '$[{n}]')" for n in range(5)],
        "each": "JSON_EACH(e.trajectory) AS j",
        "length": "JSON_ARRAY_LENGTH(e.trajectory)",
    },
    "postgres": {
        "first": [f"CAST((e.trajectory -> 0 ->> {n}) AS DOUBLE PRECISION)" for n in range(5)],
        "last": [f"CAST((e.trajectory -> -1 ->> {n}) AS DOUBLE PRECISION)" for n in range(5)],
        "one": [f"CAST((j.value ->> {n}) AS DOUBLE PRECISION)" for n in range(5)],
        "each": "JSON_ARRAY_ELEMENTS(e.trajectory) AS j(value)",
        "length": "JSON_ARRAY_LENGTH(e.trajectory)",
    },
}


def view(name: str, dialect: str, video_ids: Collection[str] | None) -> exp.Select:
    """The SELECT behind a table of the schema, as a tree of its own.

    Args:
        dialect: ``sqlite`` or ``postgres``.
        video_ids: rows of these videos only; None for all. No id may contain a comma.
    """
    found = _parsed(name, dialect).copy()
    if video_ids is None:
        return found
    return found.where(_among(tuple(sorted(video_ids)), "v" if name == "videos" else "e", dialect), copy=False)


@cache
def _parsed(name: str, dialect: str) -> exp.Select:
    text = _TRACKLETS.format(**_PARTS[dialect]) if name == "tracklets" else _VIEWS[name]
    tree = sqlglot.parse_one(text, read=dialect)
    assert isinstance(tree, exp.Select)
    return tree


def _among(video_ids: tuple[str, ...], alias: str, dialect: str) -> exp.Expr:
    """One text however many ids: thousands of literals would take the parsers longer than the query."""
    column = exp.column("video_id", table=alias)
    text = exp.Literal.string(",".join(video_ids))
    if dialect == "postgres":
        return exp.EQ(
            this=column,
            expression=exp.Any(this=exp.Paren(this=exp.func("STRING_TO_ARRAY", text, exp.Literal.string(",")))),
        )
    listed = exp.Literal.string("[" + ",".join(f'"{one}"' for one in video_ids) + "]")
    ids = sqlglot.parse_one("SELECT value FROM JSON_EACH(x)", read="sqlite")
    ids = ids.transform(lambda node: listed if isinstance(node, exp.Column) and node.name == "x" else node)
    return exp.In(this=column, query=exp.Subquery(this=ids))

"""Whether each video is indexed, and how many are: updated with every change, so that reading needs no counting.

``videos.standing`` follows the rows of ``stage_runs`` and ``locations`` by triggers (migration 0005), and three rows of
``counters`` follow it, in the transaction that makes the change: code that changes rows cannot forget to count. Videos
are indexed by `INDEXED_STAGE` alone, which rests on all other stages.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sqlalchemy import Connection, func, select, text

from stores.sql.among import among
from stores.sql.tables import VideoRow

INDEXED_STAGE = "vectors"
"""The stage whose end makes a video searchable."""

UNCOUNTED, KNOWN, FAILED, INDEXED = range(4)
"""The standings: nowhere to be found and never indexed; known; known, and a stage failed; indexed."""

COUNTERS = ("videos_known", "videos_failed", "videos_indexed")

STANDING = f"""CASE
WHEN EXISTS (SELECT 1 FROM stage_runs r WHERE r.video_id = {{video}} AND r.stage = '{INDEXED_STAGE}' AND r.active)
THEN {INDEXED}
WHEN NOT EXISTS (SELECT 1 FROM locations l WHERE l.video_id = {{video}} AND NOT l.missing) THEN {UNCOUNTED}
WHEN EXISTS (SELECT 1 FROM stage_runs r WHERE r.video_id = {{video}} AND r.status IN ('failed', 'quarantined'))
THEN {FAILED}
ELSE {KNOWN} END"""
"""The standing of ``{video}`` in SQL."""

_COUNTED = {"videos_known": f">= {KNOWN}", "videos_failed": f"= {FAILED}", "videos_indexed": f"= {INDEXED}"}


def counted(connection: Connection) -> dict[str, int]:
    """The counters as they are kept."""
    rows = connection.execute(text("SELECT name, value FROM counters WHERE name LIKE 'videos_%'"))
    found = {name: int(value) for name, value in rows}
    return {name: found.get(name, 0) for name in COUNTERS}


def counted_of(connection: Connection, video_ids: Collection[str]) -> dict[str, int]:
    """As `counted`, of some videos only: one query however many there are."""
    chosen = select(VideoRow.standing, func.count()).where(among(connection.engine, VideoRow.video_id, video_ids))
    counts = {int(standing): int(count) for standing, count in connection.execute(chosen.group_by(VideoRow.standing))}
    return _sums(counts)


def recounted(connection: Connection) -> dict[str, int]:
    """What the counters should be, from the rows that they count."""
    standing = STANDING.format(video="v.video_id")
    stands = f"SELECT {standing} AS standing FROM videos v"
    rows = connection.execute(text(f"SELECT standing, count(*) FROM ({stands}) s GROUP BY standing")).all()
    return _sums({int(standing): int(count) for standing, count in rows})


def _sums(counts: Mapping[int, int]) -> dict[str, int]:
    indexed, failed = counts.get(INDEXED, 0), counts.get(FAILED, 0)
    return {
        "videos_known": counts.get(KNOWN, 0) + failed + indexed,
        "videos_failed": failed,
        "videos_indexed": indexed,
    }


def recount(connection: Connection) -> None:
    """Sets every standing and the counters right."""
    standing = STANDING.format(video="videos.video_id")
    connection.execute(text(f"UPDATE videos SET standing = {standing} WHERE standing <> {standing}"))
    for name, condition in _COUNTED.items():
        count = f"(SELECT count(*) FROM videos WHERE standing {condition})"
        connection.execute(text(f"DELETE FROM counters WHERE name = '{name}'"))
        connection.execute(text(f"INSERT INTO counters (name, value) SELECT '{name}', {count}"))

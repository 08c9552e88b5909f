"""Marks of what is known about videos: another mark, other evidence."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence

from sqlalchemy import Engine, select

from stores.corrections.tables import CorrectionRow
from stores.sql.among import among
from stores.sql.database import reading
from stores.sql.tables import StageRunRow

_TOGETHER = 1_000  # videos in one query


def evidence_marks(engine: Engine, video_ids: Sequence[str]) -> dict[str, str]:
    """The mark of each of some videos, by id; "" of one of which nothing is known.

    It is made of the runs of stages that readers see, and of what people wrote in place of what was recognised.
    """
    found = dict.fromkeys(video_ids, "")
    runs = select(StageRunRow.video_id, StageRunRow.stage, StageRunRow.fingerprint).where(StageRunRow.active)
    written = select(CorrectionRow.video_id, CorrectionRow.correction_id, CorrectionRow.version, CorrectionRow.text)
    written = written.where(CorrectionRow.state == "active")
    with reading(engine) as connection:
        for first in range(0, len(video_ids), _TOGETHER):
            some = video_ids[first : first + _TOGETHER]
            parts: defaultdict[str, list[tuple[str, ...]]] = defaultdict(list)
            for one, stage, mark in connection.execute(runs.where(among(engine, StageRunRow.video_id, some))):
                parts[one].append((stage, mark))
            for one, *row in connection.execute(written.where(among(engine, CorrectionRow.video_id, some))):
                parts[one].append(tuple(map(str, row)))
            found.update((one, _digest(sorted(rows))) for one, rows in parts.items())
    return found


def _digest(rows: Iterable[Iterable[str]]) -> str:
    made = hashlib.blake2b(digest_size=12)
    for row in rows:
        made.update("\0".join(row).encode("utf-8", "surrogatepass") + b"\1")
    return made.hexdigest()

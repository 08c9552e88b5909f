"""Where a person's face is best seen, and who looks like them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import Engine, select

from stores.core.errors import UsageError
from stores.people.people_tables import PersonFaceRow, PersonLookRow
from stores.people.rows import STAGE, batches, rows_of
from stores.sql.database import reading
from stores.sql.tables import FaceTrackRow, StageRunRow, VideoRow

LEAST_LIKENESS = 0.5
"""Cosine of two people's looks from which they are suggested as one. Source: our choice, below what makes faces one by
itself (`stores.people.likeness.LOOK_LIKENESS`, .70): a person looks at both, and only the order matters."""

_SURE = 4.0
"""How much more a face counts that people decided about than one as large that nobody did."""


@dataclass(frozen=True, slots=True)
class Portrait:
    """One face in one picture. ``seconds`` of the picture; ``box``: x0, y0, x1, y1 as fractions of it."""

    video_id: str
    evidence_id: str
    seconds: float
    box: tuple[float, float, float, float]


def portrait(
    engine: Engine, person_id: str, evidence_id: str = "", video_ids: Collection[str] | None = None
) -> Portrait:
    """The largest face of a person's clearest track, or of one track of theirs.

    Args:
        video_ids: only what is seen in these videos; None for all.

    Raises:
        UsageError: NOT_FOUND.
    """
    face, video = PersonFaceRow, VideoRow
    columns = (face.evidence_id, face.video_id, face.box, face.likeness, face.decided)
    size = (video.width, video.height, video.time_base_numerator, video.time_base_denominator)
    chosen = select(*columns, *size).join(video, video.video_id == face.video_id).where(face.person_id == person_id)
    if evidence_id:
        chosen = chosen.where(face.evidence_id == evidence_id)
    with reading(engine) as connection:
        for row in sorted(rows_of(connection, chosen, face.video_id, video_ids), key=_clearness, reverse=True):
            found = _largest(connection, row)
            if found is not None:
                return found
    raise UsageError("NOT_FOUND", "No picture shows that face.", "GET /people lists everybody.")


def alike(engine: Engine, person_id: str, limit: int = 6) -> list[tuple[str, float]]:
    """People who look most like one of them, and how like (cosine of their nearest looks), the likest first.

    Who is seen beside them, at the same time in the same video, is somebody else and left out.
    """
    with reading(engine) as connection:
        looks = connection.execute(
            select(PersonLookRow.person_id, PersonLookRow.collection, PersonLookRow.vector)
        ).all()
        columns = (PersonFaceRow.person_id, PersonFaceRow.video_id, PersonFaceRow.start_tick, PersonFaceRow.end_tick)
        own = connection.execute(select(*columns).where(PersonFaceRow.person_id == person_id)).all()
        beside: set[str] = set()
        spans: dict[str, list[Any]] = defaultdict(list)
        for row in own:
            spans[row.video_id].append(row)
        for some in batches(sorted(spans)):
            for row in connection.execute(select(*columns).where(PersonFaceRow.video_id.in_(some))):
                if any(row.start_tick < one.end_tick and one.start_tick < row.end_tick for one in spans[row.video_id]):
                    beside.add(row.person_id)
    best: dict[str, float] = {}
    for collection in {row.collection for row in looks if row.person_id == person_id}:
        some_looks = [row for row in looks if row.collection == collection]
        vectors = np.stack([np.frombuffer(row.vector, np.float32) for row in some_looks])
        mine = np.array([row.person_id == person_id for row in some_looks])
        nearest = (vectors @ vectors[mine].T).max(axis=1)
        for look, likeness in zip(some_looks, nearest.tolist(), strict=True):
            if look.person_id not in beside and look.person_id != person_id:
                best[look.person_id] = max(best.get(look.person_id, 0.0), likeness)
    ordered = sorted(best.items(), key=lambda one: (-one[1], one[0]))
    return [(one, round(likeness, 4)) for one, likeness in ordered[:limit] if likeness >= LEAST_LIKENESS]


def _clearness(row: Any) -> tuple[float, str]:
    """How clearly a face is seen: by its area in pixels and how surely it is theirs."""
    area = 0.0
    if len(row.box) == 4:
        area = max(0.0, row.box[2] - row.box[0]) * max(0.0, row.box[3] - row.box[1])
    worth = area * (row.width or 1) * (row.height or 1) * max(row.likeness, 0.1)
    return worth * (_SURE if row.decided == "person" else 1.0), row.evidence_id


def _largest(connection: Any, row: Any) -> Portrait | None:
    """The largest face along a track; None if the track is no longer there."""
    track, run = FaceTrackRow, StageRunRow
    same = (run.video_id == track.video_id) & (run.stage == track.stage) & (run.fingerprint == track.fingerprint)
    chosen = select(track.trajectory).join(run, same)
    chosen = chosen.where(track.evidence_id == row.evidence_id, track.stage == STAGE, run.active)
    path = connection.execute(chosen).scalar()
    if not path:
        return None
    tick, *box = max(path, key=lambda one: (one[3] - one[1]) * (one[4] - one[2]))
    seconds = tick * (row.time_base_numerator or 1) / (row.time_base_denominator or 1)
    x0, y0, x1, y1 = (float(value) for value in box)
    return Portrait(row.video_id, row.evidence_id, float(seconds), (x0, y0, x1, y1))

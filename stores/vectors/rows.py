"""What the tables know of vectors: which ones readers may see, and what each stands for."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Engine, Select, bindparam, func, literal_column, select

from stores.core.records import Channel
from stores.sql.among import among_listed, listed
from stores.sql.database import reading
from stores.sql.tables import StageRunRow, VectorRow

_LISTED = 500


@dataclass(frozen=True, slots=True)
class VectorHit:
    """One stored vector. ``start``, ``end`` in ticks; ``similarity``: cosine with the query, NaN without one."""

    vector_id: str
    video_id: str
    channel: Channel
    start: int
    end: int
    clip_id: str
    evidence_id: str
    similarity: float = math.nan

    def at(self, similarity: float) -> VectorHit:
        """With that similarity; as `dataclasses.replace`, ten times as fast."""
        place = (self.vector_id, self.video_id, self.channel, self.start, self.end, self.clip_id, self.evidence_id)
        return VectorHit(*place, similarity)


def place_of(hit: VectorHit) -> tuple[str, int, str]:
    """What hits are sorted by: video and time."""
    return hit.video_id, hit.start, hit.vector_id


def by_video(
    hits: Sequence[VectorHit], vectors: NDArray[np.float32]
) -> dict[str, tuple[list[VectorHit], NDArray[np.float32]]]:
    """n hits and their vectors (n, d) by their video, each in the same order."""
    rows: defaultdict[str, list[int]] = defaultdict(list)
    for row, hit in enumerate(hits):
        rows[hit.video_id].append(row)
    return {video_id: ([hits[row] for row in some], vectors[some]) for video_id, some in rows.items()}


def hit_of(vector_id: str, metadata: Any) -> VectorHit:
    """What a vector stands for, by what the index keeps with it."""
    names = ("video_id", "channel", "start", "end", "clip_id", "evidence_id")
    return VectorHit(vector_id=vector_id, **{name: metadata[name] for name in names})


@dataclass(frozen=True, slots=True)
class VectorNote:
    """A vector that readers may see. ``hit``: what it stands for; None if that is only known to the index, as for what
    older versions committed."""

    vector_id: str
    hit: VectorHit | None


VideoVersion = frozenset[tuple[str, str, float | None, int]]
"""Of each stage run that left vectors: stage, fingerprint, when it was done, how many they are."""


@dataclass(frozen=True, slots=True)
class KeptCollection:
    """A small collection in memory, as it was at a revision."""

    revision: int
    versions: dict[str, VideoVersion]
    hits: list[VectorHit]
    vectors: NDArray[np.float32]


def _shown(*columns: Any) -> Select[Any]:
    same = (StageRunRow.video_id == VectorRow.video_id) & (StageRunRow.stage == VectorRow.stage)
    same &= StageRunRow.fingerprint == VectorRow.fingerprint
    return select(*columns).join(StageRunRow, same).where(StageRunRow.active)


# Built once: that takes longer than running them.
_OF_COLLECTION = VectorRow.collection == bindparam("of_collection")
_COLUMNS = (
    VectorRow.vector_id,
    VectorRow.video_id,
    VectorRow.channel,
    VectorRow.start_tick,
    VectorRow.end_tick,
    VectorRow.clip_id,
    VectorRow.evidence_id,
)
_NOTES = _shown(*_COLUMNS).where(_OF_COLLECTION)
# By the videos' rows and no others: of a large collection SQLite would read all, since it takes a name's for few.
_HERE_ONLY = VectorRow.collection.concat(literal_column("''")) == bindparam("of_collection")
_BY_VIDEO = _shown(*_COLUMNS).where(_HERE_ONLY, VectorRow.video_id.in_(bindparam("video_ids", expanding=True)))
_SOME = _shown(VectorRow.vector_id).where(_OF_COLLECTION).order_by(VectorRow.vector_id).limit(bindparam("most"))
_VIDEOS = _shown(VectorRow.vector_id, VectorRow.video_id).where(_OF_COLLECTION)
_FIRST = select(VectorRow.vector_id).where(_OF_COLLECTION).limit(bindparam("most")).subquery()
_SIZE = select(func.count()).select_from(_FIRST)
_ANY = _shown(VectorRow.vector_id).where(_OF_COLLECTION).limit(1)
_HERE = (VectorRow.video_id, VectorRow.stage, VectorRow.fingerprint)


def _versions(*chosen: Any) -> Select[Any]:
    # Counted before it is joined: once for each run, not for each vector.
    counted = select(*_HERE, func.count().label("vectors")).where(*chosen).group_by(*_HERE).subquery()
    same = (StageRunRow.video_id == counted.c.video_id) & (StageRunRow.stage == counted.c.stage)
    same &= StageRunRow.fingerprint == counted.c.fingerprint
    run = (counted.c.video_id, counted.c.stage, counted.c.fingerprint, StageRunRow.finished_at, counted.c.vectors)
    return select(*run).join(StageRunRow, same).where(StageRunRow.active)


_VERSIONS = _versions(_OF_COLLECTION)
_COUNT = _shown(func.count()).select_from(VectorRow).where(_OF_COLLECTION)


class VectorRows:
    """Reads the table ``vectors_index``; the only one to say which vectors readers may see."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def by_id(self, collection: str, vector_ids: Sequence[str]) -> dict[str, VectorNote]:
        """Those of ``vector_ids`` that readers may see."""
        chosen = _by_id(self._engine.dialect.name)
        values = {"of_collection": collection, "vector_ids": listed(vector_ids)}
        with reading(self._engine) as connection:
            notes = [_note(row) for row in connection.execute(chosen, values).all()]
        return {note.vector_id: note for note in notes}

    def of_videos(self, collection: str, video_ids: Iterable[str]) -> list[VectorNote]:
        """All of some videos."""
        return self._of_videos(collection, sorted(set(video_ids)))

    def of_collection(self, collection: str) -> list[VectorNote]:
        """All of a collection."""
        with reading(self._engine) as connection:
            return [_note(row) for row in connection.execute(_NOTES, {"of_collection": collection}).all()]

    def versions(self, collection: str, video_ids: Sequence[str] | None = None) -> dict[str, VideoVersion]:
        """By video (of some, or of all), what changes whenever its vectors in a collection may have."""
        chosen, values = _VERSIONS, {"of_collection": collection}
        if video_ids is not None:
            chosen, values = _versions_of(self._engine.dialect.name), values | {"video_ids": listed(video_ids)}
        found: dict[str, set[tuple[str, str, float | None, int]]] = {}
        with reading(self._engine) as connection:
            for video_id, *version in connection.execute(chosen, values).all():
                found.setdefault(video_id, set()).add(tuple(version))
        return {video_id: frozenset(versions) for video_id, versions in found.items()}

    def videos_of(self, collection: str, vector_ids: Sequence[str] | None = None) -> dict[str, str]:
        """The videos of those of ``vector_ids`` (None: of all) that readers may see."""
        chosen, values = _VIDEOS, {"of_collection": collection}
        if vector_ids is not None:
            chosen, values = _videos_of(self._engine.dialect.name), values | {"vector_ids": listed(vector_ids)}
        with reading(self._engine) as connection:
            known: dict[str, str] = {}  # one object for all vectors of a video
            return {one: known.setdefault(video, video) for one, video in connection.execute(chosen, values)}

    def exceeds(self, collection: str, most: int) -> bool:
        """Whether a collection has more than ``most`` vectors; the cost does not grow beyond these."""
        with reading(self._engine) as connection:
            found = connection.execute(_SIZE, {"of_collection": collection, "most": most + 1}).scalar_one()
        return int(found) > most

    def some(self, collection: str, most: int) -> list[str]:
        """The ids of ``most`` vectors of a collection, the first by their ids, which are spread over the videos."""
        with reading(self._engine) as connection:
            return list(connection.execute(_SOME, {"of_collection": collection, "most": most}).scalars())

    def has_any(self, collection: str) -> bool:
        """Whether readers may see anything of a collection."""
        with reading(self._engine) as connection:
            return connection.execute(_ANY, {"of_collection": collection}).first() is not None

    def count(self, collection: str) -> int:
        """How many vectors of a collection readers may see."""
        with reading(self._engine) as connection:
            return int(connection.execute(_COUNT, {"of_collection": collection}).scalar_one())

    def _of_videos(self, collection: str, wanted: Sequence[str]) -> list[VectorNote]:
        found: list[VectorNote] = []
        with reading(self._engine) as connection:
            for first in range(0, len(wanted), _LISTED):
                values = {"of_collection": collection, "video_ids": list(wanted[first : first + _LISTED])}
                found += [_note(row) for row in connection.execute(_BY_VIDEO, values).all()]
        return found


@cache
def _by_id(dialect: str) -> Select[Any]:
    return _NOTES.where(among_listed(dialect, VectorRow.vector_id, "vector_ids"))


@cache
def _videos_of(dialect: str) -> Select[Any]:
    return _VIDEOS.where(among_listed(dialect, VectorRow.vector_id, "vector_ids"))


@cache
def _versions_of(dialect: str) -> Select[Any]:
    return _versions(_HERE_ONLY, among_listed(dialect, VectorRow.video_id, "video_ids"))


def _note(row: Any) -> VectorNote:
    vector_id, video_id, channel, start, end, clip_id, evidence_id = row
    hit = None
    if channel is not None:
        hit = VectorHit(vector_id, video_id, channel, start, end, clip_id, evidence_id)
    return VectorNote(vector_id, hit)

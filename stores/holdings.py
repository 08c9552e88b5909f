"""How much there is to search, by vector space, channel and video; only what readers see."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from stores.sql.database import reading
from stores.sql.tables import EVIDENCE, StageRunRow, VectorRow

if TYPE_CHECKING:
    from stores.library_store import LibraryStore


@dataclass(frozen=True, slots=True, order=True)
class LineSource:
    """Which stage, with which fingerprint, the lines of a channel come from."""

    channel: str
    stage: str
    fingerprint: str


def collection_names(store: LibraryStore) -> set[str]:
    """The collections that have vectors. The cost does not grow with the number of vectors."""
    names: list[str] = []
    with reading(store.engine) as connection:
        while True:
            after = VectorRow.collection > (names[-1] if names else "")
            name = connection.execute(select(func.min(VectorRow.collection)).where(after)).scalar()
            if name is None:
                return set(names)
            names.append(str(name))


def vectors_by_video(store: LibraryStore) -> dict[str, dict[str, int]]:
    """How many vectors each video has in each collection; collections and videos that have none are absent."""
    same = (StageRunRow.video_id == VectorRow.video_id) & (StageRunRow.stage == VectorRow.stage)
    counted = select(VectorRow.collection, VectorRow.video_id, func.count()).join(
        StageRunRow, same & (StageRunRow.fingerprint == VectorRow.fingerprint)
    )
    counted = counted.where(StageRunRow.active).group_by(VectorRow.collection, VectorRow.video_id)
    found: dict[str, dict[str, int]] = defaultdict(dict)
    with reading(store.engine) as connection:
        for collection, video_id, count in connection.execute(counted):
            found[collection][video_id] = int(count)
    return dict(found)


def count_videos(store: LibraryStore, collection: str) -> int:
    """How many videos have vectors in one collection."""
    same = (StageRunRow.video_id == VectorRow.video_id) & (StageRunRow.stage == VectorRow.stage)
    counted = select(func.count(VectorRow.video_id.distinct())).where(VectorRow.collection == collection)
    counted = counted.join(StageRunRow, same & (StageRunRow.fingerprint == VectorRow.fingerprint))
    with reading(store.engine) as connection:
        return int(connection.execute(counted.where(StageRunRow.active)).scalar_one())


def lines_by_video(store: LibraryStore) -> dict[LineSource, dict[str, int]]:
    """How many lines each video has, by where they come from; videos that have none are absent."""
    source = (EVIDENCE.c.channel, EVIDENCE.c.stage, EVIDENCE.c.fingerprint)
    counted = select(*source, EVIDENCE.c.video_id, func.count()).group_by(*source, EVIDENCE.c.video_id)
    found: dict[LineSource, dict[str, int]] = defaultdict(dict)
    with reading(store.engine) as connection:
        for channel, stage, fingerprint, video_id, count in connection.execute(counted):
            found[LineSource(channel, stage, fingerprint)][video_id] = int(count)
    return dict(found)

"""Forgetting videos: removes all their results, and the videos themselves from the list."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Connection, delete, select

from stores.access.revision import bump_access
from stores.catalog import bump_revision
from stores.commit import Replaced
from stores.core.errors import UsageError
from stores.core.records import StageKey
from stores.sql.database import writing
from stores.sql.fulltext import forget_lines
from stores.sql.tables import Base, BlobRow, IndexedLineRow, StageRunRow, VectorRow, VideoRow
from stores.threads.removal import remove_video

if TYPE_CHECKING:
    from stores.library_store import LibraryStore


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What was removed."""

    videos: int
    blobs: int
    vectors: int


def forget(store: LibraryStore, video_ids: Iterable[str]) -> Forgotten:
    """Removes videos and everything the library has about them, in conversations and in files of export jobs, too; the
    videos' own files are not touched.

    All or none: one SQL transaction, then checkpoints, blobs and vectors; if it crashes in between, the next sweep
    removes these.

    Raises:
        UsageError: UNKNOWN_VIDEO if one of the ids is unknown; then none is removed.
        StoreError: LIBRARY_LOCKED if there is a job; else as `stores.sql.database.writing`.
    """
    wanted = list(dict.fromkeys(video_ids))
    replaced = Replaced(defaultdict(list), [])
    stopped: list[str] = []
    with store.job(), store.writer():
        with writing(store.engine) as connection:
            for video_id in wanted:
                if not connection.execute(select(VideoRow.video_id).where(VideoRow.video_id == video_id)).first():
                    raise UsageError("UNKNOWN_VIDEO", f"There is no video {video_id}.", "See `kinodex videos`.")
                stopped += remove_video(connection, video_id)
                _forget(connection, video_id, replaced)
            bump_revision(connection)
            bump_access(connection)
        store.checkpoints.remove(*stopped)
        store.discard(replaced)
        for video_id in wanted:
            store.derived.forget(video_id)
        store.exports.forget_videos(wanted)
        store.exports.forget_parts(store.job_ledger.running)
    return Forgotten(len(wanted), len(replaced.blobs), sum(map(len, replaced.vectors.values())))


def _forget(connection: Connection, video_id: str, replaced: Replaced) -> None:
    for row in connection.execute(select(VectorRow.__table__).where(VectorRow.video_id == video_id)):
        replaced.vectors[row.collection].append(row.vector_id)
    for row in connection.execute(select(BlobRow.__table__).where(BlobRow.video_id == video_id)):
        replaced.blobs.append((StageKey(video_id, row.stage, row.fingerprint), row.name))
    stages: set[str] = set()
    owners: tuple[type[StageRunRow] | type[IndexedLineRow], ...] = (StageRunRow, IndexedLineRow)
    for table in owners:
        stages.update(connection.execute(select(table.stage).where(table.video_id == video_id)).scalars())
    for stage in stages:
        forget_lines(connection, video_id, stage)
    for one in reversed(Base.metadata.sorted_tables):
        if "video_id" in one.columns:
            connection.execute(delete(one).where(one.columns["video_id"] == video_id))

"""Removing what crashes and former settings left behind, and nothing else."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from stores.commit import forget_runs, stale_parts
from stores.known_frame_hashes import UNFINISHED
from stores.sql.database import reading
from stores.sql.tables import VideoRow

if TYPE_CHECKING:
    from stores.core.records import StageKey
    from stores.library_store import LibraryStore

_TOGETHER = 10_000  # vectors looked up at a time


@dataclass(frozen=True, slots=True)
class Swept:
    """What `sweep` removed, or would remove.

    Attributes:
        blobs, vectors: those that no finished stage points at.
        staged: staged outputs that no writer will read.
        parts: runs of parts whose whole stage was done after they began.
        bytes: freed: blobs, staged outputs, checkpoints of answers that are over, replaced vector indexes, an
            unfinished index of frame hashes, and what was made for players of videos that are gone.
    """

    blobs: int = 0
    vectors: int = 0
    staged: int = 0
    parts: int = 0
    bytes: int = 0


def sweep(store: LibraryStore, grace_seconds: float = 0.0, dry_run: bool = False) -> Swept:
    """Removes blobs, vectors and staged outputs that no finished stage points at.

    Args:
        grace_seconds: files younger than this stay: a running worker may be about to use them.
        dry_run: count only, remove nothing.

    Raises:
        StoreError: LIBRARY_LOCKED if there is another job.
    """
    before = time.time() - grace_seconds
    with store.job():
        parts = stale_parts(store.engine)
        if parts and not dry_run:
            forget_runs(store.engine, parts)  # their blobs are found below
        kept = {item for item in store.catalog.shown_blobs() if item[0] not in parts}
        blobs = [blob for blob in store.blobs.stored() if (blob.key, blob.name) not in kept and blob.modified <= before]
        staged = [file for file in store.staging_area.files() if file.modified <= before]
        freed = sum(blob.size for blob in blobs) + sum(file.size for file in staged)
        freed += store.vectors.stale_bytes()
        unfinished = store.root / UNFINISHED
        freed += unfinished.stat().st_size if unfinished.is_file() else 0
        checkpoints = store.checkpoints.stale(store.turns.running)
        freed += sum(one.size for one in checkpoints)
        vectors = _sweep_vectors(store, dry_run)
        freed += store.derived.sweep(_video_ids(store), dry_run)
        if not dry_run:
            for blob in blobs:
                store.blobs.delete(blob.key, blob.name)
            for file in staged:
                store.staging_area.remove(file.name)
            store.checkpoints.remove(*(one.turn_id for one in checkpoints))
            store.vectors.remove_stale()
            unfinished.unlink(missing_ok=True)
    return Swept(len(blobs), vectors, len(staged), len(parts), freed)


def forget_superseded(store: LibraryStore, keys: Sequence[StageKey]) -> None:
    """Removes runs that nobody waits for any more: they ended badly or not at all, and their stage is done otherwise.

    Raises:
        StoreError: LIBRARY_LOCKED if another process writes.
    """
    with store.writer():
        store.discard(forget_runs(store.engine, keys))


def _video_ids(store: LibraryStore) -> set[str]:
    with reading(store.engine) as connection:
        return set(connection.execute(select(VideoRow.video_id)).scalars())


def _sweep_vectors(store: LibraryStore, dry_run: bool) -> int:
    count = 0
    for collection, stored in store.vectors.stored():
        hidden: list[str] = []
        for first in range(0, len(stored), _TOGETHER):
            page = stored[first : first + _TOGETHER]
            shown = store.catalog.shown_vectors(collection, page)
            hidden += [vector_id for vector_id in page if vector_id not in shown]
        if hidden and not dry_run:
            store.vectors.delete(collection, hidden)
        count += len(hidden)
    return count

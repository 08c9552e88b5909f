"""Keeping a library intact and tidy. No model is needed."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from kinodex.usecases.failures import FailureFilter
from stores.core.uris import path_of

if TYPE_CHECKING:
    from stores.library_store import LibraryStore
    from stores.maintenance.forget import Forgotten
    from stores.maintenance.rebuild import Rebuilt
    from stores.maintenance.sweeping import Swept
    from stores.maintenance.verification import OnProgress, Verification


def indexed(store: LibraryStore) -> list[str]:
    """Ids of the videos that can be searched."""
    return store.catalog.indexed()


def chosen(store: LibraryStore, videos: Sequence[str]) -> list[str]:
    """Ids of the videos meant by ids, paths or names; of every indexed video if none are given.

    Raises:
        UsageError: UNKNOWN_VIDEO.
    """
    return [store.catalog.resolve(video) for video in videos] or indexed(store)


def rebuild_index(store: LibraryStore, on_progress: Callable[[int, int], None] | None = None) -> Rebuilt:
    """Rebuild the vector index and the full-text index from tables and blobs.

    Args:
        on_progress: called with (done, total) videos.
    """
    from stores.maintenance.rebuild import rebuild_index as rebuild

    return rebuild(store, on_progress)


def verify(
    store: LibraryStore,
    media: bool = False,
    quick: bool = False,
    repair: bool = False,
    on_progress: OnProgress | None = None,
) -> Verification:
    """Check tables, blobs and vectors against each other.

    Args:
        media: read every video file, too, and compare it with what it was.
        quick: only check that blobs and vectors exist; do not read them.
        repair: have the next ingest redo what is damaged; without it nothing is changed.
        on_progress: called with (what is being checked, done, total).
    """
    from stores.maintenance.verify import verify as check

    return check(store, deep=not quick, media=media, repair=repair, on_progress=on_progress)


def sweep(store: LibraryStore, dry_run: bool = False) -> Swept:
    """Remove what crashes left behind; with ``dry_run`` only count it."""
    from stores.maintenance import sweeping

    return sweeping.sweep(store, dry_run=dry_run)


def forgettable(store: LibraryStore, videos: Sequence[str] | None) -> tuple[list[str], list[str]]:
    """Ids of videos, and uris of inputs that never became one.

    Args:
        videos: ids, paths or names; None for all whose files are missing.

    Raises:
        UsageError: UNKNOWN_VIDEO.
    """
    if videos:
        wanted = FailureFilter.of(store, videos)
        return sorted(wanted.video_ids or ()), sorted(wanted.inputs or ())
    gone = [error.uri for error in store.catalog.input_errors() if not os.path.lexists(path_of(error.uri))]
    return [entry.video_id for entry in store.catalog.missing()], gone


def forget(store: LibraryStore, video_ids: Sequence[str], inputs: Sequence[str] = ()) -> Forgotten:
    """Remove videos with everything that was learned from them; the files themselves are not touched.

    Args:
        inputs: uris of inputs that could not be read, to be removed from the list of errors.
    """
    from stores.maintenance.forget import forget as remove

    with store.job():
        store.catalog.forget_input_errors(inputs)
        return remove(store, video_ids)

"""Into which collection the videos of an ingest come, so that those who ordered it see them."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING

from kinodex.jobs.permission import orderer
from stores.core.errors import UsageError
from workflows.telemetry.progress import Event, StageStarted, VideoFinished

if TYPE_CHECKING:
    from stores.core.principal import Principal
    from stores.jobs.records import Job
    from stores.library_store import LibraryStore


class Placement:
    """A progress callback that puts the videos of a job into a collection as soon as work on them begins. Thread-safe.

    New videos, and those that the one who ordered the job may change. What was in the library before, and is hidden
    from that one, stays so: that its file could be named proves nothing.

    Args:
        collection_id: "" for none.

    Raises:
        UsageError: NOT_FOUND; FORBIDDEN if the one who ordered it may not change it, or no longer.
    """

    def __init__(self, store: LibraryStore, job: Job, collection_id: str) -> None:
        self._store, self._job, self._collection_id = store, job, collection_id
        self._lock = threading.Lock()
        self._placed: set[str] = set()
        self._check(self._who())

    def __call__(self, event: Event) -> None:
        """Note one event of a workflow."""
        if isinstance(event, StageStarted | VideoFinished):
            with suppress(UsageError):  # it was removed meanwhile: `close` says so
                self._place(event.video_id)

    def close(self, video_ids: Iterable[str]) -> None:
        """Place also those on which there was nothing to do.

        Raises:
            UsageError: as the constructor.
        """
        self._check(self._who())
        for one in video_ids:
            self._place(one)

    def _place(self, video_id: str) -> None:
        if not self._collection_id or not video_id:
            return
        with self._lock:
            if video_id not in self._placed:
                self._put(video_id)
                self._placed.add(video_id)

    def _put(self, video_id: str) -> None:
        who, access = self._who(), self._store.access
        self._check(who)
        changeable = access.editable(who.user_id, who.key_id)
        if changeable is None or video_id in changeable.known:
            access.collections.put_videos(self._collection_id, [video_id])
        else:
            access.collections.put_new(self._collection_id, video_id, self._job.created_at)

    def _who(self) -> Principal:
        return orderer(self._store, self._job)

    def _check(self, who: Principal) -> None:
        if not self._collection_id:
            return
        self._store.access.collections.named(self._collection_id)
        edited = self._store.access.collections_of(who.user_id, who.key_id, edited=True)
        if edited is not None and self._collection_id not in edited:
            message = f"{who.name} does not edit that collection."
            raise UsageError("FORBIDDEN", message, "Ask for the role of an editor in it.")

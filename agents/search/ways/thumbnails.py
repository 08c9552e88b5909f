"""Pictures of clips that were found."""

from __future__ import annotations

from collections.abc import Collection

from stores.core.records import Clip, StageKey
from stores.library_store import LibraryStore


class Thumbnails:
    """Where the pictures of clips are, of some videos."""

    def __init__(self, store: LibraryStore, video_ids: Collection[str]) -> None:
        self._store = store
        self._runs = store.catalog.active_of(sorted(video_ids), ["thumbnails"])

    def of(self, video_id: str, clip: Clip | None) -> str:
        """The uri of the picture of a clip, "" if there is none."""
        fingerprint = self._runs.get((video_id, "thumbnails"))
        if clip is None or not clip.thumbnail or not fingerprint:
            return ""
        return self._store.blobs.uri(StageKey(video_id, "thumbnails", fingerprint), clip.thumbnail)

"""Where the files of videos are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from stores.core.uris import has_file

if TYPE_CHECKING:
    from stores.library_store import LibraryStore


def places_of(store: LibraryStore, video_ids: Iterable[str]) -> dict[str, str]:
    """Where the files of these videos are, by id: the first place with a file now, else the last known one."""
    found = store.catalog.places_of(video_ids)
    return {video_id: _playable(uris) for video_id, uris in found.items()}


def _playable(uris: Sequence[str]) -> str:
    return next((uri for uri in uris if has_file(uri)), uris[0] if uris else "")

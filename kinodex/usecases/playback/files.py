"""The file of a video, as it was when it was ingested."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from stores.core.errors import MediaError, UsageError
from stores.core.ids import sha256_of
from stores.core.uris import path_of

if TYPE_CHECKING:
    from stores.core.records import Video
    from stores.library_store import LibraryStore

_Seen = tuple[str, int, int]

# What files that were touched or copied contain, by path, size and time: each is read once.
_HASHED: dict[_Seen, str] = {}
_MOST_HASHED = 100_000
# One at a time: a large file takes minutes. Others are told to come back, since a thread that waits answers nobody.
_HASHING = threading.Lock()
_PATIENCE = 1.0  # seconds
_INGEST = "Ingest it again, so that what is known is about the file as it is."


def file_of(store: LibraryStore, video_id: str) -> Path:
    """The path of `checked`."""
    return checked(store, video_id)[0]


def checked(store: LibraryStore, video_id: str) -> tuple[Path, os.stat_result]:
    """The first file of a video that is there and has not changed since it was ingested.

    It has not if its size and time are what they were; one with another time is read once and compared by its hash.

    Raises:
        MediaError: FILE_MISSING if none is there, FILE_UNREADABLE if none can be reached.
        UsageError: CONFLICT if what is there has changed; TOO_MANY_REQUESTS while touched files are being compared.
    """
    changed, unreadable, last = "", "", ""
    for uri in store.catalog.places_of([video_id]).get(video_id, ()):
        path = path_of(uri)
        last = path.name
        try:
            about = path.stat()
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError:
            unreadable = path.name
            continue
        try:
            if _is_same(store, video_id, path, about):
                return path, about
        except OSError:
            unreadable = path.name
            continue
        changed = path.name
    if changed:
        raise UsageError("CONFLICT", f"{_shown(changed)} has changed since it was ingested.", _INGEST)
    if unreadable:
        raise MediaError("FILE_UNREADABLE", f"{_shown(unreadable)} cannot be reached.", "Check the folder's rights.")
    what = f"The file {_shown(last)} of this video" if last else "The file of this video"
    raise MediaError("FILE_MISSING", f"{what} is no longer there.", "Bring it back, or ingest it where it is now.")


def _is_same(store: LibraryStore, video_id: str, path: Path, about: os.stat_result) -> bool:
    if store.catalog.known(path, about.st_size, about.st_mtime_ns, note=False) == video_id:
        return True
    video = store.catalog.video(video_id)
    if video is not None and video.size != about.st_size:
        return False
    return _hash_of(path, about) == store.catalog.sha256(video_id)


def _hash_of(path: Path, about: os.stat_result) -> str:
    key = (str(path), about.st_size, about.st_mtime_ns)
    found = _HASHED.get(key)
    if found is not None:
        return found
    if not _HASHING.acquire(timeout=_PATIENCE):
        message = f"{_shown(path.name)} was touched since it was ingested, and is being compared."
        raise UsageError("TOO_MANY_REQUESTS", message, "Try again in a moment.")
    try:
        if key not in _HASHED:
            if len(_HASHED) >= _MOST_HASHED:
                _HASHED.clear()
            _HASHED[key] = sha256_of(path)
        return _HASHED[key]
    finally:
        _HASHING.release()


def probed(store: LibraryStore, video_id: str) -> Video:
    """A video whose header is known.

    Raises:
        MediaError: what was wrong with its file when it was ingested.
        UsageError: CONFLICT if it waits to be looked at; UNKNOWN_VIDEO.
    """
    video = store.catalog.video(video_id)
    if video is not None and video.width:
        return video
    entry = store.catalog.entry(video_id)
    if entry.error_code:
        raise MediaError(entry.error_code, entry.error_message)
    raise UsageError("CONFLICT", "This video has not been looked at yet.", "Wait until its ingest has begun.")


def _shown(name: str) -> str:
    return repr(name.encode("utf-8", "surrogateescape").decode("utf-8", "replace"))

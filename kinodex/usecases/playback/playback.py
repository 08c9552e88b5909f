"""`Playback`: what players need of the videos of one library."""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kinodex.usecases.playback.faces import FacePictures
from kinodex.usecases.playback.files import checked, file_of, probed
from kinodex.usecases.playback.pictures import Pictures
from kinodex.usecases.playback.proxies import Proxies
from stores.core.errors import MediaError, UsageError

if TYPE_CHECKING:
    from kinodex.settings import ServerSettings
    from pipeline.playback.facts import MediaFacts
    from pipeline.playback.playable import Playable
    from pipeline.playback.player import FrameTimes
    from stores.library_store import LibraryStore

MOST_SECONDS = 600.0
"""Of a video whose frames are listed at once. Ours: 36,000 frames at most rates."""

FRAME_VERSION = 1
"""Raised when frames are made differently."""

WIDEST = 3840
"""Pixels of a single frame."""

_PLAYERS = 2  # child processes that read files for requests; conversions have their own
_WAITING = 24  # a page of answers asks for as many frames at once; a server has 40 threads
_FACTS_KEPT = 4096
_BYTES = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Served:
    """A file to be sent.

    Attributes:
        etag: changes when the content does.
        about: size and time of the file that was checked.
    """

    path: Path
    mime: str
    etag: str
    about: os.stat_result


class Playback:
    """Safe to use from several threads; children are started when they are needed.

    Attributes:
        store: of the library.
        settings: limits.
        proxies: copies that browsers play.
        pictures: pictures and sounds in sum.
        faces: pictures of faces.
    """

    def __init__(self, store: LibraryStore, settings: ServerSettings) -> None:
        from pipeline.playback.pool import PlayerPool

        self.store = store
        self.settings = settings
        self.players = PlayerPool(_PLAYERS, _WAITING)
        self.proxies = Proxies(store, settings)
        self.pictures = Pictures(store, settings)
        self.faces = FacePictures(store, self.players)
        self._facts: dict[str, MediaFacts] = {}

    def close(self) -> None:
        """End all child processes."""
        self.faces.close()
        self.proxies.close()
        self.pictures.close()
        self.players.close()

    def playable(self, video_id: str) -> Playable:
        """Whether browsers play the file of a video as it is.

        Raises:
            MediaError: FILE_MISSING and whatever is wrong with the file.
            UsageError: CONFLICT if it has changed.
        """
        from pipeline.playback.playable import playable

        probed(self.store, video_id)
        return playable(self.facts(video_id))

    def facts(self, video_id: str) -> MediaFacts:
        """What decides whether browsers play the file; read once."""
        found = self._facts.get(video_id)  # by content: it never changes
        if found is None:
            path = file_of(self.store, video_id)
            with self.players.acquire() as player:
                found = player.facts(path)
            if len(self._facts) >= _FACTS_KEPT:
                with suppress(KeyError, StopIteration, RuntimeError):
                    del self._facts[next(iter(self._facts))]
            self._facts[video_id] = found
        return found

    def original(self, video_id: str) -> Served:
        """The file itself, whether or not browsers play it.

        Raises:
            MediaError, UsageError: as `playable`.
        """
        path, about = checked(self.store, video_id)
        mime = _BYTES
        try:
            found = self.playable(video_id)
            mime = found.mime if found.how == "file" else _BYTES
        except MediaError:
            pass  # bytes can be sent of what cannot be read
        except UsageError as error:
            # A player that is told the wrong type does not play it, not even later.
            if error.code.name == "TOO_MANY_REQUESTS":
                raise
        return Served(path, mime, self.store.catalog.sha256(video_id), about)

    def proxy(self, video_id: str) -> Served:
        """The proxy of a video.

        Raises:
            UsageError: NOT_FOUND while there is none.
        """
        path = self.proxies.find(video_id)
        with suppress(FileNotFoundError):
            if path is not None:
                about = path.stat()
                etag = f"{self.store.catalog.sha256(video_id)[:32]}-{about.st_mtime_ns:x}"
                return Served(path, "video/mp4", etag, about)
        raise UsageError("NOT_FOUND", "There is no proxy of this video.", "Have it made: POST …/proxy.")

    def frame_times(self, video_id: str, start: float, end: float) -> FrameTimes:
        """Exact times of the frames shown from ``start`` until before ``end``, in seconds.

        Raises:
            MediaError: whatever is wrong with the file.
            UsageError: TOO_LARGE if these are more than `MOST_SECONDS`; CONFLICT.
        """
        if end - start > MOST_SECONDS:
            hint = f"Ask for at most {MOST_SECONDS:.0f} s at a time."
            raise UsageError("TOO_LARGE", f"Frames of {end - start:.0f} s are too many at once.", hint)
        video, path = probed(self.store, video_id), file_of(self.store, video_id)
        with self.players.acquire() as player:
            return player.frame_times(path, video, start, end)

    def frame(self, video_id: str, t: float, width: int) -> bytes:
        """The frame that is shown at ``t`` seconds: a JPEG, at most ``width`` pixels across.

        Raises:
            MediaError: whatever is wrong with the file.
            UsageError: CONFLICT if it has changed.
        """
        video, path = probed(self.store, video_id), file_of(self.store, video_id)
        with self.players.acquire() as player:
            return player.frame_jpeg(path, video, t, width)

    def frame_tag(self, video_id: str, t: float, width: int) -> str:
        """What stands for that frame: it is another one only if the content of the file is."""
        parts = (self.store.catalog.sha256(video_id), FRAME_VERSION, t, width)
        return hashlib.sha256(repr(parts).encode()).hexdigest()[:32]

    def thumbnail(self, video_id: str, name: str) -> bytes:
        """A stored thumbnail (JPEG).

        Raises:
            UsageError: NOT_FOUND.
        """
        try:
            return self.store.memory(video_id).blob("thumbnails", name)
        except KeyError:
            raise UsageError("NOT_FOUND", f"This video has no thumbnail {name!r}.") from None

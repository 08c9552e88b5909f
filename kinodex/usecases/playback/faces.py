"""Pictures of faces, cut out of frames. They are kept in memory only, and only of people who are there: those of
somebody who is forgotten go at once, or some seconds after another process forgot them."""

from __future__ import annotations

import threading
from collections import OrderedDict
from contextlib import suppress
from typing import TYPE_CHECKING

from kinodex.usecases.playback.files import file_of, probed
from stores.core.errors import KinodexError

if TYPE_CHECKING:
    from pipeline.playback.pool import PlayerPool
    from stores.library_store import LibraryStore
    from stores.people.portraits import Portrait

SIDE = 256
"""Pixels of a picture at most; none is enlarged."""

_WIDEST = 1920  # of the frame that it is cut from
_KEPT = 1_000  # pictures, of some 10 KB each


_SECONDS = 5.0
"""Between two looks whether another process forgot somebody. Source: our choice: one small query, while pictures are
kept."""


class FacePictures:
    """Those of one library. Safe to use from several threads."""

    def __init__(self, store: LibraryStore, players: PlayerPool) -> None:
        self._store = store
        self._players = players
        self._kept: OrderedDict[Portrait, bytes] = OrderedDict()
        self._lock = threading.Lock()
        self._looked_at: int | None = None
        self._closed = threading.Event()
        self._watching: threading.Thread | None = None

    def __len__(self) -> int:
        """How many are kept."""
        with self._lock:
            return len(self._kept)

    def picture(self, face: Portrait) -> bytes:
        """A square around a face (JPEG).

        Raises:
            MediaError: whatever is wrong with the file.
            UsageError: CONFLICT if it has changed; TOO_MANY_REQUESTS.
        """
        with self._lock:
            found = self._kept.get(face)
            if found is not None:
                self._kept.move_to_end(face)
                return found
        made = self._cut(face)
        with self._lock:
            self._kept[face] = made
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
            self._looked_at = None  # they may have been forgotten while it was cut
            if self._watching is None and not self._closed.is_set():
                self._watching = threading.Thread(target=self._watch, name="faces", daemon=True)
                self._watching.start()
        return made

    def drop_forgotten(self) -> None:
        """Drop the pictures of faces that are nobody's any more.

        Raises:
            StoreError: as `stores.sql.database.reading`.
        """
        now = self._store.catalog.revision()
        with self._lock:
            if now == self._looked_at:
                return
            self._looked_at = now
            kept = list(self._kept)
        there = self._store.people.with_face(face.evidence_id for face in kept)
        with self._lock:
            for face in kept:
                if face.evidence_id not in there:
                    self._kept.pop(face, None)

    def close(self) -> None:
        """Keep none any more."""
        self._closed.set()
        with self._lock:
            self._kept.clear()
            watching = self._watching
        if watching is not None:
            watching.join()

    def _watch(self) -> None:
        while not self._closed.wait(_SECONDS):
            with suppress(KinodexError):  # what cannot be asked now is asked again
                self.drop_forgotten()
            with self._lock:
                if not self._kept:
                    self._watching = None
                    return

    def _cut(self, face: Portrait) -> bytes:
        from pipeline.playback.player import jpeg
        from pipeline.stills import square_around

        video, path = probed(self._store, face.video_id), file_of(self._store, face.video_id)
        with self._players.acquire() as player:
            _, frame = player.frame(path, video, face.seconds, _WIDEST)
        return jpeg(square_around(frame, face.box, SIDE))

"""Pictures of faces, cut out of frames. They are kept in memory only: what is forgotten leaves no file behind."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING

from kinodex.usecases.playback.files import file_of, probed

if TYPE_CHECKING:
    from pipeline.playback.pool import PlayerPool
    from stores.library_store import LibraryStore
    from stores.people.portraits import Portrait

SIDE = 256
"""Pixels of a picture at most; none is enlarged."""

_WIDEST = 1920  # of the frame that it is cut from
_KEPT = 1_000  # pictures, of some 10 KB each


class FacePictures:
    """Those of one library. Safe to use from several threads."""

    def __init__(self, store: LibraryStore, players: PlayerPool) -> None:
        self._store = store
        self._players = players
        self._kept: OrderedDict[Portrait, bytes] = OrderedDict()
        self._lock = threading.Lock()

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
        return made

    def _cut(self, face: Portrait) -> bytes:
        from pipeline.playback.player import jpeg
        from pipeline.stills import square_around

        video, path = probed(self._store, face.video_id), file_of(self._store, face.video_id)
        with self._players.acquire() as player:
            _, frame = player.frame(path, video, face.seconds, _WIDEST)
        return jpeg(square_around(frame, face.box, SIDE))

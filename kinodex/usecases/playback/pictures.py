"""Pictures for hovering and the shape of the sound: made once, and kept while there is room."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from kinodex.usecases.playback.files import file_of, probed
from stores.core.errors import UsageError
from stores.files.blobs import write_whole

if TYPE_CHECKING:
    from kinodex.settings import ServerSettings
    from pipeline.playback.sprites import SpriteLayout
    from stores.core.records import Video
    from stores.library_store import LibraryStore

SHEETS_NAME = "sprites-1"
PEAKS_NAME = "peaks-1.npy"

_WAITING = 6  # threads that make something or wait for it
_GIGABYTE = 1_000_000_000
# Where nothing was stored at ingest, so many frames are looked up.
_LOOKED_UP = 60
_EVERY_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Sprites:
    """The tiles of a video.

    Attributes:
        times: seconds of each tile.
        names: of the stored thumbnails that they are made from; empty if frames are looked up.
    """

    layout: SpriteLayout
    times: tuple[float, ...]
    names: tuple[str, ...]


class Pictures:
    """Those of the videos of one library. Safe to use from several threads."""

    def __init__(self, store: LibraryStore, settings: ServerSettings) -> None:
        from pipeline.playback.pool import PlayerPool

        self._store = store
        self._limit = round(settings.playback_cache * _GIGABYTE)
        # Of its own: a whole video is read, and single frames must not wait for that.
        self._players = PlayerPool(1, _WAITING)
        self._making = threading.BoundedSemaphore(_WAITING)

    def close(self) -> None:
        """End the child process."""
        self._players.close()

    def sprites(self, video_id: str) -> Sprites:
        """Which tiles a video has; none is made yet.

        Raises:
            MediaError: what was wrong with the file at its ingest.
            UsageError: CONFLICT if it was not looked at yet.
        """
        from pipeline.playback.sprites import layout

        video = probed(self._store, video_id)
        names = self._store.memory(video_id).blob_names("thumbnails")
        if names:
            times = tuple(float(int(name.partition(".")[0]) * video.time_base) for name in names)
        else:
            count = max(1, min(_LOOKED_UP, round(video.seconds / _EVERY_SECONDS)))
            times = tuple(video.seconds * place / count for place in range(count))
        laid = layout(len(times), video.width, video.height)
        chosen = laid.chosen
        return Sprites(laid, tuple(times[at] for at in chosen), tuple(names[at] for at in chosen) if names else ())

    def sheet(self, video_id: str, number: int) -> bytes:
        """One sheet of tiles (JPEG), made if it was not.

        Raises:
            UsageError: NOT_FOUND if there is no such sheet; CONFLICT.
            MediaError: whatever is wrong with the file, if frames must be read from it.
        """
        from pipeline.playback.sprites import PER_SHEET

        found = self.sprites(video_id)
        if not 0 <= number < found.layout.sheets:
            raise UsageError("NOT_FOUND", f"This video has no sheet of pictures {number}.")
        some = slice(number * PER_SHEET, (number + 1) * PER_SHEET)
        # Thumbnails are made again when their settings change; their number then differs.
        kind = f"{len(found.names)}" if found.names else "frames"

        def write(out: Path) -> None:
            from pipeline.playback.sprites import sheet

            if found.names:
                pictures = self._thumbnails(video_id, found.names[some])
            else:
                pictures = self._frames(video_id, found.times[some], found.layout.width)
            write_whole(out, sheet(pictures, found.layout.width, found.layout.height))

        name = f"{SHEETS_NAME}-{kind}-{number}.jpg"
        return self._made(video_id, name, write)

    def peaks(self, video_id: str, buckets: int) -> tuple[float, NDArray[np.float32]]:
        """Seconds of the video; (n, 2) float32 in [-1, 1]: lowest and highest value of its sound, (0, 2) without any.

        Raises:
            MediaError: whatever is wrong with the file.
            UsageError: CONFLICT if it has changed.
        """
        from pipeline.playback.peaks import bucketed

        video = probed(self._store, video_id)
        if not video.audio_codec:
            return video.seconds, np.empty((0, 2), np.float32)

        def write(out: Path) -> None:
            self._write_peaks(video_id, video, out)

        found = np.load(io.BytesIO(self._made(video_id, PEAKS_NAME, write)), allow_pickle=False)
        return video.seconds, bucketed(found, buckets)

    def _made(self, video_id: str, name: str, write: Callable[[Path], None]) -> bytes:
        """The bytes of a file of the cache; few threads make one, or wait for one, at the same time.

        Raises:
            UsageError: TOO_MANY_REQUESTS.
        """
        found = self._store.derived.find(video_id, name)
        with suppress(FileNotFoundError):  # it had to make room just now
            if found is not None:
                return found.read_bytes()
        if not self._making.acquire(blocking=False):
            raise UsageError("TOO_MANY_REQUESTS", "Too many videos are being read.", "Try again in a moment.")
        try:
            return self._store.derived.make(video_id, name, write, self._limit).read_bytes()
        finally:
            self._making.release()

    def _write_peaks(self, video_id: str, video: Video, out: Path) -> None:
        from pipeline.playback.peaks import peaks

        path = file_of(self._store, video_id)
        with self._players.acquire() as player:
            found = peaks(player.sound(path, video), video.seconds)
        with out.open("wb") as file:
            np.save(file, found, allow_pickle=False)

    def _thumbnails(self, video_id: str, names: tuple[str, ...]) -> list[NDArray[np.uint8] | None]:
        from pipeline.stills import picture_of

        memory = self._store.memory(video_id)
        found: list[NDArray[np.uint8] | None] = []
        for name in names:
            try:
                found.append(picture_of(memory.blob("thumbnails", name)))
            except KeyError:
                found.append(None)
        return found

    def _frames(self, video_id: str, times: tuple[float, ...], width: int) -> list[NDArray[np.uint8] | None]:
        video, path = probed(self._store, video_id), file_of(self._store, video_id)
        with self._players.acquire() as player:
            return [player.frame(path, video, t, width)[1] for t in times]

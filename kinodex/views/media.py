"""Files, proxies, frames and pictures of the videos that a principal sees."""

from __future__ import annotations

import math
import threading
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from kinodex.schemas.base import Fault
from kinodex.schemas.media import FramesDocument, PlaybackDocument
from kinodex.usecases.playback.playback import WIDEST, Playback, Served
from kinodex.views.library_view import LibraryView
from stores.core.errors import MediaError, UsageError

__all__ = ["WIDEST", "Served", "file", "frame", "frames", "how_played", "thumbnail"]

if TYPE_CHECKING:
    from kinodex.library import Library

_OPENED: WeakKeyDictionary[Library, Playback] = WeakKeyDictionary()
_OPENING = threading.Lock()
_API = "/api/v1/videos"


def how_played(view: LibraryView, video_id: str) -> PlaybackDocument:
    """How a video is played; what is wrong with its file is told and not raised.

    Raises:
        UsageError: UNKNOWN_VIDEO.
    """
    playback, video_id = _opened(view, video_id)
    try:
        found = playback.playable(video_id)
    except (MediaError, UsageError) as error:
        fault = Fault(code=error.code.name, message=error.message)
        return PlaybackDocument(url=None, how="none", reason=error.message, mime="", fault=fault)
    if found.how == "file":
        return PlaybackDocument(url=f"{_API}/{video_id}/media", how="file", reason="", mime=found.mime)
    return PlaybackDocument(url=None, how="proxy", reason=found.reason, mime=found.mime)


def file(view: LibraryView, video_id: str) -> Served:
    """The file of a video, as it was ingested.

    Raises:
        MediaError: FILE_MISSING, FILE_UNREADABLE.
        UsageError: UNKNOWN_VIDEO; CONFLICT if it has changed since.
    """
    playback, video_id = _opened(view, video_id)
    return playback.original(video_id)


def frames(view: LibraryView, video_id: str, start: float, end: float) -> FramesDocument:
    """Exact times of the frames that are shown from ``start`` until before ``end``.

    Raises:
        MediaError: whatever is wrong with the file.
        UsageError: UNKNOWN_VIDEO; USAGE; TOO_LARGE; CONFLICT.
    """
    playback, video_id = _opened(view, video_id)
    if not (math.isfinite(start) and math.isfinite(end) and 0 <= start <= end):
        raise UsageError("USAGE", "Frames are listed from a start in seconds, 0 or more, to an end that follows it.")
    found = playback.frame_times(video_id, start, end)
    starts = [float(start) for start in found.starts]
    return FramesDocument(times=list(found.middles), starts=starts, end=float(found.end), exact=True)


def frame(view: LibraryView, video_id: str, t: float, width: int) -> bytes:
    """The frame that is shown at ``t`` seconds, as a JPEG.

    Raises:
        MediaError: whatever is wrong with the file.
        UsageError: UNKNOWN_VIDEO; USAGE; CONFLICT.
    """
    playback, video_id = _opened(view, video_id)
    if not (math.isfinite(t) and t >= 0 and 1 <= width <= WIDEST):
        raise UsageError("USAGE", f"A frame is asked by its seconds, 0 or more, and a width from 1 to {WIDEST}.")
    return playback.frame(video_id, t, width)


def thumbnail(view: LibraryView, video_id: str, name: str) -> bytes:
    """A stored thumbnail (JPEG).

    Raises:
        UsageError: UNKNOWN_VIDEO; NOT_FOUND.
    """
    playback, video_id = _opened(view, video_id)
    return playback.thumbnail(video_id, name)


def playback_of(library: Library) -> Playback:
    """What plays the videos of a library; closed with it."""
    with _OPENING:
        found = _OPENED.get(library)
        if found is None:
            found = _OPENED[library] = Playback(library.store, library.settings.server)
            library.closing.callback(found.close)
        return found


def _opened(view: LibraryView, video_id: str) -> tuple[Playback, str]:
    view.require("read")
    return playback_of(view.library), view.video(video_id)

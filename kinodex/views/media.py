"""Files, proxies, frames and pictures of the videos that a principal sees."""

from __future__ import annotations

import math
import threading
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from kinodex.schemas.api.media import FramesDocument, PeaksDocument, PlaybackDocument, ProxyDocument, SpritesDocument
from kinodex.schemas.base import Fault
from kinodex.usecases.playback.files import file_of
from kinodex.usecases.playback.playback import WIDEST, Playback, Served
from kinodex.usecases.playback.proxies import ProxyState
from kinodex.usecases.playback.tracks import webvtt
from kinodex.views import urls
from kinodex.views.library_view import LibraryView
from kinodex.views.names import without_paths
from pipeline.playback.sprites import COLUMNS, PER_SHEET
from stores.core.errors import MediaError, UsageError

__all__ = [
    "WIDEST",
    "Served",
    "cancel_proxy",
    "captions",
    "file",
    "frame",
    "frame_tag",
    "frames",
    "how_played",
    "make_proxy",
    "peaks",
    "proxy",
    "proxy_file",
    "sprite_sheet",
    "sprites",
    "thumbnail",
]

if TYPE_CHECKING:
    from kinodex.library import Library

_OPENED: WeakKeyDictionary[Library, Playback] = WeakKeyDictionary()
_OPENING = threading.Lock()


def how_played(view: LibraryView, video_id: str) -> PlaybackDocument:
    """How a video is played; what is wrong with its file is told and not raised.

    Raises:
        UsageError: UNKNOWN_VIDEO.
    """
    playback, video_id = _opened(view, video_id)
    if playback.proxies.find(video_id) is not None:
        url = f"{urls.video(video_id)}/proxy/media"
        return PlaybackDocument(url=url, how="proxy", reason="", mime="video/mp4")
    try:
        file_of(view.store, video_id)
        found = playback.playable(video_id)
    except (MediaError, UsageError) as error:
        fault = Fault(code=error.code.name, message=without_paths(error.message))
        return PlaybackDocument(url=None, how="none", reason=fault.message, mime="", fault=fault)
    if found.how == "file":
        return PlaybackDocument(url=f"{urls.video(video_id)}/media", how="file", reason="", mime=found.mime)
    reason = found.reason_zh if view.language == "zh" else found.reason
    return PlaybackDocument(url=None, how="proxy", reason=reason, mime=found.mime)


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


def frame_tag(view: LibraryView, video_id: str, t: float, width: int) -> str:
    """What stands for a frame, so that one that a client has is not made again.

    Raises:
        UsageError: UNKNOWN_VIDEO.
    """
    playback, video_id = _opened(view, video_id)
    return playback.frame_tag(video_id, t, width)


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


def proxy(view: LibraryView, video_id: str) -> ProxyDocument:
    """How far the proxy of a video is.

    Raises:
        UsageError: UNKNOWN_VIDEO.
    """
    playback, video_id = _opened(view, video_id)
    return _proxy(video_id, playback.proxies.state(video_id))


def make_proxy(view: LibraryView, video_id: str) -> ProxyDocument:
    """Have a proxy made, unless it is there or being made.

    Raises:
        MediaError: FILE_MISSING, or what was wrong with the file at its ingest.
        UsageError: UNKNOWN_VIDEO; CONFLICT; TOO_MANY_REQUESTS.
    """
    playback, video_id = _opened(view, video_id)
    return _proxy(video_id, playback.proxies.make(video_id))


def cancel_proxy(view: LibraryView, video_id: str) -> ProxyDocument:
    """No longer make a proxy.

    Raises:
        UsageError: UNKNOWN_VIDEO.
    """
    playback, video_id = _opened(view, video_id)
    return _proxy(video_id, playback.proxies.cancel(video_id))


def proxy_file(view: LibraryView, video_id: str) -> Served:
    """The proxy of a video.

    Raises:
        UsageError: UNKNOWN_VIDEO; NOT_FOUND.
    """
    playback, video_id = _opened(view, video_id)
    return playback.proxy(video_id)


def sprites(view: LibraryView, video_id: str) -> SpritesDocument:
    """The small pictures of a video.

    Raises:
        MediaError: what was wrong with the file at its ingest.
        UsageError: UNKNOWN_VIDEO; CONFLICT.
    """
    playback, video_id = _opened(view, video_id)
    found = playback.pictures.sprites(video_id)
    times, laid = found.times, found.layout
    return SpritesDocument(
        tiles=len(times),
        columns=COLUMNS,
        per_sheet=PER_SHEET,
        width=laid.width,
        height=laid.height,
        step=(times[-1] - times[0]) / (len(times) - 1) if len(times) > 1 else 0.0,
        times=list(times),
        urls=[f"{urls.video(video_id)}/sprites/{number}.jpg" for number in range(laid.sheets)],
    )


def sprite_sheet(view: LibraryView, video_id: str, number: int) -> bytes:
    """One sheet of small pictures, as a JPEG.

    Raises:
        MediaError: whatever is wrong with the file.
        UsageError: UNKNOWN_VIDEO; NOT_FOUND; CONFLICT.
    """
    playback, video_id = _opened(view, video_id)
    return playback.pictures.sheet(video_id, number)


def peaks(view: LibraryView, video_id: str, buckets: int) -> PeaksDocument:
    """The shape of the sound, in at most so many stretches.

    Raises:
        MediaError: whatever is wrong with the file.
        UsageError: UNKNOWN_VIDEO; CONFLICT.
    """
    playback, video_id = _opened(view, video_id)
    seconds, found = playback.pictures.peaks(video_id, buckets)
    pairs = [(round(low, 4), round(high, 4)) for low, high in found.tolist()]
    return PeaksDocument(seconds=seconds, step=seconds / len(pairs) if pairs else 0.0, peaks=pairs)


def captions(view: LibraryView, video_id: str) -> str:
    """What was said in a video, as WebVTT.

    Raises:
        UsageError: UNKNOWN_VIDEO.
    """
    _, video_id = _opened(view, video_id)
    return webvtt(view.store.catalog.evidence_of(video_id, "speech"))


def _proxy(video_id: str, now: ProxyState) -> ProxyDocument:
    fault = Fault(code=now.error.code.name, message=without_paths(now.error.message)) if now.error is not None else None
    url = f"{urls.video(video_id)}/proxy/media" if now.state == "done" else None
    return ProxyDocument(state=now.state, progress=round(now.progress, 4), url=url, fault=fault)


def _opened(view: LibraryView, video_id: str) -> tuple[Playback, str]:
    view.require("read")
    return playback_of(view.library), view.video(video_id)

"""Copies of videos that browsers play: made in the background, a few at a time, and kept while there is room."""

from __future__ import annotations

import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from kinodex.usecases.playback.files import file_of, probed
from stores.core.errors import KinodexError, UsageError

if TYPE_CHECKING:
    from kinodex.settings import ServerSettings
    from stores.library_store import LibraryStore

NAME = "proxy-1.mp4"
"""Of a proxy in the cache; another number when they are made differently."""

_LOG = logging.getLogger(__name__)
_GIGABYTE = 1_000_000_000
_MOST_WAITING = 100

State = Literal["none", "waiting", "running", "done", "failed", "cancelled"]


@dataclass(frozen=True, slots=True)
class ProxyState:
    """How far a proxy is.

    Attributes:
        progress: in [0, 1].
        error: why it failed.
    """

    state: State
    progress: float = 0.0
    error: KinodexError | None = None


@dataclass(slots=True)
class _Making:
    now: ProxyState = ProxyState("waiting")
    stop: threading.Event = field(default_factory=threading.Event)

    @property
    def is_over(self) -> bool:
        return self.now.state not in ("waiting", "running")


class Proxies:
    """The proxies of one library. Safe to use from several threads."""

    def __init__(self, store: LibraryStore, settings: ServerSettings) -> None:
        self._store = store
        self._limit = round(settings.playback_cache * _GIGABYTE)
        self._workers = ThreadPoolExecutor(settings.proxies, thread_name_prefix="proxy")
        self._lock = threading.Lock()
        self._made: dict[str, _Making] = {}

    def find(self, video_id: str) -> Path | None:
        """The proxy of a video, if it was made and is still there."""
        return self._store.derived.find(video_id, NAME)

    def state(self, video_id: str) -> ProxyState:
        """How far the proxy of a video is."""
        with self._lock:
            making = self._made.get(video_id)
            now = making.now if making else ProxyState("none")
        if now.state in ("none", "done", "cancelled", "failed"):
            if self.find(video_id) is not None:
                return ProxyState("done", 1.0)
            # One that was made may have had to make room.
            return ProxyState("none") if now.state == "done" else now
        return now

    def make(self, video_id: str) -> ProxyState:
        """Have a proxy made, unless it is there or being made.

        Raises:
            MediaError: FILE_MISSING and whatever was wrong with the file at its ingest.
            UsageError: CONFLICT if the file has changed; TOO_MANY_REQUESTS if very many wait.
        """
        probed(self._store, video_id)
        if self.find(video_id) is not None:
            return ProxyState("done", 1.0)
        file_of(self._store, video_id)
        with self._lock:
            making = self._made.get(video_id)
            if making is not None and not making.is_over:
                return making.now
            waiting = sum(not one.is_over for one in self._made.values())
            if waiting >= _MOST_WAITING:
                message = f"{waiting} videos wait to be converted."
                raise UsageError("TOO_MANY_REQUESTS", message, "Try again when some of them are done.")
            # Forget how others ended long ago.
            for ended in [one for one, made in self._made.items() if made.is_over][:-_MOST_WAITING]:
                del self._made[ended]
            making = self._made[video_id] = _Making()
            self._workers.submit(self._work, video_id, making)
        return making.now

    def cancel(self, video_id: str) -> ProxyState:
        """No longer make the proxy of a video; nothing happens if it is not being made."""
        with self._lock:
            making = self._made.get(video_id)
            if making is not None and not making.is_over:
                making.stop.set()
                making.now = ProxyState("cancelled", making.now.progress)
        return self.state(video_id)

    def close(self) -> None:
        """Stop whatever is being made, and wait until it has stopped."""
        with self._lock:
            for making in self._made.values():
                making.stop.set()
        self._workers.shutdown(wait=True, cancel_futures=True)

    def _work(self, video_id: str, making: _Making) -> None:
        from pipeline.playback.player import CONVERTING, Cancelled, Player

        def write(out: Path) -> None:
            def progressed(done: float) -> None:
                self._note(making, ProxyState("running", done))

            with Player(CONVERTING) as player:
                player.make_proxy(file, video, out, progressed, making.stop.is_set)

        try:
            if making.stop.is_set():
                raise Cancelled
            self._note(making, ProxyState("running"))
            video, file = probed(self._store, video_id), file_of(self._store, video_id)
            self._store.derived.make(video_id, NAME, write, self._limit)
            made = ProxyState("done", 1.0)
        except Cancelled:
            made = ProxyState("cancelled")
        except KinodexError as error:
            made = ProxyState("failed", error=error)
        except Exception:  # noqa: BLE001 - told to those who ask for its state
            _LOG.exception("The proxy of %s cannot be made", video_id)
            made = ProxyState("failed", error=KinodexError("INTERNAL", "The proxy cannot be made; the log says why."))
        with self._lock:
            making.now = made

    def _note(self, making: _Making, now: ProxyState) -> None:
        with self._lock:
            if not making.stop.is_set():
                making.now = now

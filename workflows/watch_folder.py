"""Watch folders: ingest new files once they have stopped growing, until told to stop."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from watchfiles import watch

from stores.core.errors import CODES, KinodexError
from stores.core.uris import path_of
from workflows.discover import FoundFile, discover
from workflows.report import IngestReport

EVERY = 60.0
"""Seconds between two scans where no change notification arrives: network shares and many containers send none.
Source: our choice: a scan costs one `os.stat` a file.
"""

STABLE_SECONDS = 5.0
"""Seconds for which a file must be unchanged. Source: our choice: copying writes several times a second."""

_PAUSE = 0.5  # seconds; at least between two scans, at most until a change or a stop is noticed
_DEBOUNCE = 200  # milliseconds over which notifications are grouped
_WATCH_TIMEOUT = 1_000  # milliseconds after which the watcher checks for a stop
_RETRY_SECONDS = 5.0  # until watching is tried again where it failed

Stamp = tuple[int, int]
Ingest = Callable[[Sequence[Path]], IngestReport]


@dataclass(frozen=True, slots=True)
class WatchOptions:
    """How a folder is watched.

    Attributes:
        every: seconds between two scans of all files, regardless of notifications.
        stable_seconds: for which a file must be unchanged to be ready.
        library: root of the library in use, which is never an input.
        once: wait for ``stable_seconds``, ingest the files that are ready then, and return.
    """

    every: float = EVERY
    stable_seconds: float = STABLE_SECONDS
    library: Path | None = None
    once: bool = False


@dataclass(frozen=True, slots=True)
class Round:
    """One ingest of new files.

    Attributes:
        number: from 1.
        files: how many it was given; waiting: how many others are still growing.
        seconds: its duration.
        report: how the files ended; None if the ingest failed, with the reason in ``error``.
        ended_at: seconds since the epoch.
    """

    number: int
    files: int
    waiting: int
    seconds: float
    ended_at: float
    report: IngestReport | None = None
    error: KinodexError | None = None


def watch_folder(
    paths: Sequence[Path | str],
    ingest: Ingest,
    options: WatchOptions = WatchOptions(),
    *,
    stop: threading.Event,
    on_round: Callable[[Round], None] = lambda _: None,
) -> int:
    """Ingest the videos under ``paths``, and those that arrive later, until ``stop`` is set. One ingest at a time.

    A file is ready when its size and modification time have not changed for ``options.stable_seconds``; other files do
    not wait for one that is still growing. Files with retryable errors are ingested again after ``options.every``
    seconds, and so are all files if the ingest itself failed with one (another writer, an unreachable server).

    Args:
        ingest: called with the files of each round.
        on_round: called after each round.

    Returns:
        how many rounds there were.

    Raises:
        KinodexError: what ``ingest`` raised, unless it is retryable.
    """
    every, once = options.every, options.once
    seen = _SeenFiles(options.stable_seconds)
    pause = min(_PAUSE, options.stable_seconds / 2)
    rounds = 0
    once_at = 0.0
    with _change_event(paths) as changed:
        while not stop.is_set():
            changed.clear()  # before the scan, so that a change during it triggers another one
            now = time.monotonic()
            once_at = once_at or now + options.stable_seconds
            seen.update(discover(paths, library=options.library).files, now)
            ready, growing = seen.ready(now)
            if ready and not (once and now < once_at):
                rounds += 1
                made = _ingested(ingest, ready, rounds, growing)
                seen.record(ready, made, time.monotonic() + every)
                on_round(made)
            if once and now >= once_at:
                break
            scan_at = once_at if once else now + every
            _sleep(max(pause, min(seen.due(scan_at), scan_at) - time.monotonic()), pause, stop, changed)
    return rounds


def _sleep(seconds: float, pause: float, stop: threading.Event, changed: threading.Event) -> None:
    """Sleep until something changes, but at least for ``pause`` seconds: writing a file sends many notifications."""
    until = time.monotonic() + seconds
    stop.wait(min(seconds, pause))
    while not (stop.is_set() or changed.is_set()) and (left := until - time.monotonic()) > 0:
        stop.wait(min(left, _PAUSE))


class _SeenFiles:
    """The files found by the last scan, since when each is unchanged, and in which state it was ingested."""

    def __init__(self, stable_seconds: float) -> None:
        self._stable_seconds = stable_seconds
        self._since: dict[FoundFile, float] = {}
        self._done: dict[Path, Stamp] = {}
        self._not_before: dict[Path, float] = {}

    def update(self, files: Sequence[FoundFile], now: float) -> None:
        """Record the result of a scan; the wait of a file that changed starts over."""
        self._since = {file: self._since.get(file, now) for file in files}
        present = {file.path for file in files}
        for gone in (self._done.keys() | self._not_before.keys()) - present:
            self._done.pop(gone, None)
            self._not_before.pop(gone, None)

    def ready(self, now: float) -> tuple[list[FoundFile], int]:
        """The files to ingest now, and how many others are still growing."""
        new = self._new()
        ready = [file for file in new if now >= self._ready_at(file)]
        return ready, sum(1 for file in new if now < self._since[file] + self._stable_seconds)

    def record(self, files: Sequence[FoundFile], round_: Round, retry_at: float) -> None:
        """Record that ``files`` were ingested; those with retryable errors are ready again at ``retry_at``."""
        retryable = {file.path for file in files} if round_.report is None else _retryable(round_.report)
        for file in files:
            if file.path in retryable:
                self._not_before[file.path] = retry_at
            else:
                self._done[file.path] = _stamp(file)
                self._not_before.pop(file.path, None)

    def due(self, scan_at: float) -> float:
        """When the next file is ready, or the next scan is due."""
        return min([scan_at, *(self._ready_at(file) for file in self._new())])

    def _new(self) -> list[FoundFile]:
        return [file for file in self._since if self._done.get(file.path) != _stamp(file)]

    def _ready_at(self, file: FoundFile) -> float:
        return max(self._since[file] + self._stable_seconds, self._not_before.get(file.path, 0.0))


def _stamp(file: FoundFile) -> Stamp:
    return file.size, file.mtime_ns


def _retryable(report: IngestReport) -> set[Path]:
    """Inputs that may succeed if tried again; the ledger limits how often that happens."""
    return {
        path_of(video.uri)
        for video in report.videos
        if video.status == "postponed" or (video.status == "failed" and CODES[video.error_code].retryable)
    }


def _ingested(ingest: Ingest, files: Sequence[FoundFile], number: int, waiting: int) -> Round:
    began = time.monotonic()
    report, failure = None, None
    try:
        report = ingest([file.path for file in files])
    except KinodexError as error:
        if not error.code.retryable:
            raise
        failure = error
    seconds = time.monotonic() - began
    return Round(number, len(files), waiting, seconds, time.time(), report, failure)


@contextmanager
def _change_event(paths: Sequence[Path | str]) -> Iterator[threading.Event]:
    """An event that is set on every change notification for ``paths``."""
    changed, ended = threading.Event(), threading.Event()

    def wait_for_changes() -> None:
        while not ended.is_set():
            existing = [path for path in paths if Path(path).exists()]
            # Too many folders for the system, or one was removed: regular scans still find everything.
            with suppress(OSError, RuntimeError):
                for _ in watch(
                    *existing,
                    stop_event=ended,
                    watch_filter=None,
                    debounce=_DEBOUNCE,
                    rust_timeout=_WATCH_TIMEOUT,
                    raise_interrupt=False,
                    ignore_permission_denied=True,
                ):
                    changed.set()
            ended.wait(_RETRY_SECONDS)

    watcher = threading.Thread(target=wait_for_changes, name="watch", daemon=True)
    watcher.start()
    try:
        yield changed
    finally:
        ended.set()
        watcher.join()

"""Watch a folder: ingest what arrives in it, once it has stopped growing, for as long as nobody says stop."""

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
"""Seconds between two looks where nothing announces itself: network shares and many containers tell of no changes.
Source: our choice: a look costs one `os.stat` a file.
"""

STABLE_SECONDS = 5.0
"""Seconds for which a file must have stayed as it is. Source: our choice: copies write several times a second."""

_PAUSE = 0.5  # seconds, at least, between two looks at all files, and at most until a change or a stop is noticed
_DEBOUNCE = 200  # milliseconds over which announcements are gathered
_LISTENED = 1_000  # milliseconds of listening at a time
_DEAF = 5.0  # seconds until listening is tried again where it is not possible

Stamp = tuple[int, int]
Ingest = Callable[[Sequence[Path]], IngestReport]


@dataclass(frozen=True, slots=True)
class Round:
    """One ingest of files that arrived.

    Attributes:
        number: from 1.
        files: how many were given to it; waiting: how many are still growing.
        seconds: it took.
        report: how they ended; None where it could not be run, then ``error`` says why.
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
    *,
    stop: threading.Event,
    on_round: Callable[[Round], None] = lambda _: None,
    every: float = EVERY,
    stable_seconds: float = STABLE_SECONDS,
    library: Path | None = None,
    once: bool = False,
) -> int:
    """Ingest the videos under ``paths``, and all that come later, until ``stop`` is set. One ingest at a time.

    A file is taken when its size and modification time have not changed for ``stable_seconds``; others do not wait
    for one that grows. What failed in a way that may mend is given to ``ingest`` again after ``every`` seconds, and
    so is everything if the ingest itself failed that way (another writer, a server that is away).

    Args:
        ingest: is given the files; its errors count as said.
        on_round: told of each round, after it.
        every: seconds between two looks at all files, whatever announces itself in between.
        library: root of the library in use, which is never an input.
        once: look for as long as files take to settle, ingest those that have, and end.

    Returns:
        how many rounds there were.

    Raises:
        KinodexError: what ``ingest`` raised, where trying again is of no use.
    """
    shelf = _Shelf(stable_seconds)
    pause = min(_PAUSE, stable_seconds / 2)
    rounds = 0
    settled = 0.0
    with _woken(paths) as woken:
        while not stop.is_set():
            woken.clear()  # before looking: what changes meanwhile wakes us again
            now = time.monotonic()
            settled = settled or now + stable_seconds
            shelf.look(discover(paths, library=library).files, now)
            ready, growing = shelf.ready(now)
            if ready and not (once and now < settled):
                rounds += 1
                made = _ingested(ingest, ready, rounds, growing)
                shelf.tried(ready, made, time.monotonic() + every)
                on_round(made)
            if once and now >= settled:
                break
            look_at = settled if once else now + every
            _sleep(max(pause, min(shelf.due(look_at), look_at) - time.monotonic()), pause, stop, woken)
    return rounds


def _sleep(seconds: float, pause: float, stop: threading.Event, woken: threading.Event) -> None:
    """Until something changes, but at least for ``pause`` seconds: a file that is written wakes us all the time."""
    until = time.monotonic() + seconds
    stop.wait(min(seconds, pause))
    while not (stop.is_set() or woken.is_set()) and (left := until - time.monotonic()) > 0:
        stop.wait(min(left, _PAUSE))


class _Shelf:
    """The files that are there, since when each is as it is, and which were ingested like that."""

    def __init__(self, stable_seconds: float) -> None:
        self._settle = stable_seconds
        self._since: dict[FoundFile, float] = {}
        self._done: dict[Path, Stamp] = {}
        self._not_before: dict[Path, float] = {}

    def look(self, files: Sequence[FoundFile], now: float) -> None:
        """Note what is there now; a file that changed begins anew."""
        self._since = {file: self._since.get(file, now) for file in files}
        there = {file.path for file in files}
        for gone in (self._done.keys() | self._not_before.keys()) - there:
            self._done.pop(gone, None)
            self._not_before.pop(gone, None)

    def ready(self, now: float) -> tuple[list[FoundFile], int]:
        """The files to ingest, and how many others will be."""
        new = self._new()
        ready = [file for file in new if now >= self._ready_at(file)]
        return ready, sum(1 for file in new if now < self._since[file] + self._settle)

    def tried(self, files: Sequence[FoundFile], round_: Round, again: float) -> None:
        """``files`` were ingested; what may mend is ready again at the time ``again``."""
        mendable = {file.path for file in files} if round_.report is None else _mendable(round_.report)
        for file in files:
            if file.path in mendable:
                self._not_before[file.path] = again
            else:
                self._done[file.path] = _stamp(file)
                self._not_before.pop(file.path, None)

    def due(self, look_at: float) -> float:
        """When the next file is ready, or the next look is due."""
        return min([look_at, *(self._ready_at(file) for file in self._new())])

    def _new(self) -> list[FoundFile]:
        return [file for file in self._since if self._done.get(file.path) != _stamp(file)]

    def _ready_at(self, file: FoundFile) -> float:
        return max(self._since[file] + self._settle, self._not_before.get(file.path, 0.0))


def _stamp(file: FoundFile) -> Stamp:
    return file.size, file.mtime_ns


def _mendable(report: IngestReport) -> set[Path]:
    """Those inputs that may end otherwise if tried again; the ledger sees to it that this has an end."""
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
def _woken(paths: Sequence[Path | str]) -> Iterator[threading.Event]:
    """An event that is set whenever the system tells of a change under ``paths``."""
    woken, over = threading.Event(), threading.Event()

    def transcribe() -> None:
        while not over.is_set():
            there = [path for path in paths if Path(path).exists()]
            # Too many folders for the system, or one that went away: the regular look still finds everything.
            with suppress(OSError, RuntimeError):
                for _ in watch(
                    *there,
                    stop_event=over,
                    watch_filter=None,
                    debounce=_DEBOUNCE,
                    rust_timeout=_LISTENED,
                    raise_interrupt=False,
                    ignore_permission_denied=True,
                ):
                    woken.set()
            over.wait(_DEAF)

    listener = threading.Thread(target=transcribe, name="watch", daemon=True)
    listener.start()
    try:
        yield woken
    finally:
        over.set()
        listener.join()

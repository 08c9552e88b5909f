"""Progress events of a long job, and the progress display for logs and pipes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TextIO


@dataclass(frozen=True, slots=True)
class Planned:
    """The amount of work is known: how many inputs, how many videos need work, and how often each stage will run."""

    inputs: int
    videos: int
    stages: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Identified:
    """One more input was hashed: ``done`` of ``total``."""

    done: int
    total: int


@dataclass(frozen=True, slots=True)
class StageStarted:
    """A worker began one stage of one video."""

    video_id: str
    uri: str
    stage: str


@dataclass(frozen=True, slots=True)
class StageAdvanced:
    """Progress of one stage within a video or a part of it: ``share`` in [0, 1]."""

    video_id: str
    stage: str
    share: float


@dataclass(frozen=True, slots=True)
class StageFinished:
    """One stage of one video ended. ``status`` as in `stores.core.records.Receipt`; ``error_code`` may be "".

    ``seconds`` is the work in this attempt, the ``attempt``-th; both are 0 if nothing was begun. ``media_seconds`` is
    the length of the video or part; 0 if it is unknown, or if its parts were reported already.
    """

    video_id: str
    uri: str
    stage: str
    status: str
    error_code: str = ""
    seconds: float = 0.0
    attempt: int = 0
    media_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class VideoFinished:
    """No stage of this video is left to do. ``media_seconds`` is its length, 0 if unknown."""

    video_id: str
    uri: str
    status: str
    error_code: str
    media_seconds: float


@dataclass(frozen=True, slots=True)
class Waiting:
    """The job cannot go on for now; ``why`` says what it waits for."""

    why: str


Event = Planned | Identified | StageStarted | StageAdvanced | StageFinished | VideoFinished | Waiting
Progress = Callable[[Event], None]
"""A callback for events. It is called from several threads, possibly at once, so it must be thread-safe."""


def silent(event: Event) -> None:
    """Ignore all events."""


def to_all(*callbacks: Progress) -> Progress:
    """One callback that passes each event to all ``callbacks``, in this order."""

    def pass_on(event: Event) -> None:
        for callback in callbacks:
            callback(event)

    return pass_on


class PlainProgress:
    """One line per finished video, for output that is not a terminal.

    Args:
        stream: where the lines go.
        printable: makes a name safe to print.
    """

    def __init__(self, stream: TextIO, printable: Callable[[str], str]) -> None:
        self._stream = stream
        self._printable = printable
        self._lock = threading.Lock()
        self._began = time.monotonic()
        self._videos = 0
        self._finished = 0
        self._media_seconds = 0.0

    def __call__(self, event: Event) -> None:
        """Print what is worth a line."""
        with self._lock:
            line = self._line(event)
            if line:
                print(line, file=self._stream, flush=True)

    def _line(self, event: Event) -> str:
        if isinstance(event, Planned):
            self._videos = event.videos
            return f"{_several(event.inputs, 'input')}, {_several(event.videos, 'video')} to work on"
        if isinstance(event, Waiting):
            return f"waiting: {event.why}"
        if isinstance(event, VideoFinished):
            self._finished += 1
            self._media_seconds += event.media_seconds
            speed = self._media_seconds / max(time.monotonic() - self._began, 1e-6)
            outcome = f"{event.status} {event.error_code}".rstrip()
            speed_so_far = f" ({speed:.1f}x real time)" if event.media_seconds and event.status == "done" else ""
            return f"[{self._finished}/{self._videos}] {outcome}: {self._printable(event.uri)}{speed_so_far}"
        return ""


def _several(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"

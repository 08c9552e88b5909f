"""Tally: counts of one job, from its progress events."""

from __future__ import annotations

import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from stores.core.ids import base_stage
from workflows.telemetry.progress import Event, Planned, StageFinished, StageStarted, VideoFinished


@dataclass(frozen=True, slots=True)
class StageCount:
    """What one stage did in one job, its parts included.

    Attributes:
        runs: how often it ended, by (status, error code); parts of a long video count each.
        attempts: how many of these were begun in this job.
        seconds: of work; media_seconds: of video that it processed successfully.
    """

    runs: Mapping[tuple[str, str], int]
    attempts: int
    seconds: float
    media_seconds: float

    @property
    def speed(self) -> float:
        """Seconds of video per second of work; 0 where there was none."""
        return self.media_seconds / self.seconds if self.seconds > 0 else 0.0


@dataclass(frozen=True, slots=True)
class Counts:
    """The counts of a job at one moment.

    Attributes:
        stages: by stage, in the order in which they first ended.
        errors: how many stage runs ended with each error code.
        videos: how many videos ended with each status.
        video_seconds: seconds of work by video.
        waiting, running: how many videos have yet to be begun, and are being worked on.
        seconds: since the job began.
    """

    stages: Mapping[str, StageCount]
    errors: Mapping[str, int]
    videos: Mapping[str, int]
    video_seconds: Mapping[str, float]
    waiting: int
    running: int
    seconds: float


class Tally:
    """A progress callback that counts events. Create it when the job begins. Thread-safe."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._began = clock()
        self._planned = 0
        self._runs: defaultdict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
        self._attempts: Counter[str] = Counter()
        self._seconds: defaultdict[str, float] = defaultdict(float)
        self._media_seconds: defaultdict[str, float] = defaultdict(float)
        self._errors: Counter[str] = Counter()
        self._videos: Counter[str] = Counter()
        self._video_seconds: defaultdict[str, float] = defaultdict(float)
        self._open: dict[str, set[str]] = {}
        self._unmeasured: defaultdict[str, set[str]] = defaultdict(set)
        self._in_parts: set[tuple[str, str]] = set()

    def __call__(self, event: Event) -> None:
        """Count one event."""
        with self._lock:
            if isinstance(event, Planned):
                self._planned = event.videos
            elif isinstance(event, StageStarted):
                self._open.setdefault(event.video_id, set()).add(event.stage)
            elif isinstance(event, StageFinished):
                self._stage(event)
            elif isinstance(event, VideoFinished):
                self._video(event)

    def counts(self) -> Counts:
        """The current counts."""
        with self._lock:
            running = len(self._open)
            return Counts(
                stages={
                    stage: StageCount(
                        dict(runs), self._attempts[stage], self._seconds[stage], self._media_seconds[stage]
                    )
                    for stage, runs in self._runs.items()
                },
                errors=dict(self._errors),
                videos=dict(self._videos),
                video_seconds=dict(self._video_seconds),
                waiting=max(0, self._planned - self._videos.total() - running),
                running=running,
                seconds=self._clock() - self._began,
            )

    def _stage(self, event: StageFinished) -> None:
        stage = base_stage(event.stage)
        self._runs[stage][event.status, event.error_code] += 1
        if event.error_code:
            self._errors[event.error_code] += 1
        if event.video_id in self._open:
            self._open[event.video_id].discard(event.stage)
            if not self._open[event.video_id]:
                del self._open[event.video_id]
        if not event.attempt:
            return  # nothing was done: the ledger had the outcome already
        self._attempts[stage] += 1
        if stage != event.stage:
            self._in_parts.add((event.video_id, stage))
        elif (event.video_id, stage) in self._in_parts:
            return  # the seconds of the joined stage are those of its parts, which are counted already
        self._seconds[stage] += event.seconds
        self._video_seconds[event.video_id] += event.seconds
        if event.status == "done":
            self._media_seconds[stage] += event.media_seconds
            if not event.media_seconds:
                self._unmeasured[event.video_id].add(stage)

    def _video(self, event: VideoFinished) -> None:
        self._videos[event.status] += 1
        self._open.pop(event.video_id, None)
        for stage in self._unmeasured.pop(event.video_id, ()):
            self._media_seconds[stage] += event.media_seconds

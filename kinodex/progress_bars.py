"""Progress of an ingest on a terminal: a line for all videos, one for each stage, and what is being worked on."""

from __future__ import annotations

import sys
import threading
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from kinodex.door import console
from kinodex.text import clean
from workflows.progress import (
    Event,
    Identified,
    PlainProgress,
    Planned,
    StageAdvanced,
    StageFinished,
    StageStarted,
    VideoFinished,
)
from workflows.progress import Progress as Watcher


@contextmanager
def watching() -> Iterator[Watcher]:
    """A watcher for stderr: bars on a terminal, lines elsewhere."""
    target = console(sys.stderr)
    if not target.is_terminal:
        yield PlainProgress(sys.stderr, clean)
        return
    with _Bars(target) as bars:
        yield bars


class _Bars:
    def __init__(self, target: Console) -> None:
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[note]}", markup=False),
            console=target,
            transient=True,
        )
        self._lock = threading.Lock()
        self._videos: TaskID = self._progress.add_task("looking", total=None, note="")
        self._stages: dict[str, TaskID] = {}
        self._ended: Counter[str] = Counter()
        self._shares: defaultdict[str, dict[str, float]] = defaultdict(dict)
        self._failed: Counter[str] = Counter()
        self._media_seconds = 0.0

    def __enter__(self) -> _Bars:
        self._progress.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._progress.stop()

    def __call__(self, event: Event) -> None:
        with self._lock:
            if isinstance(event, Identified):
                self._progress.update(self._videos, description="looking", total=event.total, completed=event.done)
            elif isinstance(event, Planned):
                self._progress.reset(self._videos, description="videos", total=event.videos)
                for stage, count in event.stages:
                    self._stages[stage] = self._progress.add_task(f"  {stage}", total=count, note="")
            elif isinstance(event, StageStarted):
                self._note(event.stage, clean(event.uri.rsplit("/", 1)[-1]))
            elif isinstance(event, StageAdvanced):
                self._shares[event.stage][event.video_id] = min(0.99, event.share)
                self._move(event.stage)
            elif isinstance(event, StageFinished):
                self._failed[event.stage] += event.status not in ("done", "filtered")
                self._ended[event.stage] += 1
                self._shares[event.stage].pop(event.video_id, None)
                self._move(event.stage)
                self._note(event.stage, f"{self._failed[event.stage]} failed" if self._failed[event.stage] else "")
            else:
                self._finished(event)

    def _finished(self, event: VideoFinished) -> None:
        self._progress.advance(self._videos)
        self._media_seconds += event.media_seconds
        elapsed = self._progress.tasks[0].elapsed or 0.0
        if elapsed > 0:
            self._progress.update(self._videos, note=f"{self._media_seconds / elapsed:.1f}x real time")

    def _move(self, stage: str) -> None:
        """Videos that a stage has ended, and the shares of those it is in."""
        if stage in self._stages:
            completed = self._ended[stage] + sum(self._shares[stage].values())
            self._progress.update(self._stages[stage], completed=completed)

    def _note(self, stage: str, note: str) -> None:
        if stage in self._stages:
            self._progress.update(self._stages[stage], note=note)

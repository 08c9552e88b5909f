"""Progress of an ingest on a terminal: a line for all videos, one for each stage, and the current file."""

from __future__ import annotations

import shlex
import sys
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

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

from kinodex.cli.context import console
from kinodex.text import clean
from stores.core.ids import base_stage
from workflows.telemetry.progress import (
    Event,
    Identified,
    PlainProgress,
    Planned,
    StageAdvanced,
    StageFinished,
    StageStarted,
    VideoFinished,
    Waiting,
)

if TYPE_CHECKING:
    from kinodex.library import Library
    from workflows.report import IngestReport
from workflows.telemetry.progress import Progress as Watcher

_Run = tuple[str, str]
"""Video id and stage, or part of one."""


@contextmanager
def show_progress() -> Iterator[Watcher]:
    """What to call with each event to show progress on stderr: bars on a terminal, lines elsewhere."""
    target = console(sys.stderr)
    if not target.is_terminal:
        yield PlainProgress(sys.stderr, clean)
        return
    with _Bars(target) as bars:
        yield bars


def ingesting(library: Library, paths: Sequence[Path], retry: bool = False, budget: str | None = None) -> IngestReport:
    """Ingest, with progress on stderr.

    Raises:
        UsageError: USAGE if ``budget`` is not a budget.
    """
    with show_progress() as progress:
        command = shlex.join(["kinodex", *sys.argv[1:]])
        meter = library.meter(budget) if budget is not None else None
        return library.ingest(*paths, retry=retry, meter=meter, command=command, progress=progress)


@contextmanager
def counting(what: str, remaining: bool = False) -> Iterator[Callable[..., None]]:
    """A bar on stderr, to be called with (done, total, and what, if that changes); on terminals only.

    Args:
        remaining: whether to guess the time that is left.
    """
    target = console(sys.stderr)
    if not target.is_terminal:
        yield lambda _done, _of, _what="": None
        return
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    left = (TimeRemainingColumn(),) if remaining else ()
    with Progress(*columns, *left, console=target, transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, of, now=what: bar.update(task, completed=done, total=of, description=now)


class _Bars:
    """A line for each stage: a bar where the number of its runs is known, a pulse where it is not.

    Parts of a long video are runs of their stage. How many there are is known only once the video has been probed,
    which is after the first plan; a stage with more runs than planned pulses until the next plan.
    """

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
        self._videos: TaskID = self._progress.add_task("scanning", total=None, note="")
        self._stages: dict[str, TaskID] = {}
        self._planned: dict[str, int] = {}
        self._running: defaultdict[str, set[_Run]] = defaultdict(set)
        self._ended: defaultdict[str, set[_Run]] = defaultdict(set)
        self._shares: defaultdict[str, dict[_Run, float]] = defaultdict(dict)
        self._failed: defaultdict[str, set[_Run]] = defaultdict(set)
        self._media_seconds = 0.0

    def __enter__(self) -> _Bars:
        self._progress.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._progress.stop()

    def __call__(self, event: Event) -> None:
        with self._lock:
            if isinstance(event, Identified):
                self._progress.update(self._videos, description="scanning", total=event.total, completed=event.done)
            elif isinstance(event, Planned):
                self._plan(event)
            elif isinstance(event, StageStarted):
                stage = base_stage(event.stage)
                run = (event.video_id, event.stage)
                self._running[stage].add(run)
                # What is retried has not ended after all.
                self._ended[stage].discard(run)
                self._failed[stage].discard(run)
                self._move(stage)
                self._note(stage, f"{_part(event.stage)}{clean(event.uri.rsplit('/', 1)[-1])}")
            elif isinstance(event, StageAdvanced):
                stage = base_stage(event.stage)
                self._shares[stage][event.video_id, event.stage] = min(0.99, event.share)
                self._move(stage)
            elif isinstance(event, StageFinished):
                self._stage_finished(event)
            elif isinstance(event, Waiting):
                self._progress.console.print(f"waiting: {event.why}", style="yellow", markup=False, highlight=False)
            else:
                self._finished(event)

    def _plan(self, event: Planned) -> None:
        videos = self._progress.tasks[0]
        if videos.description == "scanning":
            self._progress.reset(self._videos, description="videos", total=event.videos)
        else:
            self._progress.update(self._videos, total=event.videos)
        for stage, count in event.stages:
            self._planned[stage] = count
            self._move(stage)

    def _stage_finished(self, event: StageFinished) -> None:
        stage = base_stage(event.stage)
        run = (event.video_id, event.stage)
        self._running[stage].discard(run)
        self._shares[stage].pop(run, None)
        self._ended[stage].add(run)
        (self._failed[stage].discard if event.status == "done" else self._failed[stage].add)(run)
        self._move(stage)
        self._note(stage, f"{len(self._failed[stage])} failed" if self._failed[stage] else "")

    def _finished(self, event: VideoFinished) -> None:
        self._progress.advance(self._videos)
        self._media_seconds += event.media_seconds
        elapsed = self._progress.tasks[0].elapsed or 0.0
        if elapsed > 0:
            self._progress.update(self._videos, note=f"{self._media_seconds / elapsed:.1f}x real time")

    def _move(self, stage: str) -> None:
        """Update a bar: runs that have ended, and the shares of those still running."""
        runs = len(self._ended[stage]) + len(self._running[stage])
        total = self._planned.get(stage, 0)
        completed = len(self._ended[stage]) + sum(self._shares[stage].values())
        task = self._task(stage)
        self._progress.update(task, completed=completed)
        # Not through update(), for which None means "as it was".
        self._progress.tasks[self._progress.task_ids.index(task)].total = total if runs <= total else None

    def _note(self, stage: str, note: str) -> None:
        self._progress.update(self._task(stage), note=note)

    def _task(self, stage: str) -> TaskID:
        if stage not in self._stages:
            self._stages[stage] = self._progress.add_task(f"  {stage}", total=None, note="")
        return self._stages[stage]


def _part(stage: str) -> str:
    """Which part of a long video a run is, for people."""
    number = stage.removeprefix(base_stage(stage)).lstrip(".")
    return f"part {int(number) + 1} of " if number.isdigit() else ""

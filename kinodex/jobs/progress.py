"""What a running job tells those who wait for it: progress events of any workflow, as events of the job."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict

from kinodex.text import printable
from stores.core.ids import base_stage
from stores.jobs.records import PASSING, JobProgress, NewJobEvent
from workflows.telemetry.progress import (
    Event,
    Identified,
    Planned,
    StageAdvanced,
    StageFinished,
    StageStarted,
    VideoFinished,
    Waiting,
)

_NOW, _STAGES = 3, 3  # videos and their stages that are named in a note


class Reporter:
    """A progress callback that keeps what `take` then gives to the library, now and then. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._events: list[NewJobEvent] = []
        self._changed = False
        self._note = ""
        self._known = (0, 0)
        self._planned: dict[str, int] = {}
        self._ended: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)
        self._running: dict[tuple[str, str], float] = {}
        self._names: dict[str, str] = {}
        self._videos: Counter[str] = Counter()
        self._total = 0

    def __call__(self, event: Event) -> None:
        """Note one event of a workflow."""
        with self._lock:
            self._changed = True
            if isinstance(event, Identified):
                self._known = event.done, event.total
                self._note = f"reading files: {event.done} of {event.total}"
            elif isinstance(event, Planned):
                self._planned, self._total, self._note = dict(event.stages), event.videos, ""
            elif isinstance(event, StageStarted):
                self._running[event.video_id, event.stage] = 0.0
                self._names[event.video_id] = _name(event.uri)
            elif isinstance(event, StageAdvanced):
                if (event.video_id, event.stage) in self._running:
                    self._running[event.video_id, event.stage] = min(0.99, event.share)
            elif isinstance(event, StageFinished):
                self._running.pop((event.video_id, event.stage), None)
                self._ended[base_stage(event.stage)].add((event.video_id, event.stage))
            elif isinstance(event, VideoFinished):
                self._names.pop(event.video_id, None)
                self._add_video(event.video_id, _name(event.uri), event.status, event.error_code)
            elif isinstance(event, Waiting):
                self._wait(event.why)

    def counted(self, done: int, total: int, what: str = "") -> None:
        """Note how far a job is that counts its items itself."""
        with self._lock:
            self._changed = True
            self._planned, self._total = {}, total
            self._known = done, total
            self._note = what

    def video(self, video_id: str, name: str, status: str, code: str = "") -> None:
        """Note how a video ended."""
        with self._lock:
            self._changed = True
            self._add_video(video_id, name, status, code)

    def recount(self, status: str) -> None:
        """Count a video that another worker finished."""
        with self._lock:
            self._videos[status] += 1

    def waits(self, why: str) -> None:
        """Note why the job cannot go on for now; "" if it goes on."""
        with self._lock:
            self._changed = True
            self._wait(why)

    def take(self) -> tuple[list[NewJobEvent], JobProgress | None]:
        """The events since the last call, and how far the job is now; None if nothing happened since."""
        with self._lock:
            if not self._changed:
                return [], None
            self._changed = False
            progress = JobProgress(self._share(), self._what(), self._totals())
            events, self._events = self._events, []
            payload = {"share": progress.share, "note": progress.note, "totals": progress.totals}
            return [*events, NewJobEvent(PASSING, payload)], progress

    def put_back(self, events: list[NewJobEvent]) -> None:
        """Keep events that could not be stored, for the next call of `take`."""
        with self._lock:
            self._changed = True
            self._events = [one for one in events if one.kind != PASSING] + self._events

    def totals(self) -> dict[str, int]:
        """Counts of videos by how they ended."""
        with self._lock:
            return self._totals()

    def _wait(self, why: str) -> None:
        if why and why != self._note:
            self._events.append(NewJobEvent("waiting", {"why": why}))
        self._note = why

    def _add_video(self, video_id: str, name: str, status: str, code: str) -> None:
        self._videos[status] += 1
        self._events.append(NewJobEvent("video", {"video_id": video_id, "name": name, "status": status, "code": code}))

    def _totals(self) -> dict[str, int]:
        return {"videos": self._total, **self._videos}

    def _share(self) -> float:
        if not self._planned:
            done, total = self._known
            # Reading files is little of an ingest, whose stages are not known yet; a job that counts is all counting.
            return round(done / total, 4) if total and self._total else 0.0
        planned = {stage: max(count, len(self._ended[stage])) for stage, count in self._planned.items()}
        done_now = sum(len(self._ended[stage]) for stage in planned) + sum(self._running.values())
        return round(min(1.0, done_now / max(1, sum(planned.values()))), 4)

    def _what(self) -> str:
        if self._note or not self._running:
            return self._note
        running: dict[str, list[str]] = defaultdict(list)
        for video_id, stage in self._running:
            running[video_id].append(base_stage(stage))
        some = [
            f"{self._names.get(one, one)}: {', '.join(stages[:_STAGES])}{', …' * (len(stages) > _STAGES)}"
            for one, stages in list(running.items())[:_NOW]
        ]
        return "; ".join(some) + "; …" * (len(running) > _NOW)


def _name(uri: str) -> str:
    return printable(uri.rsplit("/", 1)[-1])

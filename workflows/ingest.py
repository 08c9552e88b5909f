"""Ingest: find files, know them, watch what is new, and account for every input."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pipeline.perceive import fingerprints, stages
from stores.errors import CODES, UsageError
from stores.ids import sha256_of
from stores.records import Receipt
from stores.uris import path_of, uri_of
from workflows.discover import discover
from workflows.identify import Input, identify
from workflows.job_log import job_log
from workflows.progress import Identified, Planned, Progress, silent
from workflows.report import IngestReport, PlannedVideo, VideoReport, ending_of, total
from workflows.work import WorkUnit

if TYPE_CHECKING:
    from encoders.bundle import Encoders
    from stores.library_store import LibraryStore

Executor = Literal["local", "ray"]
EXECUTORS: tuple[Executor, ...] = ("local", "ray")

_FIRST = "probe"  # without it no other stage can be tried


def ingest(
    store: LibraryStore,
    encoders: Encoders,
    paths: Sequence[Path | str],
    *,
    executor: Executor = "local",
    workers: int | None = None,
    address: str | None = None,
    progress: Progress = silent,
) -> IngestReport:
    """Watch and hear every video under ``paths`` that is not known yet, and keep what was found.

    Bad inputs are part of the report, not exceptions. What is done is not done again, whatever the file
    is called now; a copy is recognised. What failed for good is not tried again while the file is the same.

    Args:
        executor: ``local`` works in this process, ``ray`` on a Ray cluster.
        workers: videos at the same time; None for one for each processor.
        address: of a Ray cluster to join; None starts one on this machine for the job.
        progress: told what happens, from several threads.

    Raises:
        UsageError: USAGE for an executor there is none of.
        StoreError: LIBRARY_LOCKED if another process writes; or if the library cannot be written any more.
    """
    if executor not in EXECUTORS:
        raise UsageError("USAGE", f"there is no executor {executor!r}.", f"Choose one of: {', '.join(EXECUTORS)}.")
    began = time.monotonic()
    with store.writer(), job_log(store.root):
        run = store.runs.begin(f"ingest --executor {executor}", f"{executor}-{os.getpid()}")
        found = discover(paths, library=store.root)
        inputs = identify(store, found, lambda done, of: progress(Identified(done, of)))
        plan = _Plan.of(store, fingerprints(stages(encoders)), inputs)
        progress(Planned(len(inputs), len(plan.units), plan.counts()))
        if plan.units:
            _execute(store, encoders, plan.units, executor, workers, address, progress)
        videos = [_reported(store, one, plan) for one in inputs]
        worked_on = [store.catalog.video(unit.video_id) for unit in plan.units]
        totals = total(
            videos,
            inputs=len(found.files) + len(found.problems),
            media_seconds=sum(video.seconds for video in worked_on if video is not None),
            wall_seconds=time.monotonic() - began,
        )
        store.runs.end(run, asdict(totals))
    return IngestReport(tuple(videos), totals)


def plan_only(store: LibraryStore, encoders: Encoders, paths: Sequence[Path | str]) -> tuple[PlannedVideo, ...]:
    """What `ingest` would do with each input. Nothing is written, and new files are not even read.

    A renamed file or a copy therefore looks new here; `ingest` recognises it.
    """
    found = discover(paths, library=store.root)
    wanted = fingerprints(stages(encoders))
    planned: list[PlannedVideo] = []
    for file in found.files:
        video_id = store.catalog.known(file.path, file.size, file.mtime_ns) or ""
        names = tuple(_left(store, video_id, wanted)) if video_id else tuple(wanted)
        planned.append(PlannedVideo(video_id, uri_of(file.path), names))
    unreadable = [PlannedVideo("", uri_of(problem.path), (), problem.code) for problem in found.problems]
    return tuple(planned + unreadable)


@dataclass(frozen=True, slots=True)
class _Plan:
    """The work of one ingest; ``wanted`` is the fingerprint of every stage."""

    wanted: Mapping[str, str]
    units: tuple[WorkUnit, ...]

    @classmethod
    def of(cls, store: LibraryStore, wanted: Mapping[str, str], inputs: Iterable[Input]) -> _Plan:
        units: dict[str, WorkUnit] = {}
        for one in inputs:
            if not one.video_id or one.video_id in units:
                continue
            left = _left(store, one.video_id, wanted)
            if left:
                video = store.catalog.video(one.video_id)
                sha256 = video.sha256 if video else sha256_of(path_of(one.uri))
                units[one.video_id] = WorkUnit(one.video_id, one.uri, sha256, one.size, left)
        return cls(wanted, tuple(units.values()))

    def counts(self) -> tuple[tuple[str, int], ...]:
        """How many videos each stage will run on, in the order of stages."""
        return tuple(
            (stage, count) for stage in self.wanted if (count := sum(stage in unit.stages for unit in self.units))
        )

    def works_on(self, one: Input) -> bool:
        """Whether this input is what made its video be worked on; a copy of it is not."""
        return any(unit.video_id == one.video_id and unit.uri == one.uri for unit in self.units)


def _left(store: LibraryStore, video_id: str, wanted: Mapping[str, str]) -> dict[str, str]:
    """Fingerprint by stage, of the stages that are left to do for a video."""
    done = store.ledger.done_fingerprints(video_id)
    left = {stage: mark for stage, mark in wanted.items() if done.get(stage) != mark}
    if not left:
        return {}
    for receipt in store.ledger.receipts(video_id):
        stage = receipt.key.stage
        if left.get(stage) == receipt.key.fingerprint and _settled(receipt):
            if stage == _FIRST:
                return {}
            del left[stage]
    return left


def _settled(receipt: Receipt) -> bool:
    """Whether trying again is of no use: it ended otherwise than done, or the file is to blame and will stay so."""
    if receipt.status == "failed":
        code = CODES[receipt.error_code]
        return code.blame == "input" and not code.retryable
    return receipt.status in ("filtered", "quarantined")


def _execute(
    store: LibraryStore,
    encoders: Encoders,
    units: Sequence[WorkUnit],
    executor: Executor,
    workers: int | None,
    address: str | None,
    progress: Progress,
) -> None:
    # Imported here: what has nothing to do must not wait for Ray or for models.
    store.sweep()
    if executor == "ray":
        from workflows.ray_data import run_on_ray

        run_on_ray(store, encoders, units, workers, progress, address)
    else:
        from workflows.local import run_local

        run_local(store, encoders, units, workers, progress)


def _reported(store: LibraryStore, one: Input, plan: _Plan) -> VideoReport:
    if not one.video_id:
        return VideoReport("", one.uri, "failed", one.code, one.message, (), reused=False)
    ending = ending_of(store.ledger.receipts(one.video_id), plan.wanted)
    return VideoReport(
        video_id=one.video_id,
        uri=one.uri,
        status=ending.status,
        error_code=ending.error_code,
        error_message=ending.error_message,
        stages=ending.stages,
        reused=ending.status == "done" and not plan.works_on(one),
    )

"""Ingest: find files, identify them, run the stages that are left, and account for every input."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.perceive import stages
from stores.core.errors import UsageError
from stores.core.ids import base_stage
from stores.core.patience import patiently
from stores.core.records import Receipt
from stores.core.uris import uri_of
from stores.maintenance.sweeping import forget_superseded, sweep
from workflows.discover import Discovery, discover
from workflows.executors.threads import on_threads
from workflows.identify import Input, identify
from workflows.job import Job
from workflows.job_options import DEFAULTS, EXECUTORS, Executor, JobOptions
from workflows.loading import Loading
from workflows.report import IngestReport, VideoReport, VideoStatus, outcome_of, total
from workflows.telemetry.job_log import job_log, log_events
from workflows.telemetry.progress import Identified, Planned, Progress, silent
from workflows.units import PROBE, Planner, WorkUnit, receipts_by_video

if TYPE_CHECKING:
    from encoders.bundle import Encoders
    from stores.library_store import LibraryStore
    from workflows.planning.budget import Meter

WAVE = 2_000
"""Videos planned at a time; each wave is finished before the next one begins, so that memory stays flat. Source: our
choice, well below the some 20,000 blocks that a driver of Ray Data copes with.
"""

Run = Callable[[Sequence[WorkUnit]], None]


def ingest(
    store: LibraryStore,
    encoders: Encoders,
    paths: Sequence[Path | str],
    options: JobOptions = DEFAULTS,
    *,
    meter: Meter | None = None,
    progress: Progress = silent,
) -> IngestReport:
    """Process every video under ``paths`` that is not in the library yet, and store the results.

    Bad inputs are part of the report, not exceptions. Finished stages are not run again, even if the file was renamed;
    copies are recognised. Where a stage is done with the present settings, its failures with others are forgotten.
    Retryable failures are retried at once, until the ledger's limit quarantines them; other
    failures are not retried while the file is unchanged.

    Args:
        meter: of a budget; what would exceed it is left for another run.
        progress: called with each event, from several threads.

    Raises:
        UsageError: USAGE for an unknown executor.
        StoreError: LIBRARY_LOCKED while another job runs; or if the library cannot be written any more.
    """
    executor, config = options.executor, options.config
    if executor not in EXECUTORS:
        raise UsageError("USAGE", f"there is no executor {executor!r}.", f"Choose one of: {', '.join(EXECUTORS)}.")
    began = time.monotonic()
    with ExitStack() as stack:
        stack.enter_context(store.job())
        last = store.runs.newest()
        run = store.runs.begin(f"ingest --executor {executor}", f"{executor}-{os.getpid()}")
        stack.enter_context(job_log(store.root, run))
        progress = log_events(progress)
        if last is not None and last.finished_at is None:
            sweep(store)  # the last job was killed and may have left files that nothing refers to
        found = discover(paths, store.root, options.confined)
        inputs = _identified(store, found, meter, progress)
        if options.retry:
            store.ledger.reset(video_ids=sorted({one.video_id for one in inputs if one.video_id}))
        planner = Planner(store, stages(encoders, config), options.part_seconds, options.only)
        job = Job(store, encoders, planner, config, options.workers, options.address, meter, progress)
        with Loading() as loading:
            worked_on = _work(job, inputs, executor, loading)
        receipts = receipts_by_video(store, {one.video_id for one in inputs if one.video_id})
        # What failed with other settings says nothing about videos that are done with these.
        if others := [key for of_video in receipts.values() for key in planner.superseded(of_video)]:
            patiently(lambda: forget_superseded(store, others))
        videos = [_reported(one, receipts[one.video_id], worked_on.get(one.video_id) == one.uri, job) for one in inputs]
        postponed = {video.video_id for video in videos if video.status == "postponed"}
        watched = [store.catalog.video(video_id) for video_id in worked_on if video_id not in postponed]
        totals = total(
            videos,
            inputs=len(found.files) + len(found.problems),
            media_seconds=sum(video.seconds for video in watched if video is not None),
            wall_seconds=time.monotonic() - began,
        )
        store.runs.end(run, asdict(totals))
    return IngestReport(tuple(videos), totals, tuple(uri_of(path) for path in found.skipped))


def _identified(store: LibraryStore, found: Discovery, meter: Meter | None, progress: Progress) -> list[Input]:
    """Which video each file is; what the budget leaves no time to read is counted as left out."""
    out_of_budget = (lambda: bool(meter.over())) if meter is not None else (lambda: False)
    inputs = identify(store, found, lambda done, total: progress(Identified(done, total)), out_of_budget)
    if meter is not None:
        for one in inputs:
            if one.postponed:
                meter.leave_out(one.uri)
    return inputs


def _work(job: Job, inputs: Sequence[Input], executor: Executor, loading: Loading) -> dict[str, str]:
    """Run all units that are left; the videos that needed work, with their locations."""
    planner = job.planner
    units = planner.units(inputs)
    worked_on = {unit.video_id: unit.uri for unit in units}
    probes = {unit.video_id for unit in units if PROBE in unit.stages}
    counts = _stage_counts(planner, inputs)
    job.progress(Planned(len(inputs), len(worked_on), counts))
    if not units:
        return {}
    if executor == "ray":
        loading.ray()
    else:
        loading.models(job.encoders, [stage for stage, _ in counts], index=True)
    with on_threads(job) as execute:
        # Probing measures how long videos are, so that the longest can be split and begun first.
        _until_done(job, [one for one in inputs if one.video_id in probes], execute, probes_only=True)
        rest = _longest_first(job, inputs, len(worked_on))
        if executor == "local":
            _in_waves(job, rest, execute)
    if rest and executor == "ray":
        # Imported here, so that jobs without Ray need not wait for it.
        from workflows.executors.ray.executor import on_ray

        with on_ray(job) as execute:
            _in_waves(job, rest, execute)
    for video_id, uri in worked_on.items():
        job.video_ended(video_id, uri)
    return worked_on


def _longest_first(job: Job, inputs: Sequence[Input], total_videos: int) -> list[Input]:
    """The probed videos with stages left, the longest first. ``total_videos``: how many videos needed work at first."""
    left = job.planner.units(inputs)
    parts = Counter(base_stage(stage) for unit in left if unit.part is not None for stage in unit.stages)
    if parts:
        # Now that lengths are known, so is how often each stage will run.
        counts = tuple((stage, count + parts[stage]) for stage, count in _stage_counts(job.planner, inputs))
        job.progress(Planned(len(inputs), total_videos, counts))
    by_id = {one.video_id: one for one in reversed(inputs) if one.video_id}
    return [by_id[video_id] for video_id in dict.fromkeys(unit.video_id for unit in left)]


def _in_waves(job: Job, inputs: Sequence[Input], execute: Run) -> None:
    for first in range(0, len(inputs), WAVE):
        _until_done(job, inputs[first : first + WAVE], execute)


def _until_done(job: Job, inputs: Sequence[Input], execute: Run, probes_only: bool = False) -> None:
    """Plan and execute until nothing is left: parts first, then what joins them, and retryable failures again."""
    tried: Counter[tuple[str, int | None, str]] = Counter()
    while True:
        left = patiently(lambda: job.planner.units(inputs))
        units = [unit for unit in left if not probes_only or PROBE in unit.stages]
        # The ledger counts neither failures that are not the video's fault nor units that the budget refused; here
        # they count, or this would never end.
        units = [unit for unit in units if tried[unit.name] < job.store.ledger.max_attempts]
        if not units:
            return
        tried.update(unit.name for unit in units)
        execute(units)


def _stage_counts(planner: Planner, inputs: Iterable[Input]) -> tuple[tuple[str, int], ...]:
    """How many videos each stage will run on, as far as is known before they are probed."""
    left = planner.left_by_video({one.video_id for one in inputs if one.video_id})
    counts = Counter(stage for stages_left in left.values() for stage in stages_left)
    return tuple((stage, counts[stage]) for stage in planner.wanted if counts[stage])


def _reported(one: Input, receipts: Sequence[Receipt], worked_on: bool, job: Job) -> VideoReport:
    if not one.video_id:
        status: VideoStatus = "postponed" if one.postponed else "failed"
        return VideoReport("", one.uri, status, one.code, one.message, (), reused=False)
    planner = job.planner
    in_parts = any(base_stage(receipt.key.stage) != receipt.key.stage for receipt in receipts)
    stage_fingerprints = planner.part_fingerprints(job.store.catalog.video(one.video_id)) if in_parts else {}
    outcome = outcome_of(receipts, planner.wanted_of(one.video_id), job.postponing, stage_fingerprints)
    return VideoReport(
        video_id=one.video_id,
        uri=one.uri,
        status=outcome.status,
        error_code=outcome.error_code,
        error_message=outcome.error_message,
        stages=outcome.stages,
        reused=outcome.status == "done" and not worked_on,
    )

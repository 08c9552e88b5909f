"""Ingest: find files, know them, watch what is new, and account for every input."""

from __future__ import annotations

import os
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pipeline.perceive import Stage, fingerprints, stages
from stores.errors import CODES, UsageError
from stores.ids import sha256_of
from stores.ledger import MAX_ATTEMPTS
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


def ingest(
    store: LibraryStore,
    encoders: Encoders,
    paths: Sequence[Path | str],
    *,
    executor: Executor = "local",
    workers: int | None = None,
    address: str | None = None,
    retry: bool = False,
    progress: Progress = silent,
) -> IngestReport:
    """Watch and hear every video under ``paths`` that is not known yet, and keep what was found.

    Bad inputs are part of the report, not exceptions. What is done is not done again, whatever the file
    is called now; a copy is recognised. What failed for good is not tried again while the file is the same.

    Args:
        executor: ``local`` works in this process, ``ray`` on a Ray cluster.
        workers: videos at the same time; None for one for each processor.
        address: of a Ray cluster to join; None starts one on this machine for the job.
        retry: try again also what failed for good or is quarantined.
        progress: told what happens, from several threads.

    Raises:
        UsageError: USAGE for an executor there is none of.
        StoreError: LIBRARY_LOCKED if another process writes; or if the library cannot be written any more.
    """
    if executor not in EXECUTORS:
        raise UsageError("USAGE", f"there is no executor {executor!r}.", f"Choose one of: {', '.join(EXECUTORS)}.")
    began = time.monotonic()
    with store.writer(), job_log(store.root):
        last = next(iter(store.runs.runs()), None)
        run = store.runs.begin(f"ingest --executor {executor}", f"{executor}-{os.getpid()}")
        if last is not None and last.finished_at is None:
            store.sweep()  # the last job was killed: it may have left what nothing points at
        found = discover(paths, library=store.root)
        inputs = identify(store, found, lambda done, of: progress(Identified(done, of)))
        order = stages(encoders)
        wanted = fingerprints(order)
        units = _units(store, order, inputs, retry)
        counts = Counter(stage for unit in units for stage in unit.stages)
        progress(Planned(len(inputs), len(units), tuple((stage, counts[stage]) for stage in wanted if counts[stage])))
        if units:
            _execute(store, encoders, units, executor, workers, address, progress)
        worked_on = {(unit.video_id, unit.uri) for unit in units}
        receipts = _receipts(store)
        videos = [
            _reported(one, receipts[one.video_id], wanted, (one.video_id, one.uri) in worked_on) for one in inputs
        ]
        watched = [store.catalog.video(unit.video_id) for unit in units]
        totals = total(
            videos,
            inputs=len(found.files) + len(found.problems),
            media_seconds=sum(video.seconds for video in watched if video is not None),
            wall_seconds=time.monotonic() - began,
        )
        store.runs.end(run, asdict(totals))
    return IngestReport(tuple(videos), totals)


def plan_only(store: LibraryStore, encoders: Encoders, paths: Sequence[Path | str]) -> tuple[PlannedVideo, ...]:
    """What `ingest` would do with each input. Nothing is written, and new files are not even read.

    A renamed file or a copy therefore looks new here; `ingest` recognises it.
    """
    found = discover(paths, library=store.root)
    order = stages(encoders)
    receipts = _receipts(store)
    planned: list[PlannedVideo] = []
    for file in found.files:
        video_id = store.catalog.known(file.path, file.size, file.mtime_ns) or ""
        planned.append(PlannedVideo(video_id, uri_of(file.path), tuple(_left(receipts[video_id], order))))
    unreadable = [PlannedVideo("", uri_of(problem.path), (), problem.code) for problem in found.problems]
    return tuple(planned + unreadable)


def _receipts(store: LibraryStore) -> defaultdict[str, list[Receipt]]:
    """All receipts by video, in the order in which the stages were begun."""
    found: defaultdict[str, list[Receipt]] = defaultdict(list)
    for receipt in store.ledger.receipts():
        found[receipt.key.video_id].append(receipt)
    return found


def _units(store: LibraryStore, order: Sequence[Stage], inputs: Iterable[Input], retry: bool) -> tuple[WorkUnit, ...]:
    """One unit of work for each video with something left to do, however many inputs hold it."""
    receipts = _receipts(store)
    units: dict[str, WorkUnit] = {}
    for one in inputs:
        if not one.video_id or one.video_id in units:
            continue
        left = _left(receipts[one.video_id], order, retry)
        if left:
            video = store.catalog.video(one.video_id)
            sha256 = video.sha256 if video else sha256_of(path_of(one.uri))
            made = max((receipt.attempt for receipt in receipts[one.video_id]), default=0) if retry else 0
            units[one.video_id] = WorkUnit(
                one.video_id, one.uri, sha256, one.size, left, limit=made + MAX_ATTEMPTS, retry=retry
            )
    return tuple(units.values())


def _left(receipts: Iterable[Receipt], order: Sequence[Stage], retry: bool = False) -> dict[str, str]:
    """Fingerprint by stage, of the stages that are left to do for a video with these receipts.

    Args:
        order: all stages, each after what it reads.
        retry: count also what failed for good, and what rests on it.
    """
    left = fingerprints(order)
    done: set[str] = set()
    hopeless: set[str] = set()
    for receipt in receipts:
        if left.get(receipt.key.stage) != receipt.key.fingerprint:
            continue
        if receipt.status == "done":
            done.add(receipt.key.stage)
        elif _settled(receipt) and not retry:
            hopeless.add(receipt.key.stage)
    for stage in order:
        if hopeless.intersection(stage.inputs):
            hopeless.add(stage.name)
    return {stage: mark for stage, mark in left.items() if stage not in done | hopeless}


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
    # Imported here: who has nothing to do must not wait for Ray or for models.
    if executor == "ray":
        from workflows.ray_data import run_on_ray

        run_on_ray(store, encoders, units, workers, progress, address)
    else:
        from workflows.local import run_local

        run_local(store, encoders, units, workers, progress)


def _reported(one: Input, receipts: Iterable[Receipt], wanted: Mapping[str, str], worked_on: bool) -> VideoReport:
    if not one.video_id:
        return VideoReport("", one.uri, "failed", one.code, one.message, (), reused=False)
    ending = ending_of(receipts, wanted)
    return VideoReport(
        video_id=one.video_id,
        uri=one.uri,
        status=ending.status,
        error_code=ending.error_code,
        error_message=ending.error_message,
        stages=ending.stages,
        reused=ending.status == "done" and not worked_on,
    )

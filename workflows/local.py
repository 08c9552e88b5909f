"""Many videos in this process: a thread and a decoder for each worker, the models shared, one writer at a time."""

from __future__ import annotations

import logging
import os
import queue
import signal
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack
from typing import TYPE_CHECKING

from pipeline.decoder import Decoder
from stores.errors import KinodexError, StoreError
from stores.ledger import Attempt
from stores.records import Receipt
from workflows.progress import Progress, StageAdvanced, StageFinished, StageStarted, VideoFinished
from workflows.report import ending_of
from workflows.work import Ending, Hands, Reports, WorkUnit, work

if TYPE_CHECKING:
    from encoders.bundle import Encoders
    from stores.library_store import LibraryStore

_log = logging.getLogger(__name__)


def default_workers() -> int:
    """One for each processor this process may use: a model call keeps one busy."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run_local(
    store: LibraryStore, encoders: Encoders, units: Sequence[WorkUnit], workers: int | None, progress: Progress
) -> None:
    """Work through ``units``, the largest first, and commit every stage as it ends.

    A `KeyboardInterrupt` stops every worker after its current stage, which is then left for the next run.

    Args:
        workers: videos at the same time; None for one for each processor.

    Raises:
        StoreError: if the library cannot be written any more; what was committed stays.
    """
    count = min(workers or default_workers(), len(units))
    job = _Job(store, encoders, progress)
    with ExitStack() as stack:
        decoders: queue.SimpleQueue[tuple[str, Decoder]] = queue.SimpleQueue()
        for number in range(count):
            decoders.put((f"local-{os.getpid()}-{number}", stack.enter_context(Decoder())))
        pool = stack.enter_context(ThreadPoolExecutor(count, "kinodex", initializer=_leave_interrupts_to_main))
        futures = [pool.submit(job.run, unit, decoders) for unit in sorted(units, key=lambda unit: -unit.size)]
        try:
            wait(futures, return_when="FIRST_EXCEPTION")
        finally:
            # After an error or an interruption: begin nothing more, let what runs come to its end.
            if not all(future.done() for future in futures):
                job.stop.set()
                pool.shutdown(wait=False, cancel_futures=True)
    for future in futures:
        if not future.cancelled():
            future.result()


def _leave_interrupts_to_main() -> None:
    # Child processes inherit the mask: Ctrl-C must not kill a decoder and pass for a crash.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})


class _Job:
    def __init__(self, store: LibraryStore, encoders: Encoders, progress: Progress) -> None:
        self.stop = threading.Event()
        self._store = store
        self._encoders = encoders
        self._progress = progress
        self._writing = threading.Lock()

    def run(self, unit: WorkUnit, decoders: queue.SimpleQueue[tuple[str, Decoder]]) -> None:
        name, decoder = decoders.get()
        try:
            hands = Hands(name, self._store.ledger, self._encoders, decoder)
            work(unit, self._store.memory(unit.video_id), hands, self._reports(unit))
        finally:
            decoders.put((name, decoder))
        if not self.stop.is_set():
            self._progress(finished(self._store, unit))

    def _reports(self, unit: WorkUnit) -> Reports:
        def ended(attempt: Attempt, ending: Ending) -> None:
            with self._writing:
                receipt = settle(self._store, attempt, ending)
            if receipt is not None:
                self._progress(stage_finished(unit, receipt))

        return Reports(
            begun=lambda stage: self._progress(StageStarted(unit.video_id, unit.uri, stage)),
            advanced=lambda stage, share: self._progress(StageAdvanced(unit.video_id, stage, share)),
            settled=lambda receipt: self._progress(stage_finished(unit, receipt)),
            ended=ended,
            stopped=self.stop.is_set,
        )


def settle(store: LibraryStore, attempt: Attempt, ending: Ending) -> Receipt | None:
    """Write down how a stage ended; None if another worker has taken the attempt over.

    Raises:
        StoreError: if the library cannot be written.
    """
    try:
        if isinstance(ending, KinodexError):
            return store.ledger.fail(attempt, ending.code.name, ending.message)
        return store.commit(attempt, ending)
    except StoreError as error:
        if error.code.name == "STALE_ATTEMPT":
            _log.warning("%s", error)
            return None
        raise


def stage_finished(unit: WorkUnit, receipt: Receipt) -> StageFinished:
    """The event for a receipt."""
    key = receipt.key
    return StageFinished(
        unit.video_id, unit.uri, key.stage, receipt.status, receipt.error_code, receipt.seconds, receipt.attempt
    )


def finished(store: LibraryStore, unit: WorkUnit) -> VideoFinished:
    """The event for a video without anything left to do."""
    ending = ending_of(store.ledger.receipts(unit.video_id), unit.stages)
    video = store.catalog.video(unit.video_id)
    return VideoFinished(unit.video_id, unit.uri, ending.status, ending.error_code, video.seconds if video else 0.0)

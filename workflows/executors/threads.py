"""The local executor: a thread and a decoder for each worker, shared models, one writer at a time."""

from __future__ import annotations

import logging
import os
import queue
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from pipeline.decode.decoder import Decoder
from stores.core.errors import KinodexError, StoreError
from stores.core.patience import patiently
from stores.core.records import Receipt
from stores.known_frame_hashes import KnownFrameHashes
from stores.ledger import Attempt
from stores.sql.faults import in_one_line
from workflows.executors.exclusive import SharedExclusiveLock, is_last_attempt
from workflows.telemetry.progress import StageAdvanced, StageStarted
from workflows.work import Outcome, WorkerCallbacks, WorkerContext, work
from workflows.workers import default_workers

if TYPE_CHECKING:
    from stores.library_store import LibraryStore
    from workflows.job import Job
    from workflows.units import WorkUnit

_log = logging.getLogger(__name__)

STORING_FAILED = "The stage worked, but storing what it found failed"
"""How the message of such a failure begins."""


@contextmanager
def on_threads(job: Job) -> Iterator[Callable[[Sequence[WorkUnit]], None]]:
    """Start a decoder for each worker, and yield a function that runs units with them.

    The function takes units in the given order and commits each stage as it ends. A `KeyboardInterrupt` stops all
    workers in the middle of their stages, which are left for the next run. The function raises `StoreError` if the
    library cannot be written any more; what is already committed stays.
    """
    with ExitStack() as stack:
        decoders = _Decoders()
        for number in range(job.workers or default_workers()):
            decoders.put((f"local-{os.getpid()}-{number}", stack.enter_context(Decoder())))
        yield partial(_run, job, decoders)


def _run(job: Job, decoders: _Decoders, units: Sequence[WorkUnit]) -> None:
    count = min(decoders.qsize(), len(units))
    workers = _Workers(job)
    with ExitStack() as stack:
        pool = stack.enter_context(ThreadPoolExecutor(count, "kinodex", initializer=_leave_interrupts_to_main))
        futures = [pool.submit(workers.run, unit, decoders) for unit in units]
        try:
            wait(futures, return_when="FIRST_EXCEPTION")
        finally:
            # After an error or an interruption, begin nothing more, and let running stages end.
            if not all(future.done() for future in futures):
                workers.stop.set()
                pool.shutdown(wait=False, cancel_futures=True)
    for future in futures:
        if not future.cancelled():
            future.result()


def _leave_interrupts_to_main() -> None:
    # Child processes inherit the mask. Otherwise Ctrl-C, or stopping a service, would kill a decoder, which would look
    # like a crash.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})


# Idle decoders, each with the name of its worker.
_Decoders: TypeAlias = queue.SimpleQueue[tuple[str, Decoder]]


class _Workers:
    def __init__(self, job: Job) -> None:
        self.stop = threading.Event()
        self._job = job
        self._known = KnownFrameHashes(job.store)
        self._lock = SharedExclusiveLock()
        self._writing = threading.Lock()

    def run(self, unit: WorkUnit, decoders: _Decoders) -> None:
        job = self._job
        last_attempt = patiently(lambda: is_last_attempt(job.store.ledger, unit))
        with self._lock.exclusive() if last_attempt else self._lock.shared():
            if self.stop.is_set() or (job.meter is not None and not job.meter.may_begin(unit)):
                return
            name, decoder = decoders.get()
            try:
                context = WorkerContext(name, job.store.ledger, job.encoders, decoder, job.config, self._known)
                work(unit, job.store.memory(unit.video_id), context, self._callbacks(unit))
            finally:
                decoders.put((name, decoder))
                if job.meter is not None:
                    job.meter.ended(unit)
        if not self.stop.is_set():
            job.unit_ended(unit)

    def _callbacks(self, unit: WorkUnit) -> WorkerCallbacks:
        job = self._job

        def ended(attempt: Attempt, outcome: Outcome) -> None:
            with self._writing:
                receipt = record_outcome(job.store, attempt, outcome)
            if receipt is not None:
                job.stage_ended(unit, receipt)

        return WorkerCallbacks(
            begun=lambda stage: job.progress(StageStarted(unit.video_id, unit.uri, stage)),
            advanced=lambda stage, share: job.progress(StageAdvanced(unit.video_id, stage, share)),
            resolved=lambda receipt: job.stage_known(unit, receipt),
            ended=ended,
            stopped=self._stopped,
        )

    def _stopped(self) -> bool:
        """Whether the job was told to stop or has exceeded its budget; running attempts are then released."""
        meter = self._job.meter
        return self.stop.is_set() or (meter is not None and bool(meter.over()))


def record_outcome(store: LibraryStore, attempt: Attempt, outcome: Outcome) -> Receipt | None:
    """Record how a stage ended, waiting while a server is unreachable; None if another worker took the attempt over.

    Raises:
        StoreError: if the library cannot be written.
    """
    try:
        if isinstance(outcome, KinodexError):
            return patiently(lambda: store.ledger.fail(attempt, outcome.code.name, outcome.message))
        return patiently(lambda: store.commit(attempt, outcome))
    except StoreError as error:
        if error.code.name == "STALE_ATTEMPT":
            _log.warning("%s", error)
            return None
        raise
    except KinodexError:
        raise
    except Exception as error:  # noqa: BLE001
        # An output that cannot be stored is a bug in this stage; no other stage should suffer from it.
        _log.exception("%s of %s", attempt.key.stage, attempt.key.video_id)
        message = f"{STORING_FAILED}: {in_one_line(error)}"
        return patiently(lambda: store.ledger.fail(attempt, "INTERNAL", message))

"""A process that does jobs, one after the other: `python -m kinodex.jobs.worker`.

The server starts it (`kinodex.jobs.supervisor`) and writes the settings into its standard input, which stays open: when
the server is gone, however it went, that input ends, and so does the worker, whose job goes back into the queue.
`kinodex jobs work` runs the same loop in a terminal or a container of its own.
"""

from __future__ import annotations

import io
import json
import logging
import os
import signal
import sys
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from kinodex.jobs.exporting import tidy
from kinodex.jobs.lease_keeper import INTERRUPTION, LeaseKeeper
from kinodex.jobs.progress import Reporter
from kinodex.jobs.runners import RUNNERS
from kinodex.jobs.tasks import Made, Task
from kinodex.settings import Settings
from stores.core.errors import KinodexError, StoreError
from stores.jobs.records import JobError
from workflows.tagging.batch import put_in_place

if TYPE_CHECKING:
    from kinodex.library import Library
    from stores.jobs.records import Job, JobLease

IDLE_SECONDS = 0.5
"""Between two looks at an empty queue. Source: our choice: one small query, and nobody notices the wait."""

LOCKED_SECONDS = 2.0
"""Between two attempts while another process works on the library. Source: our choice."""

TIDY_SECONDS = 3_600.0
"""Between two looks for exports that are too old. Source: our choice: they are kept for days."""

BUSY = "Another process is working on the library; this job goes on when that has ended."
"""What a job says meanwhile."""

_log = logging.getLogger("kinodex.jobs")


class Interrupted(KeyboardInterrupt):
    """The job, or the worker, shall stop: workflows treat it like Ctrl-C."""


class Worker:
    """Takes jobs of one library and does them in the main thread of this process.

    Args:
        library: opened, and used by nobody else in this process.
    """

    def __init__(self, library: Library) -> None:
        self._library = library
        self._ledger = library.store.job_ledger
        self._stopping = threading.Event()
        self._busy = False
        self._tidied: float | None = None

    def run(self, once: bool = False) -> int:
        """Do jobs until told to stop by SIGTERM or SIGINT; ``once``: until none is left.

        Returns:
            How many were done or ended otherwise.

        Raises:
            StoreError: if the library cannot be read or written any more.
        """
        before = {number: signal.signal(number, self._stop) for number in (signal.SIGTERM, signal.SIGINT)}
        before[INTERRUPTION] = signal.signal(INTERRUPTION, self._interrupt)
        ended = 0
        try:
            while not self._stopping.is_set():
                taken = self._ledger.take()
                if taken is not None:
                    self._do(*taken)
                    ended += 1
                elif once:
                    break
                else:
                    self._tidy()
                    self._stopping.wait(IDLE_SECONDS)
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
        return ended

    def _stop(self, _number: int, _frame: object) -> None:
        self._stopping.set()
        self._interrupt(0, None)

    def _interrupt(self, _number: int, _frame: object) -> None:
        if self._busy:
            # Once is enough: a second one must not interrupt the release of attempts.
            self._busy = False
            raise Interrupted

    def _do(self, job: Job, lease: JobLease) -> None:
        _log.info("%s %s, attempt %d", job.kind, job.job_id, lease.attempt)
        reporter = Reporter()
        made: Made | None = None
        fault: JobError | None = None
        with LeaseKeeper(self._ledger, lease, reporter) as keeper:
            try:
                resumed = self._library.store.jobs.items_done(job.job_id) if lease.attempt > 1 else frozenset()
                self._busy = True
                if self._stopping.is_set():  # told so just before
                    raise Interrupted
                made = self._made(Task(self._library, job, reporter, resumed))
            except KeyboardInterrupt:
                pass
            except Exception as error:  # noqa: BLE001
                # Last resort: a bug in one job must not end the worker.
                fault = self._fault(error)
            finally:
                self._busy = False
        if job.kind == "export" and (keeper.lost or made is None):
            # Before the job may be another's. If that fails, nobody is given the file, and it goes with its age.
            with suppress(KinodexError):
                self._library.store.exports.forget_job(job.job_id, lease.attempt)
        if job.kind == "tag" and keeper.cancelled and not keeper.lost and made is None:
            with suppress(KinodexError):
                # Nobody goes on with it: what it has finished stays.
                put_in_place(self._library.store)
        if keeper.lost:
            _log.warning("%s was taken over or removed", job.job_id)
            return
        with suppress(StoreError):  # STALE_ATTEMPT: as if it had been noticed in time
            self._end(lease, keeper.cancelled, made, fault)

    def _tidy(self) -> None:
        """Now and then, in an idle moment: files of exports go with their age, whether or not another is ordered."""
        now = time.monotonic()
        if self._tidied is None or now - self._tidied >= TIDY_SECONDS:
            self._tidied = now
            try:
                tidy(self._library.store, self._library.settings.server)
            except (KinodexError, OSError) as error:
                _log.warning("Old exports are not removed: %s", error)

    def _fault(self, error: Exception) -> JobError:
        try:
            self._library.store.check_folder()
        except StoreError as gone:
            return _fault(gone)
        return _fault(error)

    def _end(self, lease: JobLease, cancelled: bool, made: Made | None, fault: JobError | None) -> None:
        if made is not None:
            self._ledger.finish(lease, made.totals, made.report)
        elif fault is not None:
            self._ledger.fail(lease, fault)
        elif cancelled:
            self._ledger.cancelled(lease)
        else:
            self._ledger.release(lease)

    def _made(self, task: Task) -> Made:
        """The job done, however long another process keeps the library busy before."""
        while True:
            try:
                return RUNNERS[task.job.kind](task)
            except StoreError as error:
                if error.code.name != "LIBRARY_LOCKED":
                    raise
                task.reporter.waits(BUSY)
                time.sleep(LOCKED_SECONDS)


def _fault(error: Exception) -> JobError:
    from encoders.types import WeightsError
    from pipeline.model_errors import model_error
    from stores.sql.faults import in_one_line

    if isinstance(error, WeightsError):
        error = model_error(error)
    if isinstance(error, KinodexError):
        return JobError(error.code.name, error.message, error.hint)
    _log.exception("a job failed", exc_info=error)
    return JobError("INTERNAL", f"{in_one_line(error).rstrip('.')}.", "This is a bug in Kinodex; its log says where.")


_POLITENESS = 10
"""How far a worker stands back for the server that people wait for; idle cores are its own all the same."""


def main() -> int:
    """The worker of a server: settings come in as one line of JSON; it ends when the input does."""
    from kinodex.library import Library

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    # Unbuffered: a thread that waits in a buffered read keeps Python from ending.
    server = io.FileIO(0, closefd=False)
    line = server.readline()
    if not line:
        return 0
    settings = Settings.model_validate(json.loads(line))
    os.nice(_POLITENESS)

    def watch() -> None:
        while server.read(1 << 16):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    with Library(settings) as library:
        worker = Worker(library)
        threading.Thread(target=watch, name="server", daemon=True).start()
        worker.run()
    return 0


if __name__ == "__main__":
    sys.exit(main())

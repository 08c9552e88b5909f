"""Holds on to a job while the main thread does it: renews the lease, stores progress, and notices when to stop."""

from __future__ import annotations

import logging
import signal
import threading
from types import TracebackType
from typing import TYPE_CHECKING

from stores.core.errors import KinodexError

if TYPE_CHECKING:
    from kinodex.jobs.progress import Reporter
    from stores.jobs.job_ledger import JobLedger
    from stores.jobs.records import JobLease

BEAT_SECONDS = 0.5
"""Between two looks. Source: our choice: a person who waits sees a bar move, the database one small write a second."""

QUIET_SECONDS = 10.0
"""Between two renewals of a lease when nothing happens. Source: our choice: six in `job_ledger.LEASE_SECONDS`."""

INTERRUPTION = signal.SIGUSR1
"""What the main thread is sent; `kinodex.jobs.worker` turns it into a `KeyboardInterrupt`. Unlike SIGINT it never comes
from a terminal."""

_log = logging.getLogger(__name__)


class LeaseKeeper:
    """A thread beside the main thread, for the time of one job. Use as a context manager, in the main thread.

    Attributes:
        cancelled: whether somebody asked for the job's end.
        lost: whether another worker has the job, or it is over: nothing of it may be written any more.
    """

    def __init__(self, ledger: JobLedger, lease: JobLease, reporter: Reporter) -> None:
        self._ledger = ledger
        self._lease = lease
        self._reporter = reporter
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._keep, name=f"lease of {lease.job_id}", daemon=True)
        self.cancelled = False
        self.lost = False

    def __enter__(self) -> LeaseKeeper:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()
        if not self.lost:
            self._beat(1.0)

    def _keep(self) -> None:
        quiet = 0.0
        while not self._over.wait(BEAT_SECONDS):
            quiet = 0.0 if self._beat(quiet) else quiet + BEAT_SECONDS
            if (self.cancelled or self.lost) and not self._over.is_set():
                signal.pthread_kill(threading.main_thread().ident or 0, INTERRUPTION)
                if self.lost:
                    return

    def _beat(self, quiet: float) -> bool:
        """One look; whether anything was written."""
        events, progress = self._reporter.take()
        if progress is None and not self._asked() and 0 < quiet < QUIET_SECONDS:
            return False
        try:
            self.cancelled = self._ledger.append(self._lease, events, progress) or self.cancelled
        except KinodexError as error:
            if error.code.name == "STALE_ATTEMPT":
                self.lost = True
                return True
            # A server that is away, or a full disk: the job itself will say so if it lasts.
            _log.warning("Progress of %s is not stored: %s", self._lease.job_id, error)
            self._reporter.put_back(events)
            return False
        return True

    def _asked(self) -> bool:
        try:
            return self._ledger.cancel_asked(self._lease)
        except KinodexError:
            return False

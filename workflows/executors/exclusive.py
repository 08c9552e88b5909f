"""A shared-exclusive lock for work in one process: exclusive where a crash must be traced to one unit.

Models run in the worker's own process. A unit that crashes it also costs every other unit in that process an attempt.
Retried side by side, all of them could be quarantined for the fault of one. So a unit's last remaining attempt is made
exclusively: if the process dies then, that unit was the cause.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from stores.core.records import Receipt
from stores.ledger import Ledger
from workflows.units import WorkUnit


class SharedExclusiveLock:
    """Held by any number of threads in shared mode, or by a single one in exclusive mode.

    A thread that waits for exclusive mode takes precedence over new shared holders.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._shared = 0
        self._waiting_for_exclusive = 0
        self._exclusive = False

    @contextmanager
    def shared(self) -> Iterator[None]:
        """Hold the lock together with other threads."""
        with self._changed:
            self._changed.wait_for(lambda: not self._exclusive and not self._waiting_for_exclusive)
            self._shared += 1
        try:
            yield
        finally:
            with self._changed:
                self._shared -= 1
                self._changed.notify_all()

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Hold the lock while no other thread does."""
        with self._changed:
            self._waiting_for_exclusive += 1
            try:
                self._changed.wait_for(lambda: not self._exclusive and not self._shared)
                self._exclusive = True
            finally:
                self._waiting_for_exclusive -= 1
        try:
            yield
        finally:
            with self._changed:
                self._exclusive = False
                self._changed.notify_all()


def lost_attempts(ledger: Ledger, unit: WorkUnit) -> list[Receipt]:
    """Attempts at stages of ``unit`` that never ended because their workers died; no worker may hold the unit now."""
    return [
        receipt
        for receipt in ledger.receipts(unit.video_id)
        if receipt.status == "running" and unit.stages.get(receipt.key.stage) == receipt.key.fingerprint
    ]


def is_last_attempt(ledger: Ledger, unit: WorkUnit) -> bool:
    """Whether workers have died during a stage of ``unit`` so often that its next attempt is the last one allowed."""
    return any(receipt.strikes + 1 >= ledger.max_attempts for receipt in lost_attempts(ledger, unit))

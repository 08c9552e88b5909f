"""Work side by side, and alone where it must be known who kills a worker.

Models run in the worker's own process. Whoever brings that down takes along what its neighbours had in hand, each of
which has lost an attempt then, too. They would be tried again beside each other, until all are given up for the fault
of one. So the last attempt that a unit has left is made alone: if the worker dies then, it died of that.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from stores.core.records import Receipt
from stores.ledger import Ledger
from workflows.units import WorkUnit


class SharedExclusiveLock:
    """The threads of one process that work on units.

    Whoever asks to be alone waits until the others are done, and meanwhile nobody begins.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._working = 0
        self._waiting = 0  # to be alone
        self._alone = False

    @contextmanager
    def shared(self) -> Iterator[None]:
        """Work while others do."""
        with self._changed:
            self._changed.wait_for(lambda: not self._alone and not self._waiting)
            self._working += 1
        try:
            yield
        finally:
            with self._changed:
                self._working -= 1
                self._changed.notify_all()

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Work while nobody else does."""
        with self._changed:
            self._waiting += 1
            try:
                self._changed.wait_for(lambda: not self._alone and not self._working)
                self._alone = True
            finally:
                self._waiting -= 1
        try:
            yield
        finally:
            with self._changed:
                self._alone = False
                self._changed.notify_all()


def lost(ledger: Ledger, unit: WorkUnit) -> list[Receipt]:
    """The attempts at stages of ``unit``, which nobody works on now, that never ended: their workers died."""
    return [
        receipt
        for receipt in ledger.receipts(unit.video_id)
        if receipt.status == "running" and unit.stages.get(receipt.key.stage) == receipt.key.fingerprint
    ]


def has_one_chance_left(ledger: Ledger, unit: WorkUnit) -> bool:
    """Whether a worker died of a stage of ``unit``, or beside it, so often that one more attempt is the last."""
    return any(receipt.strikes + 1 >= ledger.max_attempts for receipt in lost(ledger, unit))

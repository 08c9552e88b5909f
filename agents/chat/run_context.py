"""What a node may ask and tell while a turn runs; LangGraph hands it over as ``runtime.context``."""

from __future__ import annotations

import threading
import time
from typing import Literal

from stores.threads.records import Usage

StopReason = Literal["cancelled", "timeout"]

_NOTHING = Usage()


class TurnStoppedError(Exception):
    """The turn is to end now. Nodes and tools let it pass.

    Args:
        reason: why.
    """

    def __init__(self, reason: StopReason) -> None:
        super().__init__(reason)
        self.reason: StopReason = reason


class RunContext:
    """One attempt at a turn, as its nodes see it. Safe to use from several threads.

    Args:
        seconds: how long it may take from now.
        spent: by earlier attempts.
    """

    def __init__(self, seconds: float, spent: Usage = _NOTHING) -> None:
        self._began = time.monotonic()
        self._deadline = self._began + seconds
        self._spent = spent
        self._reason: StopReason | None = None
        self._lock = threading.Lock()

    def check(self) -> None:
        """To be called before every tool call and every call of a model, and during any wait for either.

        Raises:
            TurnStoppedError: if the turn was cancelled or has taken too long.
        """
        if self._reason is None and self.seconds_left <= 0:
            self.stop("timeout")
        if self._reason is not None:
            raise TurnStoppedError(self._reason)

    def stop(self, reason: StopReason) -> None:
        """Makes `check` raise from now on; the first reason counts."""
        with self._lock:
            self._reason = self._reason or reason

    @property
    def stopped(self) -> StopReason | None:
        """Why it is to end; None while it may go on."""
        return self._reason

    @property
    def seconds_left(self) -> float:
        """Until it has taken too long; may be negative."""
        return self._deadline - time.monotonic()

    def spend(self, calls: int = 0, tokens: int = 0, cost: float = 0.0) -> None:
        """Adds what a call of a model has cost (US dollars)."""
        with self._lock:
            before = self._spent
            total = (before.calls + calls, before.tokens + tokens, before.seconds, before.cost + cost)
            self._spent = Usage(*total)

    @property
    def usage(self) -> Usage:
        """The cost of the turn so far, with that of earlier attempts."""
        with self._lock:
            spent, took = self._spent, time.monotonic() - self._began
        return Usage(spent.calls, spent.tokens, spent.seconds + took, spent.cost)

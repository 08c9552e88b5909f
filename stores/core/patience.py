"""Retrying while a server is unreachable: restarts and short outages cost time, not work."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TypeVar

from stores.core.errors import KinodexError

UNREACHABLE = frozenset({"DATABASE_UNREACHABLE", "VECTOR_STORE_UNREACHABLE", "BLOB_STORE_UNREACHABLE"})
"""The codes of errors that may go away by themselves."""

SECONDS = 120.0
"""Total time to keep retrying. Source: our choice: a server or a container restarts well within it."""

_FIRST_PAUSE = 0.2
_LONGEST_PAUSE = 5.0

T = TypeVar("T")


def patiently(
    do: Callable[[], T], seconds: float = SECONDS, on_pause: Callable[[KinodexError, float], None] | None = None
) -> T:
    """Calls ``do``, and again after growing pauses while it fails because a server cannot be reached.

    ``do`` must be idempotent: the first call may have done its work and only the answer was lost.

    Args:
        seconds: how long to retry before the error is raised; a call in progress is not interrupted.
        on_pause: called before each pause with the error and the length of the pause in seconds.

    Raises:
        KinodexError: what ``do`` raises: one of `UNREACHABLE` after ``seconds``, any other code at once.
    """
    deadline = time.monotonic() + seconds
    longest = _FIRST_PAUSE
    while True:
        try:
            return do()
        except KinodexError as error:
            left = deadline - time.monotonic()
            if error.code.name not in UNREACHABLE or left <= 0:
                raise
            # Jitter: many workers may be waiting for the same server.
            pause = min(left, longest * random.uniform(0.5, 1.0))
            if on_pause is not None:
                on_pause(error, pause)
        time.sleep(pause)
        longest = min(2 * longest, _LONGEST_PAUSE)

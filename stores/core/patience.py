"""Waiting for a server that is away for a while: restarts and short outages cost time, not work."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TypeVar

from stores.core.errors import KinodexError

UNREACHABLE = frozenset({"DATABASE_UNREACHABLE", "VECTOR_STORE_UNREACHABLE", "BLOB_STORE_UNREACHABLE"})
"""The codes that waiting may mend."""

SECONDS = 120.0
"""How long to wait in all. Source: our choice: a server or a container restarts well within it."""

_FIRST_PAUSE = 0.2
_LONGEST_PAUSE = 5.0

T = TypeVar("T")


def patiently(
    do: Callable[[], T], seconds: float = SECONDS, on_pause: Callable[[KinodexError, float], None] | None = None
) -> T:
    """Calls ``do`` again, after growing pauses, while it fails because a server cannot be reached.

    ``do`` must bear being called twice, also if its first call did its work and only the answer was lost.

    Args:
        seconds: after so long the error is let out; a call that has begun is not cut short.
        on_pause: called before each pause with the error and the length of the pause in seconds.

    Raises:
        KinodexError: of ``do``, any other code at once, one of `UNREACHABLE` after ``seconds``.
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
            # Many workers wait for the same server: chance keeps them from asking all at once.
            pause = min(left, longest * random.uniform(0.5, 1.0))
            if on_pause is not None:
                on_pause(error, pause)
        time.sleep(pause)
        longest = min(2 * longest, _LONGEST_PAUSE)

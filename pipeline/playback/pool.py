"""A few players for many threads, of which only some may wait."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from pipeline.playback.player import Player
from stores.core.errors import UsageError


class PlayerPool:
    """Lends a player to one thread at a time; who comes when all are lent waits.

    Args:
        size: how many there are at most.
        waiting: how many threads may use one or wait: threads that wait answer nobody else.
    """

    def __init__(self, size: int, waiting: int) -> None:
        self._inside = threading.BoundedSemaphore(waiting)
        self._lent = threading.BoundedSemaphore(size)
        self._free: list[Player] = []
        self._lock = threading.Lock()
        self._closed = False

    @contextmanager
    def acquire(self) -> Iterator[Player]:
        """A player for the block, which no other thread uses meanwhile.

        Raises:
            UsageError: TOO_MANY_REQUESTS if too many wait.
        """
        if not self._inside.acquire(blocking=False):
            raise UsageError("TOO_MANY_REQUESTS", "Too many videos are being read.", "Try again in a moment.")
        try:
            with self._lent:
                with self._lock:
                    player = self._free.pop() if self._free else Player()
                try:
                    yield player
                finally:
                    with self._lock:
                        kept = not self._closed
                        if kept:
                            self._free.append(player)
                    if not kept:
                        player.close()
        finally:
            self._inside.release()

    def close(self) -> None:
        """End the children; those that are lent end when they come back."""
        with self._lock:
            self._closed = True
            free, self._free = self._free, []
        for player in free:
            player.close()

"""A few players for many threads."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from pipeline.playback.player import Player


class PlayerPool:
    """Lends a player to one thread at a time; who comes when all are lent waits.

    Args:
        size: how many there are at most.
    """

    def __init__(self, size: int) -> None:
        self._lent = threading.BoundedSemaphore(size)
        self._free: list[Player] = []
        self._lock = threading.Lock()
        self._closed = False

    @contextmanager
    def acquire(self) -> Iterator[Player]:
        """A player for the block, which no other thread uses meanwhile."""
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

    def close(self) -> None:
        """End the children; those that are lent end when they come back."""
        with self._lock:
            self._closed = True
            free, self._free = self._free, []
        for player in free:
            player.close()

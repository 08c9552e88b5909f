"""Several copies of a model that serves one thread at a time."""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

_Model = TypeVar("_Model")


class ModelPool(Generic[_Model]):
    """Lends a model to one thread at a time, and makes another where all are lent.

    There are never more than have been in use at the same time. A lock would make the second worker of a process
    wait: with one detector for two workers an ingest took half as long again (108 s against 73 s of work for each).

    Args:
        make: makes one more.
    """

    def __init__(self, make: Callable[[], _Model]) -> None:
        self._make = make
        # The last one given back is lent first: its memory is warm.
        self._free: queue.LifoQueue[_Model] = queue.LifoQueue()
        self._free.put(make())

    @contextmanager
    def acquire(self) -> Iterator[_Model]:
        """A model for the block, which no other thread uses meanwhile."""
        try:
            model = self._free.get_nowait()
        except queue.Empty:
            model = self._make()
        try:
            yield model
        finally:
            self._free.put(model)

"""What the lines of a library are usually like, which is what a line has to stand out from."""

from __future__ import annotations

import threading
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from encoders.types import Vectors
from stores.library_store import LibraryStore

SAMPLED = 256
"""Lines of the library that are read: enough for a deviation to be known within 5 %."""


@dataclass(frozen=True, slots=True)
class UsualLines:
    """Vectors of some lines of a library (n, d), and their mean (d,)."""

    sample: Vectors
    mean: NDArray[np.float32]


class Usual:
    """The usual lines of one library, read once for a tagger: what an ingest adds meanwhile changes little."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lines: UsualLines | None = None

    def lines(self, store: LibraryStore, collection: str) -> UsualLines:
        """Those of a collection."""
        with self._lock:
            if self._lines is None:
                sample = store.vectors.sample(collection, SAMPLED)
                mean = sample.mean(axis=0) if len(sample) else np.zeros(0, np.float32)
                self._lines = UsualLines(sample, np.asarray(mean, np.float32))
            return self._lines

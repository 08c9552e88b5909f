"""The videos nearest to some vectors, for who wants to know no more of them than which they are."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from stores.vectors.nearest import ask_index_for_all
from stores.vectors.opened import OpenedIndex, reads
from stores.vectors.store import VectorStore

MOST_KNOWN = 400_000
"""Vectors whose videos are remembered: some 60 MB. Source: our choice."""


class NearVideos:
    """Asks the vectors of one library, and remembers of which videos they are while readers see the same.

    Thread-safe.
    """

    def __init__(self, vectors: VectorStore) -> None:
        self._vectors = vectors
        self._lock = threading.Lock()
        self._revision = -1
        self._known: dict[str, dict[str, str]] = {}
        self._whole: set[str] = set()

    def remember(self, collection: str) -> None:
        """Reads the videos of all vectors of a collection at once, which pays from some hundreds of questions on."""
        if collection in self._whole:
            return
        self._whole.add(collection)
        if self._vectors.rows.exceeds(collection, MOST_KNOWN // 2):
            return
        revision = self._vectors.revision()
        found = self._vectors.rows.videos_of(collection)
        with self._lock:
            if self._revision != revision:
                self._revision, self._known = revision, {}
            self._known[collection] = found

    @property
    def opened(self) -> OpenedIndex:
        """The index."""
        return self._vectors.opened

    @reads
    def near(self, collection: str, vectors: NDArray[np.float32], k: int) -> list[list[str]]:
        """For each of ``vectors`` (n, d), the videos of its ``k`` nearest ones, each once, the nearest first.

        Raises:
            StoreError: VECTOR_STORE_FAILED, e.g. if the dimensions differ.
        """
        store = self._vectors
        if not len(vectors):
            return []
        if store.is_small(collection):
            # One by one: a product of more of them adds up in another order, which may turn the nearest around.
            found = [store.query_all(collection, one[None], k, -1.0)[0] for one in vectors]
            return [list(dict.fromkeys(hit.video_id for hit in some)) for some in found]
        stored = store.readable(collection)
        if stored is None:
            return [[] for _ in vectors]
        known = partial(self._videos, collection)
        named = ask_index_for_all(partial(store.neighbours, stored, None), known, vectors, k, -1.0)
        return [list(dict.fromkeys(some)) for some in named]

    def _videos(self, collection: str, vector_ids: Sequence[str]) -> dict[str, _Video]:
        """The videos of those vectors that readers may see."""
        revision = self._vectors.revision()
        with self._lock:
            if revision != self._revision or sum(map(len, self._known.values())) > MOST_KNOWN:
                self._revision, self._known = revision, {}
            known = self._known.setdefault(collection, {})
        missing = [one for one in vector_ids if one not in known]
        if missing:
            there = self._vectors.rows.videos_of(collection, missing)
            # Those that nobody may see are remembered, too.
            known.update({one: there.get(one, "") for one in missing})
        return {one: _Video(known[one]) for one in vector_ids if known[one]}


class _Video(str):
    """The id of a video, at whatever likeness."""

    __slots__ = ()

    def at(self, _similarity: float) -> _Video:
        """Itself."""
        return self

"""How near the pictures of a library come to anything: the noise above which a picture has to stand out.

The more and the more varied clips a library has, the nearer the best of them comes to a query for something that none
shows. What a library's own pictures do for arbitrary queries says how near: all names of the concept table are asked,
nearly all of which any one library lacks, and the ratio that the best clip exceeds for a quarter of them is taken for
noise. By as much as that is above usual, pictures count for less.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence

import numpy as np

from agents.search.scoring import MATCH_RATIO, UNKNOWN_BEST
from encoders.concepts import ConceptSpace
from encoders.types import Vectors
from stores.library_store import LibraryStore

LOUD_SHARE = 0.25
"""Share of all names that the noise is exceeded by: what a library lacks may match that often. The issue is not those
few names whose things it shows, so that this is a bound for nearly all libraries."""

HEADROOM = 0.1
"""By how much a match has to exceed the noise: queries in people's words come nearer than names, since they are less
definite. Ours."""

MOST_NOISE = 0.15
"""Most that noise takes off a picture's ratio. In a large library most names are really seen, so its pictures say
little about noise. Source: our choice; varied libraries reach it with some hundred clips."""

SAMPLED = 1_000
"""Pictures that are asked, evenly spaced over the library: 10 ms, once after each commit."""

_REMEMBERED = 32  # selections of videos whose noise is kept


class PictureNoise:
    """The noise of one library's pictures, measured when first needed. Thread-safe."""

    def __init__(self, store: LibraryStore, space: ConceptSpace) -> None:
        self._store = store
        self._space = space
        self._lock = threading.Lock()
        self._known: OrderedDict[tuple[str, int, frozenset[str] | None], float] = OrderedDict()

    def of(self, collection: str, video_ids: Sequence[str] | None = None) -> float:
        """What is taken off the ratios of a collection's pictures, in [0, `MOST_NOISE`].

        Args:
            video_ids: only these are searched.
        """
        only = None if video_ids is None else frozenset(video_ids)
        key = collection, self._store.catalog.revision(), only
        with self._lock:
            if key in self._known:
                self._known.move_to_end(key)
                return self._known[key]
        noise = self._measured(collection, video_ids)
        with self._lock:
            self._known[key] = noise
            while len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        return noise

    def _measured(self, collection: str, video_ids: Sequence[str] | None) -> float:
        vectors = self._store.vectors
        if video_ids is None and not vectors.is_small(collection):
            return MOST_NOISE  # it would have to be read for this, and has far more than enough clips
        _, pictures = vectors.fetch(collection, video_ids=video_ids)
        return noise_of(pictures, self._space)


def noise_of(pictures: Vectors, space: ConceptSpace) -> float:
    """What is taken off the ratios of pictures (n, d) of one library."""
    if not len(pictures):
        return 0.0
    rows = np.unique(np.linspace(0, len(pictures) - 1, SAMPLED).astype(int)) if len(pictures) > SAMPLED else slice(None)
    best = (pictures[rows] @ space.prototypes.T).max(axis=0)
    means, deviations = space.own_background
    ratios = (best - means) / deviations / UNKNOWN_BEST
    loud = float(np.quantile(ratios, 1.0 - LOUD_SHARE))
    return min(max(loud + HEADROOM - MATCH_RATIO, 0.0), MOST_NOISE)

"""How near a library comes to anything: the noise above which a picture or a line has to stand out.

The more and the more varied clips a library has, the nearer the best of them comes to a query for something that none
shows. What a library's own pictures do for arbitrary queries says how near: all names of the concept table are asked,
nearly all of which any one library lacks, and the ratio that the best clip exceeds for a quarter of them is taken for
noise. By as much as that is above usual, pictures count for less.

Of lines, those that are really about a query stand apart from all the others, while letters without a meaning are about
as near to many. So the nearest line has to be further from the mean of all lines than the furthest of as many random
ones would be.
"""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import cast

import numpy as np

from agents.search.scoring import MATCH_RATIO, UNKNOWN_BEST, QueryScale
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
"""Pictures and lines that are asked, evenly spaced over the library: 10 ms, once after each commit."""

USUAL_LINES = 30
"""How many lines what is usual counts as beside those of a library, of which there may be few."""

USUAL_MEAN, USUAL_DEVIATION = 1.5, 1.4
"""Mean and standard deviation of the z of all lines of a library, as medians over queries of both languages."""

HIGHEST_MEAN = 3.0
"""In a library about one topic all lines are near to a query about it; then they do not tell what noise is. Letters
without a meaning reach about this."""

MANY_LINES = 5_000
"""Lines that a collection is taken to have that is not kept in memory."""

_REMEMBERED = 32  # selections of videos whose noise is kept


@dataclass(frozen=True, slots=True)
class LineNoise:
    """Lines of a library: ``sample`` (n, d) of ``count``."""

    sample: Vectors
    count: int

    def standing(self, z: float, query: Vectors, scale: QueryScale) -> float:
        """How far a line stands out from the others, in [0, 1]: 0 up to the furthest of so many random ones, 1 from one
        standard deviation further on.

        Args:
            z: of the line on ``scale``, that of the query.
            query: its vector (d,).
        """
        return float(np.clip((z - self.floor(query, scale)) / self._usual(query, scale)[1], 0.0, 1.0))

    def floor(self, query: Vectors, scale: QueryScale) -> float:
        """z up to which any of so many lines may come."""
        mean, deviation = self._usual(query, scale)
        return mean + deviation * NormalDist().inv_cdf(1.0 - 0.5 / (self.count + USUAL_LINES))

    def _usual(self, query: Vectors, scale: QueryScale) -> tuple[float, float]:
        near = self.sample @ query if len(self.sample) else np.zeros(0)
        z = (near.astype(np.float64) - scale.mean) / scale.deviation
        n = len(z) + USUAL_LINES
        mean = (z.sum() + USUAL_LINES * USUAL_MEAN) / n
        square = (((z - mean) ** 2).sum() + USUAL_LINES * (USUAL_DEVIATION**2 + (USUAL_MEAN - mean) ** 2)) / n
        return min(float(mean), HIGHEST_MEAN), math.sqrt(square)


class Noise:
    """The noise of one library, measured when first needed. Thread-safe."""

    def __init__(self, store: LibraryStore, space: ConceptSpace) -> None:
        self._store = store
        self._space = space
        self._lock = threading.Lock()
        self._known: OrderedDict[tuple[str, int, frozenset[str] | None], float | LineNoise] = OrderedDict()

    def of_pictures(self, collection: str, revision: int, video_ids: Sequence[str] | None = None) -> float:
        """What is taken off the ratios of a collection's pictures, in [0, `MOST_NOISE`].

        Args:
            revision: of the catalog.
            video_ids: only these are searched.
        """

        def measured() -> float:
            pictures = self._read(collection, video_ids)
            return MOST_NOISE if pictures is None else noise_of(pictures, self._space)

        return cast(float, self._once((collection, revision, _only(video_ids)), measured))

    def of_lines(self, collection: str, revision: int, video_ids: Sequence[str] | None = None) -> LineNoise:
        """What the lines of a collection are like.

        Args:
            revision: of the catalog.
            video_ids: only these are searched.
        """

        def measured() -> LineNoise:
            lines = self._read(collection, video_ids)
            if lines is None:
                return LineNoise(np.zeros((0, 0), np.float32), MANY_LINES)
            return LineNoise(_spaced(lines), len(lines))

        return cast(LineNoise, self._once((collection, revision, _only(video_ids)), measured))

    def _once(
        self, key: tuple[str, int, frozenset[str] | None], measured: Callable[[], float | LineNoise]
    ) -> float | LineNoise:
        with self._lock:
            if key in self._known:
                self._known.move_to_end(key)
                return self._known[key]
        noise = measured()
        with self._lock:
            self._known[key] = noise
            while len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        return noise

    def _read(self, collection: str, video_ids: Sequence[str] | None) -> Vectors | None:
        """The vectors; None of a large collection, or many of its videos, which would have to be read for this and are
        more than enough."""
        vectors = self._store.vectors
        if vectors.is_scanned(video_ids) and not vectors.is_small(collection):
            return None
        return vectors.fetch(collection, video_ids=video_ids)[1]


def noise_of(pictures: Vectors, space: ConceptSpace) -> float:
    """What is taken off the ratios of pictures (n, d) of one library."""
    if not len(pictures):
        return 0.0
    best = (_spaced(pictures) @ space.prototypes.T).max(axis=0)
    means, deviations = space.own_background
    ratios = (best - means) / deviations / UNKNOWN_BEST
    loud = float(np.quantile(ratios, 1.0 - LOUD_SHARE))
    return min(max(loud + HEADROOM - MATCH_RATIO, 0.0), MOST_NOISE)


def _spaced(vectors: Vectors) -> Vectors:
    if len(vectors) <= SAMPLED:
        return vectors
    return np.asarray(vectors[np.linspace(0, len(vectors) - 1, SAMPLED).astype(int)], np.float32)


def _only(video_ids: Sequence[str] | None) -> frozenset[str] | None:
    return None if video_ids is None else frozenset(video_ids)

"""The tags nearest to some vectors, out of very many: a short list by a few dimensions, then exactly.

A hundred thousand vectors of 384 numbers are 150 MB, and reading them takes longer than all else about a video. Most
of what tells tags apart lies in the directions in which they differ most (their principal components), so a short list
many times longer than what is wanted is made by these alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from encoders.types import Vectors
from stores.vectors.sketches import highest_products

WHOLE = 8_192
"""Up to so many tags are compared exactly: 3 ms a video."""

DIMENSIONS = 64
"""Of the short list. Source: 2 ms for 100,000 tags and ten clips on one core; measured by
`benchmarks/tagging_scale.py` beside the share of the truly nearest that it keeps."""

SHORT_LIST = 2_048
"""Tags that are compared exactly. Source: as above."""

_SAMPLE = 8_192  # rows that the directions are found from


@dataclass(frozen=True, slots=True)
class Near:
    """Tags near to some vectors: ``rows`` (r,) of tags, the z of each (r,), and which vector is nearest (r,)."""

    rows: NDArray[np.int64]
    z: NDArray[np.float64]
    best: NDArray[np.int64]


class NearestTags:
    """Vectors of tags (t, d), and the mean and standard deviation (t,) that a cosine of each is compared with."""

    def __init__(self, vectors: Vectors, mean: NDArray[np.float32], deviation: NDArray[np.float32]) -> None:
        self._vectors = vectors
        self._mean, self._deviation = mean, np.maximum(deviation, 1e-6)

    def near(self, vectors: Vectors, groups: Sequence[object] = (), rows: NDArray[np.int64] | None = None) -> Near:
        """Tags with how many standard deviations they lie above usual for the nearest of ``vectors`` (n, d), n > 0.

        All tags if they are few (`WHOLE`), in their order; else a short list of the nearest.

        Args:
            groups: of each vector, those of one group side by side. If given, two groups have to agree: the mean of the
                best two counts.
            rows: what `short_lists` gave for these vectors, if it was asked before.
        """
        starts = [at for at, group in enumerate(groups) if at == 0 or group != groups[at - 1]]
        return self._exactly(vectors, self.short_lists([vectors])[0] if rows is None else rows, starts)

    def short_lists(self, asked: Sequence[Vectors]) -> list[NDArray[np.int64]]:
        """For each of some matrices of vectors (n, d), n > 0, the rows of the tags that may be nearest to them, sorted.

        Of very many tags these cost less for several matrices together.
        """
        if len(self._vectors) <= WHOLE:
            return [np.arange(len(self._vectors)) for _ in asked]
        directions, sketches = self._sketch
        z = highest_products([vectors @ directions for vectors in asked], sketches)
        z -= self._mean
        z /= self._deviation
        return [np.sort(np.argpartition(-one, SHORT_LIST)[:SHORT_LIST]) for one in z]

    def _exactly(self, vectors: Vectors, rows: NDArray[np.int64], starts: Sequence[int]) -> Near:
        cosines = vectors @ self._vectors[rows].T if len(rows) < len(self._vectors) else vectors @ self._vectors.T
        best = cosines.argmax(axis=0)
        nearness = cosines[best, np.arange(len(rows))].astype(np.float64)
        if len(starts) > 1:
            nearness = np.partition(np.maximum.reduceat(cosines, starts, axis=0), -2, axis=0)[-2:].mean(axis=0)
        z = (nearness - self._mean[rows]) / self._deviation[rows]
        return Near(rows, z, best)

    @cached_property
    def _sketch(self) -> tuple[Vectors, Vectors]:
        """The directions (d, k) and what tags have of each (k, t)."""
        step = max(1, len(self._vectors) // _SAMPLE)
        sample = self._vectors[::step]
        # Not about their mean: cosines are what has to be kept.
        _, directions = np.linalg.eigh(sample.T @ sample)
        chosen = np.ascontiguousarray(directions[:, ::-1][:, :DIMENSIONS])
        return chosen, np.ascontiguousarray((self._vectors @ chosen).T)

    def ready(self) -> None:
        """Makes now what the first video would wait for."""
        if len(self._vectors) > WHOLE:
            _ = self._sketch

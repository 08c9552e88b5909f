"""Looks of videos, made comparable: what all of them share, and what varies most by nature, tells none apart.

Vectors of one model share a direction, so that the cosine of any two is high, and few of their numbers vary much. So
vectors are centred, and every number is divided by how much it varies, before cosines are taken (Jégou and Chum 2012,
Negative evidences and co-occurrences in image retrieval: the benefit of PCA and whitening; here only the diagonal,
which few videos tell).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

EVEN = 1.0
"""Share of the mean variance that is added to each. Source: our choice: half way to leaving them, as few tell them."""

Vectors = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Whitening:
    """What is taken away from vectors, and by what they are multiplied, both (d,) float32."""

    centre: Vectors
    scale: Vectors

    def of(self, vectors: Vectors) -> Vectors:
        """(n, d) unit rows; rows of zeros, which stand for no vector, stay."""
        moved = np.where(vectors.any(axis=1, keepdims=True), (vectors - self.centre) * self.scale, 0.0)
        length = np.linalg.norm(moved, axis=1, keepdims=True)
        return np.asarray(moved / np.maximum(length, 1e-9), np.float32)


def whitening(vectors: Vectors, groups: NDArray[np.int64]) -> Whitening:
    """Learns from vectors (n, d), of which rows of zeros stand for none.

    Args:
        groups: (n,) near-duplicates share a number, and count as one.
    """
    there = np.flatnonzero(vectors.any(axis=1))
    _, first = np.unique(groups[there], return_index=True)
    some = vectors[there[first]].astype(np.float64)
    width = vectors.shape[1]
    if len(some) < 2:
        return Whitening(np.zeros(width, np.float32), np.ones(width, np.float32))
    variance = some.var(axis=0)
    mean = float(variance.mean())
    scale = 1.0 / np.sqrt(variance + EVEN * mean) if mean > 0 else np.ones(width)
    return Whitening(some.mean(axis=0).astype(np.float32), scale.astype(np.float32))

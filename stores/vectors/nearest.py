"""What lies near many vectors at once: one product of matrices, or one request to the index, for all of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from stores.vectors.rows import VectorHit

_Vectors = NDArray[np.float32]
Ask = Callable[[_Vectors, int], tuple[Sequence[Sequence[str]], Sequence[Sequence[float]]]]
"""Asks the index for that many neighbours of each vector: their ids and cosine distances, nearest first."""


def rank_all(
    hits: Sequence[VectorHit], stored: _Vectors, vectors: _Vectors, k: int, least: float
) -> list[list[VectorHit]]:
    """For each of ``vectors`` (n, d), those of its ``k`` nearest ``stored`` (m, d) that reach ``least``, exactly."""
    lengths = np.linalg.norm(vectors, axis=1)[:, None] * np.linalg.norm(stored, axis=1)
    found = []
    for row in vectors @ stored.T / lengths:
        near = np.flatnonzero(row >= least)
        best = near[np.argsort(-row[near], kind="stable")[:k]]
        found.append([replace(hits[at], similarity=float(row[at])) for at in best])
    return found


def ask_all(
    ask: Ask,
    known: Callable[[Sequence[str]], dict[str, VectorHit]],
    vectors: _Vectors,
    k: int,
    least: float,
) -> list[list[VectorHit]]:
    """The same by the index's graph.

    Args:
        known: what those of some ids stand for that readers may see. Only ids that reach ``least`` are looked up.
    """
    found: list[list[VectorHit]] = [[] for _ in vectors]
    pending, asked = list(range(len(vectors))), k + k // 4 + 16
    while pending:
        again = []
        near: dict[int, list[tuple[str, float]]] = {}
        for at, ids, distances in zip(pending, *ask(vectors[pending], asked), strict=True):
            near[at] = [(one, 1.0 - d) for one, d in zip(ids, distances, strict=True) if 1.0 - d >= least]
        seen = known(list(dict.fromkeys(one for some in near.values() for one, _ in some)))
        for at, some in near.items():
            found[at] = [replace(seen[one], similarity=float(value)) for one, value in some if one in seen][:k]
            if len(found[at]) < k and len(some) == asked:
                again.append(at)  # all were near and many hidden: more may lie behind them
        pending, asked = again, asked * 4
    return found

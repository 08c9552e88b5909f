"""What lies nearest to one vector, or to many at once: by a product of matrices, or as the index's graph finds it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from stores.core.errors import StoreError
from stores.vectors.rows import VectorHit

ASKED_FOR = 1_500
"""Vectors that a large collection is asked for at least: of 120,000 this finds .99 of the 300 nearest."""

ASKED_FOR_OF_MANY = 200_000, 5_000
"""From how many vectors on more of them are asked for, and how many: of a million, 1,500 asked for hold .89 of the 300
nearest, 3,000 hold .95, 5,000 hold .96, and take 21 ms. Source: measured on the synthetic clusters
of `benchmarks/scale.py`."""

_Vectors = NDArray[np.float32]
Neighbours = tuple[Sequence[Sequence[str]], Sequence[Sequence[float]]]
"""For each of some vectors the ids of its neighbours, nearest first, and their cosine distances."""

Ask = Callable[[_Vectors, int], Neighbours]
"""Asks the index for that many neighbours of each vector; it gives fewer only if it has no more."""

Known = Callable[[Sequence[str]], dict[str, VectorHit]]
"""What those of some ids stand for that readers may see."""


class _Found(Protocol):
    def at(self, similarity: float, /) -> Self: ...


_Hit = TypeVar("_Hit", bound=_Found)


def check_length(collection: str, stored: _Vectors, length: int) -> None:
    """Vectors of one collection have one length.

    Raises:
        StoreError: VECTOR_STORE_FAILED.
    """
    if stored.shape[1] != length:
        raise StoreError(
            "VECTOR_STORE_FAILED",
            f"Collection {collection!r} holds vectors of {stored.shape[1]} dimensions, asked with {length}.",
            "Vectors of different models cannot be compared.",
        )


def rank_for_all(
    hits: Sequence[VectorHit], stored: _Vectors, vectors: _Vectors, k: int, least: float
) -> list[list[VectorHit]]:
    """For each of ``vectors`` (n, d), those of its ``k`` nearest ``stored`` (m, d) that have at least the cosine
    ``least``, best first."""
    lengths = np.linalg.norm(vectors, axis=1)[:, None] * np.linalg.norm(stored, axis=1)
    found = []
    for row in vectors @ stored.T / lengths:
        near = np.flatnonzero(row >= least)
        best = near[np.argsort(-row[near], kind="stable")[:k]]
        found.append([hits[at].at(float(row[at])) for at in best])
    return found


def ask_index(ask: Ask, known: Known, vector: _Vectors, k: int, at_least: int) -> list[VectorHit]:
    """The ``k`` nearest to one vector (d,) that readers may see; the graph is asked for ``at_least`` so many."""
    first = k + k // 4 + 16
    asked = max(first, at_least)
    hits: list[VectorHit] = []
    seen = 0
    while True:
        (ids,), (distances,) = ask(vector[None, :], asked)
        while seen < len(ids) and len(hits) < k:
            some = ids[seen : seen + first]
            there = known(some)
            hits += [
                there[vector_id].at(1.0 - float(distance))
                for vector_id, distance in zip(some, distances[seen:], strict=False)
                if vector_id in there
            ]
            seen += len(some)
        if len(hits) >= k or len(ids) < asked:
            return hits[:k]
        # The graph may give another order if it is asked for more.
        hits, seen, asked = [], 0, asked * 4


def ask_index_for_all(
    ask: Ask, known: Callable[[Sequence[str]], Mapping[str, _Hit]], vectors: _Vectors, k: int, least: float
) -> list[list[_Hit]]:
    """As `rank_for_all`, as far as the graph finds them; only ids that are near enough are looked up."""
    found: list[list[_Hit]] = [[] for _ in vectors]
    pending, asked = list(range(len(vectors))), k + k // 4 + 16
    while pending:
        near = [
            [(one, 1.0 - float(distance)) for one, distance in zip(*pair, strict=True) if 1.0 - distance >= least]
            for pair in zip(*ask(vectors[pending], asked), strict=True)
        ]
        there = known(list(dict.fromkeys(one for some in near for one, _ in some)))
        for at, some in zip(pending, near, strict=True):
            found[at] = [there[one].at(value) for one, value in some if one in there][:k]
        # Where all were near and some are hidden from readers, more may lie behind them.
        pending = [at for at, some in zip(pending, near, strict=True) if len(some) == asked and len(found[at]) < k]
        asked *= 4
    return found

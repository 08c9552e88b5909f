"""Tags whose names mean nearly the same: vectors of names, kept in the library, and their nearest ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from encoders.bundle import Encoders
from encoders.types import Vectors
from stores.tags.vectors import KeptTagVectors, text_key

NEAR = 0.93
"""Cosine of the names of two tags from which they may be one. Source: among 1,500 short Chinese tag names .3 % have a
neighbour above .95 and 4 % above .9 in the space of e5-small: between them lies what is worth a look."""

MOST_PAIRS = 100_000
"""Pairs that are kept; with more, only the nearest ones. Source: our choice: more than anybody looks at."""

_BLOCK = 1_024
"""Names compared with all others at once: 400 MB of cosines at 100,000 tags."""

_BATCH = 128
_TOGETHER = 1_024


@dataclass(frozen=True, slots=True)
class NearNames:
    """Two places in a list of names, and the cosine of what they mean."""

    first: int
    second: int
    likeness: float


def name_vectors(
    names: Sequence[str],
    encoders: Encoders,
    kept: KeptTagVectors,
    on_encoded: Callable[[int, int], None] | None = None,
) -> Vectors:
    """What names mean, unit vectors (n, d) in the space of texts; only what is not kept is encoded, and kept.

    An interruption loses nothing that was encoded before it.
    """
    keys = [text_key(name) for name in names]
    places: dict[bytes, int] = {}
    firsts = np.array([places.setdefault(key, row) for row, key in enumerate(keys)], np.int64)
    numbers = np.zeros((len(keys), encoders.text.dim), np.float32)
    space = _space(encoders)
    known = kept.load(space, places, numbers)
    known[np.flatnonzero(firsts != np.arange(len(keys)))] = True
    missing = np.flatnonzero(~known)
    # Names of about the same length are encoded together: a batch takes as long as its longest one.
    missing = missing[np.argsort([len(names[row]) for row in missing.tolist()], kind="stable")]
    for start in range(0, len(missing), _TOGETHER):
        rows = missing[start : start + _TOGETHER]
        for begin in range(0, len(rows), _BATCH):
            if on_encoded is not None:
                on_encoded(start + begin, len(missing))
            some: list[int] = rows[begin : begin + _BATCH].tolist()
            numbers[some] = encoders.text.encode_queries([names[row] for row in some])
        kept.save(space, [keys[row] for row in rows], numbers[rows])
    if on_encoded is not None and len(missing):
        on_encoded(len(missing), len(missing))
    if len(missing):
        kept.prune(space, places.keys())
    return numbers[firsts]


def encode_some(names: Sequence[str], encoders: Encoders, kept: KeptTagVectors, most: int) -> int:
    """Encodes and keeps at most ``most`` of the names that have no vector yet; how many are left without one."""
    places: dict[bytes, int] = {}
    for row, name in enumerate(names):
        places.setdefault(text_key(name), row)
    space = _space(encoders)
    numbers = np.zeros((len(names), encoders.text.dim), np.float32)
    known = kept.load(space, places, numbers)
    missing = [row for row in places.values() if not known[row]]
    some = missing[:most]
    for start in range(0, len(some), _BATCH):
        rows = some[start : start + _BATCH]
        kept.save(
            space, [text_key(names[row]) for row in rows], encoders.text.encode_queries([names[row] for row in rows])
        )
    return len(missing) - len(some)


def _space(encoders: Encoders) -> str:
    return f"{encoders.revision('text')}+names"


def near_pairs(vectors: Vectors, least: float = NEAR, most: int = MOST_PAIRS) -> list[NearNames]:
    """Pairs of rows whose cosine is at least ``least``, the nearest first; the ``most`` nearest ones.

    Memory: one block of cosines and the pairs; time: one product of the matrix with itself, block by block.
    """
    firsts: list[NDArray[np.int64]] = []
    seconds: list[NDArray[np.int64]] = []
    values: list[NDArray[np.float32]] = []
    count, floor = 0, np.float32(least)
    for start in range(0, len(vectors), _BLOCK):
        block = vectors[start : start + _BLOCK]
        cosines = block @ vectors[start:].T
        rows, columns = np.nonzero(cosines >= floor)
        later = columns > rows  # each pair once, none with itself
        rows, columns = rows[later], columns[later]
        firsts.append(rows + start)
        seconds.append(columns + start)
        values.append(cosines[rows, columns])
        count += len(rows)
        if count > 2 * most:
            firsts, seconds, values = _nearest(firsts, seconds, values, most)
            count, floor = most, np.float32(max(least, values[0].min()))
    if not values:
        return []
    (first,), (second,), (value,) = _nearest(firsts, seconds, values, most)
    found = zip(first.tolist(), second.tolist(), value.tolist(), strict=True)
    return [NearNames(one, other, round(float(near), 4)) for one, other, near in found]


def nearest_of(vectors: Vectors, others: Vectors) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """For each row of ``vectors`` (n, d) the nearest row of ``others`` (m, d), and its cosine; both (n,); m ≥ 1."""
    places = np.zeros(len(vectors), np.int64)
    best = np.zeros(len(vectors), np.float32)
    for start in range(0, len(vectors), _BLOCK):
        cosines = vectors[start : start + _BLOCK] @ others.T
        places[start : start + _BLOCK] = cosines.argmax(axis=1)
        best[start : start + _BLOCK] = cosines.max(axis=1)
    return places, best


def _nearest(
    firsts: list[NDArray[np.int64]], seconds: list[NDArray[np.int64]], values: list[NDArray[np.float32]], most: int
) -> tuple[list[NDArray[np.int64]], list[NDArray[np.int64]], list[NDArray[np.float32]]]:
    first, second, value = np.concatenate(firsts), np.concatenate(seconds), np.concatenate(values)
    order = np.lexsort((second, first, -value))[:most]
    return [first[order]], [second[order]], [value[order]]

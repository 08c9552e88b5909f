"""The vectors of some videos of one collection, kept in memory to be compared with many others.

To ask a graph of a hundred thousand vectors takes a millisecond for each question. One product of matrices answers all
questions about a video at once: exactly for few vectors, else by the directions in which they differ most, which make a
short list that is compared exactly.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stores.vectors.rows import VideoVersion, by_video
from stores.vectors.sketches import highest_products
from stores.vectors.store import VectorStore

WHOLE = 2_048
"""Up to so many vectors are compared exactly: a millisecond for twelve vectors of 1,280 numbers. Source: measured."""

DIMENSIONS = 64
"""Directions by which a short list is made. Source: 3 ms for 120,000 vectors beside twelve; as in
`agents.tagging.nearest`."""

SHORT_LIST = 256
"""Vectors that are compared exactly. Source: our choice; measured by `benchmarks/tagging_scale.py` beside all."""

WHOLE_NUMBERS = 32 << 20
"""Bytes up to which numbers are kept as float32; above, as float16, which moves a cosine by 1e-4."""

MOST_BYTES = 384 << 20
"""Of float16 numbers: 157,000 vectors of 1,280. Source: our choice, a third of what the models of a worker take."""

_BLOCK = 8_192  # vectors of which what lies in the directions is found at a time
_SAMPLE = 4_096  # rows that the directions are found from
_MORE = 16  # directions beyond those that are wanted, and rounds, by which they are found (Halko et al. 2011, 4.4)
_ROUNDS = 2
_READ = 100  # videos in one request

_Vectors = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class HeldVectors:
    """v videos, n vectors side by side by video: unit ``rows`` (n, d), of video ``owners`` (n,).

    Attributes:
        places: of each video, where its rows begin and end.
        directions, sketches: (d, k) and (k, n); None where all are compared exactly.
    """

    videos: tuple[str, ...]
    places: dict[str, tuple[int, int]]
    owners: NDArray[np.int32]
    rows: NDArray[np.floating]
    directions: _Vectors | None = None
    sketches: _Vectors | None = None

    def of(self, video_ids: Iterable[str]) -> dict[str, _Vectors]:
        """The vectors (m, d) of those of some videos that are among these."""
        known = ((one, self.places[one]) for one in video_ids if one in self.places)
        return {one: _as_float32(self.rows[first:end]) for one, (first, end) in known}

    def alike(self, asked: Mapping[str, _Vectors], more: int, least: float) -> dict[str, list[set[str]]]:
        """For each vector of each video asked about (m, d), the other videos with a vector that is one of the m +
        ``more`` nearest to it, and has at least the cosine ``least`` to it."""
        units = {
            one: vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
            for one, vectors in asked.items()
            if len(vectors) and len(self.rows)
        }
        found: dict[str, list[set[str]]] = {one: [set() for _ in vectors] for one, vectors in asked.items()}
        for (one, vectors), rows in zip(units.items(), self._compared(units), strict=True):
            cosines = vectors @ _as_float32(self.rows[rows]).T
            near, k = cosines >= least, len(vectors) + more
            for at in np.flatnonzero(near.sum(axis=1) > k):
                near[at] &= cosines[at] >= np.partition(cosines[at], -k)[-k]
            owners = self.owners[rows]
            found[one] = [{self.videos[owner] for owner in np.unique(owners[some]).tolist()} for some in near]
        return found

    def _compared(self, units: Mapping[str, _Vectors]) -> Iterator[NDArray[np.int64]]:
        """For each of some videos the rows of others that its unit vectors are compared with."""
        own = [self.places.get(one, (0, 0)) for one in units]
        if self.directions is None or self.sketches is None:
            for first, end in own:
                yield np.concatenate([np.arange(first), np.arange(end, len(self.rows))])
            return
        best = highest_products([vectors @ self.directions for vectors in units.values()], self.sketches)
        for (first, end), values in zip(own, best, strict=True):
            values[first:end] = -np.inf
            yield _highest(values, min(SHORT_LIST, len(values) - (end - first)))


class PreparedVectors:
    """The vectors of some videos of a collection. Thread-safe."""

    def __init__(self, vectors: VectorStore, collection: str) -> None:
        self._vectors, self._collection = vectors, collection
        self._lock = threading.Lock()
        self._wanted: frozenset[str] = frozenset()
        self._revision = -1
        self._versions: dict[str, VideoVersion] = {}
        self._kept: HeldVectors | None = _kept([], np.zeros((0, 1), np.float32))

    def hold(self, video_ids: frozenset[str]) -> HeldVectors | None:
        """The vectors of these videos, each as it is now, kept for the next call; None if they are too many
        (`MOST_BYTES`). Costs a request where nothing has changed.

        Raises:
            StoreError: VECTOR_STORE_FAILED.
        """
        revision = self._vectors.revision()
        with self._lock:
            if self._wanted != video_ids or self._revision != revision:
                versions = self._vectors.rows.versions(self._collection, sorted(video_ids))
                if self._wanted != video_ids or versions != self._versions or self._kept is None:
                    self._kept = self._renewed(versions)
                self._wanted, self._revision, self._versions = video_ids, revision, versions
            return self._kept

    def _renewed(self, versions: dict[str, VideoVersion]) -> HeldVectors | None:
        """What there is now, read again only where it is another than before."""
        counts = {one: sum(part[-1] for part in some) for one, some in versions.items()}
        former = self._kept if self._kept is not None else _kept([], np.zeros((0, 1), np.float32))
        stay = {one for one in versions if one in former.places and self._versions.get(one) == versions[one]}
        total = sum(counts.values())
        width = former.rows.shape[1] if stay else 0
        matrix: NDArray[np.floating] | None = None
        owners: list[tuple[str, int]] = []
        filled = 0
        for video_id, some in self._read(sorted(counts), stay, former):
            width = width or some.shape[1]
            if matrix is None:
                if 2 * total * width > MOST_BYTES:
                    return None
                matrix = np.empty((total, width), np.float32 if 4 * total * width <= WHOLE_NUMBERS else np.float16)
            some = some[: total - filled]
            matrix[filled : filled + len(some)] = some
            filled += len(some)
            owners.append((video_id, len(some)))
        return _kept(owners, matrix[:filled] if matrix is not None else np.zeros((0, 1), np.float32))

    def _read(
        self, video_ids: Sequence[str], stay: Collection[str], former: HeldVectors
    ) -> Iterator[tuple[str, NDArray[np.floating]]]:
        """Unit vectors of each video, in this order."""
        for start in range(0, len(video_ids), _READ):
            page = video_ids[start : start + _READ]
            missing = [one for one in page if one not in stay]
            found = by_video(*self._vectors.fetch(self._collection, video_ids=missing)) if missing else {}
            for one in page:
                if one in stay:
                    first, end = former.places[one]
                    yield one, former.rows[first:end]
                elif one in found:
                    _, some = found[one]
                    yield one, some / np.maximum(np.linalg.norm(some, axis=1, keepdims=True), 1e-12)


def _kept(owners: Sequence[tuple[str, int]], rows: NDArray[np.floating]) -> HeldVectors:
    places, first = {}, 0
    for video_id, count in owners:
        places[video_id] = first, first + count
        first += count
    numbers = np.repeat(np.arange(len(owners), dtype=np.int32), [count for _, count in owners])
    directions = sketches = None
    if len(rows) > WHOLE and rows.shape[1] > DIMENSIONS:
        directions = _directions(_as_float32(rows[:: max(1, len(rows) // _SAMPLE)]))
        sketches = np.empty((DIMENSIONS, len(rows)), np.float32)
        for start in range(0, len(rows), _BLOCK):
            some = slice(start, start + _BLOCK)
            sketches[:, some] = (_as_float32(rows[some]) @ directions).T
    return HeldVectors(tuple(one for one, _ in owners), places, numbers, rows, directions, sketches)


def _directions(sample: _Vectors) -> _Vectors:
    """The directions (d, `DIMENSIONS`) in which a sample (n, d) has most, the same at every call. Not about its mean:
    cosines are what has to be kept. Source: Halko, Martinsson, Tropp 2011 (arXiv:0909.4061), algorithm 4.4."""
    draw = np.random.default_rng(0).standard_normal((sample.shape[1], DIMENSIONS + _MORE)).astype(np.float32)
    basis, _ = np.linalg.qr(sample.T @ (sample @ draw))
    for _ in range(_ROUNDS):
        basis, _ = np.linalg.qr(sample.T @ (sample @ basis))
    small = sample @ basis
    _, turned = np.linalg.eigh(small.T @ small)
    return np.ascontiguousarray(basis @ turned[:, ::-1][:, :DIMENSIONS])


def _highest(values: _Vectors, most: int) -> NDArray[np.int64]:
    """The places of the ``most`` highest values, in their order."""
    if most < 1:  # all vectors are from one video
        return np.zeros(0, np.int64)
    return np.sort(np.argpartition(values, len(values) - most)[len(values) - most :])


def _as_float32(rows: NDArray[np.floating]) -> _Vectors:
    """The same numbers as float32. numpy looks at each float16 by itself, which takes five times as long as to move
    the bits of all: what the smaller exponent's bias is less, a factor puts back."""
    if rows.dtype != np.float16:
        return rows.astype(np.float32, copy=False)
    bits = rows.view(np.int16).astype(np.int32) << 13  # the sign is doubled, into what is masked
    numbers: _Vectors = (bits & ~0x70001FFF).view(np.float32)
    numbers *= np.float32(2.0**112)
    return numbers

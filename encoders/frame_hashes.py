"""Comparing frame hashes (`pipeline.similarity.frame_hashes`): how much two differ, and which stretches are the same.

Arrays in, arrays out; no model.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]

NEAR = 12
"""Bits, of 64, in which two hashes of one picture may differ. Measured on 8 videos (filmed, drawn, generated), each
re-encoded at 40–150 % of its size and down to a tenth of its bytes, trimmed by fractions of a sampling interval,
brightened, darkened, or letterboxed: 96 to 100 of 100 hashes differ in at most 12 bits (87 with bars above and below,
92 with white clipped), half of them in 4 or fewer. Hashes of different videos differ in 32 on average, and in at most
12 in two of 100,000 pairs."""

SOLID = 1.0
"""Weight from which a hash counts: below it, noise decides its bits (black, white, fades; see
`pipeline.similarity.frame_hashes`)."""

SLACK = 0.25
"""Seconds by which the hashes of one moment may lie apart: there are four a second, at a different phase in each video,
so that the nearest is up to half of this away; the other half is the error of the offset."""

FEWEST = 4
"""Least number of hashes, one second of them: with fewer, agreement is chance."""

MOVING = 4
"""Different pictures that must match before it cannot be chance. Measured: stretches of one video with a still camera
match each other up to 0.96, with up to 3 different pictures; slides of one layout differ in half of `NEAR`."""

_OFFSETS = 4  # ours: offsets that are examined; the right one has by far the most votes unless nothing moves
_TIE = 0.02  # ours: shares that differ by less count as equal; then the smallest offset wins


@dataclass(frozen=True, slots=True)
class FrameHashes:
    """Frame hashes of one video, or of a stretch of it.

    Attributes:
        seconds: (n,) float64, increasing.
        hashes: (n,) uint64.
        weights: (n,) float32; hashes below `SOLID` do not count.
    """

    seconds: NDArray[np.float64]
    hashes: Hashes
    weights: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.seconds)

    @property
    def solid(self) -> FrameHashes:
        """Those that count."""
        return self._chosen(self.weights >= SOLID)

    def between(self, start: float, end: float) -> FrameHashes:
        """Those in ``[start, end)`` seconds."""
        first, last = np.searchsorted(self.seconds, (start, end)).tolist()
        return self._chosen(slice(first, last))

    def _chosen(self, rows: NDArray[np.bool_] | slice) -> FrameHashes:
        return FrameHashes(self.seconds[rows], self.hashes[rows], self.weights[rows])


@dataclass(frozen=True, slots=True)
class Alignment:
    """How a stretch lies in another video.

    Attributes:
        offset: seconds to add to a time of the stretch for the time of the same picture in the other video.
        share: of the hashes of the stretch that match the other video there, in [0, 1].
        agreed: their number; variety: how many different pictures they are of (1: a still).
    """

    offset: float
    share: float
    agreed: int
    variety: int


def unpacked(data: bytes, time_base: Fraction) -> FrameHashes:
    """The frame hashes in the blob ``frame_hashes.npz`` of a video with that time base."""
    with np.load(io.BytesIO(data), allow_pickle=False) as file:
        seconds = file["ticks"].astype(np.float64) * float(time_base)
        return FrameHashes(seconds, file["hashes"], file["weights"].astype(np.float32))


def hamming(one: Hashes, other: Hashes) -> NDArray[np.uint8]:
    """Number of bits that differ, 0–64, elementwise with broadcasting."""
    return np.bitwise_count(np.bitwise_xor(one, other))


def aligned(query: FrameHashes, other: FrameHashes) -> Alignment | None:
    """Where the stretch ``query`` lies in ``other``: one constant offset, found by votes of similar pairs of hashes.

    The share is low if only part of the stretch lies there; the caller decides what is too low.

    Returns:
        The offset with the largest share; None if fewer than `FEWEST` hashes count or match.
    """
    query, other = query.solid, other.solid
    if len(query) < FEWEST or len(other) < FEWEST:
        return None
    near = hamming(query.hashes[:, None], other.hashes[None, :]) <= NEAR
    rows, columns = np.nonzero(near)
    if len(rows) < FEWEST:
        return None
    found = [agreement(query, other, offset) for offset in _offsets(query, other, rows, columns)]
    best = max(share for _, share, _ in found)
    offset, share, agreeing = min((one for one in found if one[1] >= best - _TIE), key=lambda one: abs(one[0]))
    count = int(agreeing.sum())
    return Alignment(offset, share, count, variety(query.hashes[agreeing])) if count >= FEWEST else None


def agreement(query: FrameHashes, other: FrameHashes, offset: float) -> tuple[float, float, NDArray[np.bool_]]:
    """The offset, the share of ``query`` that matches at it, and which hashes (n,) bool do. Neither may be empty."""
    wanted = query.seconds + offset
    first = np.searchsorted(other.seconds, wanted - SLACK - 1e-6)
    agreeing = np.zeros(len(query), np.bool_)
    # On a grid of a quarter of a second, at most three hashes lie within the slack on both sides, rarely four.
    for step in range(4):
        at = np.minimum(first + step, len(other) - 1)
        inside = np.abs(other.seconds[at] - wanted) <= SLACK + 1e-6
        agreeing |= inside & (hamming(query.hashes, other.hashes[at]) <= NEAR)
    return offset, float(agreeing.mean()), agreeing


def variety(hashes: Hashes) -> int:
    """How many different pictures: hashes (n,) that differ by more than `NEAR` from all that were counted before."""
    kept = 0
    left = hashes
    while len(left):
        left = left[hamming(left, left[0]) > NEAR]
        kept += 1
    return kept


def _offsets(query: FrameHashes, other: FrameHashes, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> list[float]:
    """The offsets with the most votes, at most one for each hash and offset: a still picture has many pairs."""
    differences = other.seconds[columns] - query.seconds[rows]
    bins = np.floor(differences / SLACK).astype(np.int64)
    low = int(bins.min())
    width = int(bins.max()) - low + 1
    voted = np.unique(rows * width + (bins - low))
    votes = np.bincount(voted % width, minlength=width)
    # The votes of an offset near the edge of a bin fall into two bins.
    pairs = votes[:-1] + votes[1:] if width > 1 else votes
    best = [left for left in np.argsort(-pairs, kind="stable")[:_OFFSETS] if pairs[left]]
    inside = [(bins - low == left) | (bins - low == left + 1) for left in best]
    return [float(np.median(differences[chosen])) for chosen in inside]

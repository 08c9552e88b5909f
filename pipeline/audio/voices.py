"""How many voices there are, and which one speaks in each piece."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from encoders.types import Vectors
from pipeline.audio.pieces import LIKE, Pieces

_LONG = 1.6  # seconds: one window of the encoder
_TOGETHER = 1000  # pieces clustered at a time: memory and time grow with their square


@dataclass(frozen=True, slots=True)
class VoiceConfig:
    """When two stretches of speech are of one voice.

    Attributes:
        like: cosine, from 0 to 1, above which they are: lower makes fewer voices (`pipeline.audio.pieces.LIKE`).
        least_seconds: what somebody must say to count as a voice of their own. Ours: more than one window.
    """

    like: float = LIKE
    least_seconds: float = 2.0


def voices_of(pieces: Pieces, config: VoiceConfig | None = None) -> NDArray[np.int64]:
    """The voice (n,) of each piece, numbered from 0 in the order in which they are first heard.

    Agglomerative: the two most alike are joined until none are as alike as ``config.like``. The likeness of two groups
    is the mean cosine between the windows of one and the centre of the other.
    """
    config = config or VoiceConfig()
    if not len(pieces.counts):
        return np.zeros(0, np.int64)
    seconds = pieces.spans[:, 1] - pieces.spans[:, 0]
    # Short pieces are too uncertain to make a voice of their own: they go to the most alike of those of long ones.
    long = seconds >= _LONG
    sure = pieces.only(long if long.any() else np.ones(len(seconds), bool))
    labels = _clustered(sure, config.like)
    labels = _without_slips(sure, labels, config.least_seconds)
    labels = nearest(pieces, centres(sure, labels))
    _, first = np.unique(labels, return_index=True)
    order = {int(labels[at]): number for number, at in enumerate(np.sort(first).tolist())}
    return np.array([order[int(label)] for label in labels], np.int64)


def centres(pieces: Pieces, labels: NDArray[np.int64]) -> Vectors:
    """The unit vector (k, d) of each of the voices 0 to k - 1."""
    totals = np.zeros((int(labels.max()) + 1, pieces.sums.shape[1]), np.float32)
    np.add.at(totals, labels, pieces.sums)
    return _units(totals)


def likeness(pieces: Pieces, voices: Vectors) -> NDArray[np.float32]:
    """Mean cosine (n, k) between the windows of each piece and each voice."""
    return np.asarray(pieces.sums @ voices.T / pieces.counts[:, None], np.float32)


def nearest(pieces: Pieces, voices: Vectors) -> NDArray[np.int64]:
    """The voice (n,) that is most like each piece."""
    return np.asarray(likeness(pieces, voices).argmax(axis=1), np.int64)


def _clustered(pieces: Pieces, like: float) -> NDArray[np.int64]:
    total = len(pieces.counts)
    labels = np.zeros(total, np.int64)
    known = 0
    for begin in range(0, total, _TOGETHER):
        some = slice(begin, begin + _TOGETHER)
        labels[some] = known + _agglomerated(pieces.sums[some], pieces.counts[some], like)
        known = int(labels[some].max()) + 1
    if total <= _TOGETHER:
        return labels
    sums = np.zeros((known, pieces.sums.shape[1]), np.float32)
    counts = np.zeros(known, np.int64)
    np.add.at(sums, labels, pieces.sums)
    np.add.at(counts, labels, pieces.counts)
    return _agglomerated(sums, counts, like)[labels]


def _agglomerated(sums: Vectors, counts: NDArray[np.int64], like: float) -> NDArray[np.int64]:
    """Group (n,) of each of n sums of unit vectors."""
    products = (sums @ sums.T).astype(np.float64)
    sizes = counts.astype(np.float64)
    labels = np.arange(len(sums))
    alive = np.ones(len(sums), bool)

    def alike(row: int) -> NDArray[np.float64]:
        lengths = np.maximum(np.sqrt(np.diagonal(products)), 1e-9)
        found = products[row] * (1 / (sizes[row] * lengths) + 1 / (sizes * lengths[row])) / 2
        found[~alive] = -np.inf
        found[row] = -np.inf
        return np.asarray(found)

    table = np.stack([alike(row) for row in range(len(sums))])
    while len(sums) > 1:
        one, other = divmod(int(table.argmax()), len(sums))
        if table[one, other] < like:
            break
        one, other = min(one, other), max(one, other)
        products[one] += products[other]
        products[:, one] += products[:, other]
        sizes[one] += sizes[other]
        alive[other] = False
        labels[labels == other] = one
        table[other] = table[:, other] = -np.inf
        table[one] = table[:, one] = alike(one)
    return np.asarray(np.unique(labels, return_inverse=True)[1], np.int64)


def _without_slips(pieces: Pieces, labels: NDArray[np.int64], least_seconds: float) -> NDArray[np.int64]:
    """Voices that are hardly heard go to the most alike of the others, the least heard first."""
    seconds = pieces.spans[:, 1] - pieces.spans[:, 0]
    while True:
        spoken = np.bincount(labels, weights=seconds)
        if len(spoken) == 1 or spoken.min() >= least_seconds:
            return labels
        least = int(spoken.argmin())
        others = np.delete(centres(pieces, labels), least, axis=0)
        mine = labels == least
        moved = nearest(pieces.only(mine), others)
        labels = np.where(labels > least, labels - 1, labels)
        labels[mine] = moved


def _units(rows: Vectors) -> Vectors:
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9), np.float32)

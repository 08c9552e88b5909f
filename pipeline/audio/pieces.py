"""Speech in pieces in each of which, most likely, one voice speaks, with the vector of that voice."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from encoders.types import Samples, SpeakerEncoder, Vectors

LIKE = 0.72
"""Likeness (cosine) above which two stretches of speech are of one voice. Source: within the band from 0.65 to 0.75 in
which Resemblyzer's own demonstration of diarisation calls a speaker uncertain; of it, 0.72 counts the voices of
generated dialogues (espeak-ng and flite) best: all of 51 in quiet and with noise 20 dB below, 47 with noise 10 dB
below."""

_STEP = 160  # samples: 10 ms
_SMOOTH = 5  # steps over which a level is averaged
# A pause: at least so long (the gap between two people's turns is about 0.2 s in ten languages, Stivers et al. 2009,
# doi:10.1073/pnas.0903616106; closures within words are shorter), within so many dB of the quietest, and so many below
# the loudest. Where music never lets it grow quiet there are no pauses, only changes of voice. Levels: ours.
_PAUSE = 0.2
_NEAR_FLOOR = 6.0
_FLOOR = 35.0
_LEAST_DROP = 15.0
_LEAST = 0.4  # seconds of a piece; what is shorter is a click or a breath, and no vector of a voice
_HOP = 0.4  # seconds between windows
_REACH = 2  # windows on either side of a change that are compared


@dataclass(frozen=True, slots=True)
class Pieces:
    """Pieces of speech, in order, as parallel arrays.

    Attributes:
        spans: (n, 2) float64, seconds of the video.
        sums: (n, d) float32, sums of the unit vectors of the windows in each piece; counts: (n,) of those windows.
    """

    spans: NDArray[np.float64]
    sums: Vectors
    counts: NDArray[np.int64]

    def only(self, rows: NDArray[np.bool_]) -> Pieces:
        """Some of the pieces."""
        return Pieces(self.spans[rows], self.sums[rows], self.counts[rows])

    @classmethod
    def none(cls, dim: int) -> Pieces:
        """No pieces."""
        return cls(np.zeros((0, 2)), np.zeros((0, dim), np.float32), np.zeros(0, np.int64))

    @classmethod
    def joined(cls, several: Iterable[Pieces]) -> Pieces:
        """The pieces of all, at least one, in order."""
        some = list(several)
        return cls(
            np.concatenate([one.spans for one in some]),
            np.concatenate([one.sums for one in some]),
            np.concatenate([one.counts for one in some]),
        )


def pieces_of(
    encoder: SpeakerEncoder, samples: Samples, speech: Sequence[tuple[float, float]], start: float = 0.0
) -> Pieces:
    """The pieces of a unit of sound.

    Args:
        speech: (start, end) seconds of ``samples`` in which somebody speaks, in order.
        start: second of the video at which ``samples`` begin.
    """
    spoken = between_pauses(samples, speech)
    windows = [_windows(begin, end, encoder.seconds) for begin, end in spoken]
    vectors = encoder.encode(samples, [window for some in windows for window in some], clean=True)
    spans, sums, counts = [], [], []
    offset = 0
    for (begin, end), some in zip(spoken, windows, strict=True):
        rows = vectors[offset : offset + len(some)]
        offset += len(some)
        edges = [begin, *_changes(some, rows), end]
        for left, right in itertools.pairwise(edges):
            inside = _inside(some, left, right)
            spans.append((start + left, start + right))
            sums.append(rows[inside].sum(axis=0))
            counts.append(len(inside))
    if not spans:
        return Pieces.none(encoder.dim)
    return Pieces(np.array(spans), np.stack(sums).astype(np.float32), np.array(counts, np.int64))


def between_pauses(samples: Samples, speech: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Speech without the pauses within it: spans (start, end) in seconds, in order."""
    steps = len(samples) // _STEP
    if not steps or not speech:
        return []
    power = np.square(samples[: steps * _STEP], dtype=np.float32).reshape(steps, _STEP).mean(axis=1)
    power = np.convolve(power, np.ones(_SMOOTH) / _SMOOTH, mode="same")
    levels = 10 * np.log10(np.maximum(power, 1e-10))
    found: list[tuple[float, float]] = []
    for begin, end in speech:
        first, last = round(begin * 100), min(steps, round(end * 100))
        if last - first < _LEAST * 100:
            continue
        loud = float(np.quantile(levels[first:last], 0.95))
        floor = max(float(np.quantile(levels[first:last], 0.02)), loud - _FLOOR)
        limit = floor + _NEAR_FLOOR
        if limit > loud - _LEAST_DROP:
            found.append((first / 100, last / 100))
            continue
        found += [(first / 100 + a / 100, first / 100 + b / 100) for a, b in _loud_runs(levels[first:last] > limit)]
    return found


def _loud_runs(loud: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Runs (first, end) of steps that are loud, with less than a pause between them joined, and without short ones."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], loud.astype(np.int8), [0]))))
    runs: list[tuple[int, int]] = []
    for first, end in edges.reshape(-1, 2).tolist():
        if runs and first - runs[-1][1] < _PAUSE * 100:
            runs[-1] = (runs[-1][0], end)
        else:
            runs.append((first, end))
    return [(first, end) for first, end in runs if end - first >= _LEAST * 100]


def _windows(begin: float, end: float, seconds: float) -> list[tuple[float, float]]:
    """The windows of a piece, at least one, none beyond it."""
    if end - begin <= seconds:
        return [(begin, end)]
    starts = np.append(np.arange(begin, end - seconds - _HOP / 2, _HOP), end - seconds)
    return [(float(one), float(one) + seconds) for one in starts]


def _changes(windows: Sequence[tuple[float, float]], vectors: Vectors) -> list[float]:
    """Seconds at which another voice begins: the windows before and after are less alike than those of one voice, and
    less than those of the places around."""
    if len(windows) < 2:
        return []
    starts = np.array([start for start, _ in windows])
    seconds = windows[0][1] - windows[0][0]
    places, likeness = [], []
    for number, (_, end) in enumerate(windows):
        after = int(np.searchsorted(starts, end - 1e-6))
        if after >= len(windows):
            break
        left = vectors[max(0, number - _REACH + 1) : number + 1].sum(axis=0)
        right = vectors[after : after + _REACH].sum(axis=0)
        places.append((end + starts[after]) / 2)
        likeness.append(float(left @ right / max(1e-9, np.linalg.norm(left) * np.linalg.norm(right))))
    found: list[float] = []
    for number in np.argsort(likeness).tolist():
        if likeness[number] >= LIKE:
            break
        if all(abs(places[number] - other) >= seconds for other in found):
            found.append(float(places[number]))
    return sorted(found)


def _inside(windows: Sequence[tuple[float, float]], begin: float, end: float) -> list[int]:
    """Which windows lie between ``begin`` and ``end``; where none does, the one that does so most."""
    within = [n for n, (a, b) in enumerate(windows) if a >= begin - 1e-6 and b <= end + 1e-6]
    return within or [max(range(len(windows)), key=lambda n: min(windows[n][1], end) - max(windows[n][0], begin))]

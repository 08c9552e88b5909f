"""Speech without the silence between: spans put end to end, and the way back to the original clock."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from encoders.types import SAMPLE_RATE, Samples

# Sound of one piece: small enough for the recogniser's spectrogram (some 100 MB), long enough that the language is
# heard rarely and few sentences are cut.
PIECE_SECONDS = 600.0
_SHORTEST_SECONDS = 0.1  # less holds no word
_QUIET_SEARCH_SECONDS, _QUIET_FRAME_SECONDS = 5.0, 0.1


@dataclass(frozen=True, slots=True)
class JoinedSpeech:
    """Spans of one sound put end to end.

    Attributes:
        samples: (n,) float32 at 16 kHz.
        starts: where each span starts in ``samples``, in samples, ascending from 0.
        spans: (first, last + 1) sample of each span in the original sound.
    """

    samples: Samples
    starts: tuple[int, ...]
    spans: tuple[tuple[int, int], ...]

    @property
    def seconds(self) -> float:
        """Length of the joined sound."""
        return len(self.samples) / SAMPLE_RATE

    def original(self, start: float, end: float) -> tuple[float, float]:
        """Original (start, end) seconds of a stretch of the joined sound, kept within the span its middle is in."""
        middle = (start + end) / 2 * SAMPLE_RATE
        i = max(0, bisect_right(self.starts, middle) - 1)
        first, last = self.spans[i]
        shift = first - self.starts[i]
        start, end = (min(max(float(time) * SAMPLE_RATE + shift, first), last) / SAMPLE_RATE for time in (start, end))
        return start, end


def join_speech(
    samples: Samples, speech: Sequence[tuple[float, float]], longest: float = PIECE_SECONDS
) -> Iterator[JoinedSpeech]:
    """Spans of ``samples`` joined into pieces of at most ``longest`` seconds each.

    Spans are sorted and merged where they overlap; a span longer than a piece is cut where it is quietest.

    Args:
        samples: (n,) float32 at 16 kHz.
        speech: (start, end) seconds; parts outside the sound are ignored.
    """
    limit = int(longest * SAMPLE_RATE)
    batch: list[tuple[int, int]] = []
    size = 0
    for first, last in _cut(samples, _merged(len(samples), speech), limit):
        if batch and size + last - first > limit:
            yield _joined(samples, batch)
            batch, size = [], 0
        batch.append((first, last))
        size += last - first
    if batch:
        yield _joined(samples, batch)


def _merged(length: int, speech: Sequence[tuple[float, float]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(speech):
        first, last = max(0, round(start * SAMPLE_RATE)), min(length, round(end * SAMPLE_RATE))
        if last - first < _SHORTEST_SECONDS * SAMPLE_RATE:
            continue
        if merged and first <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(merged[-1][1], last)
        else:
            merged.append((first, last))
    return merged


def _cut(samples: Samples, spans: list[tuple[int, int]], limit: int) -> Iterator[tuple[int, int]]:
    for first, last in spans:
        while last - first > limit:
            middle = _quietest(samples, first, first + limit)
            yield first, middle
            first = middle
        yield first, last


def _quietest(samples: Samples, first: int, last: int) -> int:
    """A sample in the middle of the quietest tenth of a second among the last five seconds."""
    frame = int(_QUIET_FRAME_SECONDS * SAMPLE_RATE)
    start = max(first, last - int(_QUIET_SEARCH_SECONDS * SAMPLE_RATE))
    frames = samples[start : start + (last - start) // frame * frame].reshape(-1, frame)
    if not len(frames):
        return last
    return start + int(np.square(frames).mean(axis=1).argmin()) * frame + frame // 2


def _joined(samples: Samples, spans: list[tuple[int, int]]) -> JoinedSpeech:
    lengths = [last - first for first, last in spans]
    starts = tuple(int(n) for n in np.cumsum([0, *lengths[:-1]]))
    joined = np.concatenate([samples[first:last] for first, last in spans]).astype(np.float32, copy=False)
    return JoinedSpeech(joined, starts, tuple(spans))

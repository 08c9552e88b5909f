"""The shape of a video's sound: its lowest and highest value in short stretches of time."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from pipeline.decode.audio_pass import SAMPLE_RATE
from pipeline.decode.frames import Sound

PER_SECOND = 50
"""Stretches that are kept; no display shows more. Ours."""

_STRETCH = SAMPLE_RATE // PER_SECOND
_SCALE = 127


def peaks(sounds: Iterable[Sound], seconds: float) -> NDArray[np.int8]:
    """(n, 2) int8: lowest and highest value of each fiftieth of a second, 127 for 1.0; 0 where there is no sound.

    Args:
        sounds: in order, as `pipeline.decode.decoder.Decoder.sound` gives them.
        seconds: of the video.
    """
    found = np.zeros((max(1, round(seconds * PER_SECOND)), 2), np.int8)
    for sound in sounds:
        begin = round(sound.start * SAMPLE_RATE)
        samples = sound.samples[max(0, -begin) :]
        begin = max(0, begin)
        # Whole stretches, counted from the start of the video.
        lead, first = begin % _STRETCH, begin // _STRETCH
        padded = np.concatenate([np.zeros(lead, np.float32), samples])
        padded = np.pad(padded, (0, -len(padded) % _STRETCH)).reshape(-1, _STRETCH)[: max(0, len(found) - first)]
        part = found[first : first + len(padded)]
        low, high = (np.clip(edge * _SCALE, -_SCALE, _SCALE).round() for edge in (padded.min(1), padded.max(1)))
        np.minimum(part[:, 0], low.astype(np.int8), out=part[:, 0])
        np.maximum(part[:, 1], high.astype(np.int8), out=part[:, 1])
    return found


def bucketed(stretches: NDArray[np.int8], buckets: int) -> NDArray[np.float32]:
    """(m, 2) float32 in [-1, 1]: the same in at most so many buckets of equal length."""
    count = min(buckets, len(stretches))
    edges = np.linspace(0, len(stretches), count + 1).astype(np.int64)[:-1]
    low, high = np.minimum.reduceat(stretches[:, 0], edges), np.maximum.reduceat(stretches[:, 1], edges)
    return (np.stack([low, high], 1) / np.float32(_SCALE)).astype(np.float32)

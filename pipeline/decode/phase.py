"""Stereo whose channels have opposite phase: mixed down to mono, they would cancel each other."""

from __future__ import annotations

import math
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

# Both are ours. Share of the energy that survives a mono mix, below which the channels cancel each other: ordinary
# stereo, however wide, keeps a third or more over a fraction of a second; cancelling channels keep coding noise only.
_REMAINDER = 0.05
_MEMORY_SECONDS = 0.3


class OppositePhase:
    """Detects, over the last moments of sound, channels that cancel each other, and replaces both by the left one."""

    def __init__(self) -> None:
        self._mixed = self._whole = 0.0

    def corrected(self, frame: Any) -> Any:
        """The frame itself, or a copy with its left channel in both channels. Only stereo is ever changed."""
        if frame.layout.nb_channels != 2 or not frame.samples:
            return frame
        channels = _channels(frame)
        left, right = (_floats(channel) for channel in channels)
        decay = math.exp(-frame.samples / frame.sample_rate / _MEMORY_SECONDS)
        self._mixed = decay * self._mixed + float(np.square((left + right) / 2).sum())
        self._whole = decay * self._whole + float(np.square(left).sum() + np.square(right).sum()) / 2
        if self._mixed >= _REMAINDER * self._whole:
            return frame
        both = np.stack([channels[0], channels[0]])
        packed = not frame.format.is_planar
        both = np.ascontiguousarray(both.T).reshape(1, -1) if packed else both
        copy = av.AudioFrame.from_ndarray(both, format=frame.format.name, layout=frame.layout.name)
        copy.sample_rate, copy.time_base, copy.pts = frame.sample_rate, frame.time_base, frame.pts
        return copy


def _channels(frame: Any) -> NDArray[Any]:
    """Samples (2, n) in the frame's own format."""
    stored: NDArray[Any] = frame.to_ndarray()
    return stored if frame.format.is_planar else stored.reshape(-1, 2).T


def _floats(samples: NDArray[Any]) -> NDArray[np.float32]:
    if np.issubdtype(samples.dtype, np.floating):
        return samples.astype(np.float32, copy=False)
    # 8-bit sound is stored around 128; others around 0.
    middle = 128 if samples.dtype == np.uint8 else 0
    return (samples.astype(np.float32) - middle) / np.float32(np.iinfo(samples.dtype).max)

"""Stereo of which one channel is the other one upside down: mixed to mono, it would cancel itself out."""

from __future__ import annotations

import math
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

# Both are ours. What is left of the sound in a mono mix, as a share of its energy: ordinary stereo, however wide,
# keeps a third or more over a fraction of a second; cancelling channels keep the noise of their encoding.
_LEFT_OVER = 0.05
_MEMORY_SECONDS = 0.3


class OppositePhase:
    """Tells from the sound of the last moments whether its channels cancel each other, and has one stand for both."""

    def __init__(self) -> None:
        self._mixed = self._whole = 0.0

    def mended(self, frame: Any) -> Any:
        """The frame, or one with its left channel in both places. Other layouts than stereo are as they were."""
        if frame.layout.nb_channels != 2 or not frame.samples:
            return frame
        channels = _channels(frame)
        left, right = (_floats(channel) for channel in channels)
        kept = math.exp(-frame.samples / frame.sample_rate / _MEMORY_SECONDS)
        self._mixed = kept * self._mixed + float(np.square((left + right) / 2).sum())
        self._whole = kept * self._whole + float(np.square(left).sum() + np.square(right).sum()) / 2
        if self._mixed >= _LEFT_OVER * self._whole:
            return frame
        both = np.stack([channels[0], channels[0]])
        packed = not frame.format.is_planar
        both = np.ascontiguousarray(both.T).reshape(1, -1) if packed else both
        made = av.AudioFrame.from_ndarray(both, format=frame.format.name, layout=frame.layout.name)
        made.sample_rate, made.time_base, made.pts = frame.sample_rate, frame.time_base, frame.pts
        return made


def _channels(frame: Any) -> NDArray[Any]:
    """(2, n) samples as they are stored."""
    stored: NDArray[Any] = frame.to_ndarray()
    return stored if frame.format.is_planar else stored.reshape(-1, 2).T


def _floats(samples: NDArray[Any]) -> NDArray[np.float32]:
    if np.issubdtype(samples.dtype, np.floating):
        return samples.astype(np.float32, copy=False)
    # 8-bit sound is stored around 128; others around 0.
    middle = 128 if samples.dtype == np.uint8 else 0
    return (samples.astype(np.float32) - middle) / np.float32(np.iinfo(samples.dtype).max)

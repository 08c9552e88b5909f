"""Which frames of a video CLIP2Video sees.

Source: official code CryhanFang/CLIP2Video, dataloaders; frames were written at 5 per second before.
"""

from __future__ import annotations

import numpy as np


def sampled_frames(frames: int, rate: int = 2, most: int = 12) -> list[int]:
    """Indices of at most ``most`` of ``frames`` frames, thinned to every ``rate``-th one before.

    Args:
        rate: official ``feature_framerate``: 2 for MSR-VTT, 1 for MSVD and VATEX.

    Raises:
        ValueError: if ``rate < 1``, ``most < 1`` or nothing would be left (``frames < rate``).
    """
    if rate < 1 or most < 1 or frames < rate:
        raise ValueError(f"{most} of every {rate}th of {frames} frames cannot be taken")
    thinned = _spread(frames, frames // rate)
    if len(thinned) <= most:
        return thinned
    return [thinned[index] for index in _spread(len(thinned), most)]


def _spread(length: int, count: int) -> list[int]:
    """``count`` indices from first to last of ``length``, evenly, cut down to whole numbers."""
    return [int(index) for index in np.linspace(0, length - 1, count)]

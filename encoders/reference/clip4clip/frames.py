"""Which frames of a video CLIP4Clip sees.

Source: official code ArrowLuo/CLIP4Clip, dataloaders/rawvideo_util.py and dataloader_msrvtt_retrieval.py.
"""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np

Position = Literal["head", "tail", "uniform"]
"""Which frames stay when there are too many (official ``slice_framepos`` 0, 1 and 2)."""


def frames_per_second(frames: int, rate: float, wanted: int = 1) -> list[int]:
    """Indices of the ``wanted`` frames of every second.

    As in the official code the frame rate is cut down to a whole number, so that seconds drift for 29.97.

    Args:
        frames: number of frames of the video.
        rate: frames per second.
        wanted: how many of each second (official ``feature_framerate``).

    Raises:
        ValueError: if ``frames < 0``, the rate is below 1, or ``wanted`` is not in 1 to the whole rate.
    """
    whole = int(rate)
    if frames < 0 or whole < 1 or not 1 <= wanted <= whole:
        raise ValueError(f"{wanted} of {rate} frames per second, of {frames} frames, cannot be taken")
    offsets = range(0, whole, whole // wanted)[:wanted]
    return [start + offset for start in range(0, frames, whole) for offset in offsets if start + offset < frames]


def chosen_frames(frames: int, most: int, position: Position = "uniform") -> list[int]:
    """Indices of at most ``most`` of ``frames`` frames; published results were made with ``uniform``.

    Raises:
        ValueError: if ``frames < 0``, ``most < 1`` or the position is unknown.
    """
    if frames < 0 or most < 1 or position not in get_args(Position):
        raise ValueError(f"cannot choose {most} of {frames} frames by {position!r}")
    if frames <= most:
        return list(range(frames))
    if position == "head":
        return list(range(most))
    if position == "tail":
        return list(range(frames - most, frames))
    return [int(index) for index in np.linspace(0, frames - 1, most)]

"""Pictures and videos as BLIP and ALBEF want them.

Source: official code salesforce/BLIP, train_retrieval.py (transform_test) and data/video_dataset.py.
"""

from __future__ import annotations

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from encoders.types import Pixels, check_frames

# DescribeSetup and deviations of RGB in [0, 1]: CLIP's, in both official repositories.
MEAN = (0.48145466, 0.4578275, 0.40821073)
DEVIATION = (0.26862954, 0.26130258, 0.27577711)

FRAMES = 8
"""Frames of a video (official eval_retrieval_video.py)."""


def preprocess(frames: Pixels, size: int = 384) -> Tensor:
    """Normalised float32 (n, 3, size, size) of RGB pictures (n, h, w, 3) uint8.

    Pictures are made square by Pillow's bicubic resize, whatever their sides; nothing is cut off. For videos, the
    official code lets the decoder scale frames to the same square.

    Raises:
        ValueError: if the frames have another shape or kind, or ``size < 1``.
    """
    check_frames(frames)
    if size < 1:
        raise ValueError(f"the size must be at least 1, not {size}")
    squares = [np.asarray(Image.fromarray(frame).resize((size, size), Image.Resampling.BICUBIC)) for frame in frames]
    stacked = np.stack(squares) if squares else np.empty((0, size, size, 3), np.uint8)
    pixels = torch.from_numpy(stacked).permute(0, 3, 1, 2).contiguous().to(torch.float32) / 255
    mean, deviation = (torch.tensor(values).reshape(3, 1, 1) for values in (MEAN, DEVIATION))
    return (pixels - mean) / deviation


def frame_indices(total: int, frames: int = FRAMES) -> list[int]:
    """The frames to take of ``total``: i · ⌊total / frames⌋, so that the tail is never seen.

    A video of fewer frames than wanted gives its first one again and again.

    Source: official code, whose ``numpy.arange(0, n, n / 8, dtype=int)`` has a whole step.

    Raises:
        ValueError: if either number is below 1.
    """
    if total < 1 or frames < 1:
        raise ValueError(f"{frames} frames cannot be taken of {total}")
    return [index * (total // frames) for index in range(frames)]

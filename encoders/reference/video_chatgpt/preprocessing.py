"""Which frames Video-ChatGPT looks at, and how they are made ready for CLIP.

Source: official code mbzuai-oryx/Video-ChatGPT, video_chatgpt/eval/model_utils.py (load_video, get_seq_frames).
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from encoders.reference.clip.preprocessing import normalised
from encoders.reference.video_chatgpt.pooling import TEMPORAL_TOKENS
from encoders.types import Pixels

SIZE = 224


def frame_indices(total: int, wanted: int = TEMPORAL_TOKENS) -> list[int]:
    """The middles of ``min(wanted, total)`` equal parts of a video of ``total`` frames.

    Short videos repeat a frame and leave out the last one; borders are rounded half to even.

    Raises:
        ValueError: if either number is not positive.
    """
    if total < 1 or wanted < 1:
        raise ValueError(f"{wanted} of {total} frames cannot be chosen")
    parts = min(wanted, total)
    part = (total - 1) / parts
    return [(round(part * index) + round(part * (index + 1))) // 2 for index in range(parts)]


def preprocess(frames: Pixels) -> Tensor:
    """Frames (t, h, w, 3) for CLIP: (t, 3, 224, 224) float32, squashed by the nearest pixel, whatever the aspect.

    Raises:
        ValueError: if the frames have another shape or type.
    """
    if frames.ndim != 4 or frames.shape[-1] != 3 or frames.dtype != np.uint8 or not frames.size:
        raise ValueError(f"frames must be (t, h, w, 3) uint8, not {frames.shape} {frames.dtype}")
    pictures = torch.from_numpy(np.ascontiguousarray(frames)).permute(0, 3, 1, 2).float()
    if pictures.shape[-2:] != (SIZE, SIZE):
        pictures = functional.interpolate(pictures, size=(SIZE, SIZE), mode="nearest")
    return normalised(pictures)

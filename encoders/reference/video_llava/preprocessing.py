"""Which frames Video-LLaVA takes and how images are made square; the rest is LanguageBind's preprocessing.

Source: official code PKU-YuanGroup/Video-LLaVA, videollava/mm_utils.py (expand2square); model card of
LanguageBind/Video-LLaVA-7B-hf.
"""

from __future__ import annotations

import numpy as np

from encoders.reference.languagebind.preprocessing import FRAMES, MEAN
from encoders.types import Pixels


def hf_frame_indices(total: int, wanted: int = FRAMES) -> list[int]:
    """As the examples of the transformers library choose: multiples of ``total / wanted``, cut; never the last frame.

    The original code chooses as `encoders.reference.languagebind.preprocessing.frame_indices`.

    Raises:
        ValueError: if either number is not positive.
    """
    if total < 1 or wanted < 1:
        raise ValueError(f"{wanted} of {total} frames cannot be chosen")
    # Stepping by a fraction can overshoot by one frame.
    return [int(index) for index in np.arange(0, total, total / wanted)[:wanted]]


def squared(picture: Pixels) -> Pixels:
    """An RGB picture (h, w, 3) uint8 in the middle of a square of CLIP's mean colour, for ``image_aspect_ratio=pad``.

    Raises:
        ValueError: if the picture has another shape or kind.
    """
    if picture.ndim != 3 or picture.shape[2] != 3 or picture.dtype != np.uint8 or not picture.size:
        raise ValueError(f"a picture must be uint8 (h, w, 3), not {picture.dtype} {picture.shape}")
    height, width = picture.shape[:2]
    side = max(height, width)
    square = np.full((side, side, 3), [int(255 * mean) for mean in MEAN], np.uint8)
    top, left = (side - height) // 2, (side - width) // 2
    square[top : top + height, left : left + width] = picture
    return square

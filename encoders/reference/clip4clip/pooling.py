"""Frames of unequal videos: their masks, and their mean.

Source: official code ArrowLuo/CLIP4Clip, modules/modeling.py.
"""

from __future__ import annotations

import torch
from torch import Tensor

from encoders.reference.clip.model import unit

_HIDDEN = -1e6  # added to the scores of keys that are padding, official code


def check_frames(frames: Tensor, mask: Tensor, fewest: int, most: int) -> None:
    """Refuse frame features that are not (n, T, d) with ``fewest <= T <= most`` and a fitting mask.

    Raises:
        ValueError: if shapes do not fit, the mask holds anything but 0 and 1, or a video has no frame at all.
    """
    if frames.ndim != 3 or mask.shape != frames.shape[:2]:
        raise ValueError(f"frames must be (n, T, d) and masks (n, T), not {tuple(frames.shape)}, {tuple(mask.shape)}")
    if not fewest <= frames.shape[1] <= most:
        raise ValueError(f"videos must have {fewest} to {most} frames, padding included, not {frames.shape[1]}")
    if not ((mask == 0) | (mask == 1)).all():
        raise ValueError("masks must hold 1 for frames and 0 for padding")
    if not mask.any(dim=1).all():
        raise ValueError("a video without frames has no direction")


def key_mask(mask: Tensor, dtype: torch.dtype) -> Tensor:
    """What to add to attention scores, (n, 1, 1, T), for a mask (n, T) of 1 and 0: padding is hidden as a key."""
    return ((1 - mask.to(dtype)) * _HIDDEN)[:, None, None]


def mean_of_units(x: Tensor, mask: Tensor) -> Tensor:
    """Unit vectors (n, d): the masked mean of the rows of (n, T, d), each scaled to length 1 before, scaled again."""
    weights = mask.to(x.dtype)[..., None]
    return unit((unit(x) * weights).sum(dim=1) / weights.sum(dim=1))

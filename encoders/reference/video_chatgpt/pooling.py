"""Spatio-temporal pooling: one token per frame, then one per place in the picture.

Source: Maaz et al. 2023, arXiv:2306.05424, section 3.1; official code mbzuai-oryx/Video-ChatGPT,
video_chatgpt/inference.py and scripts/save_spatio_temporal_clip_features.py.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

TEMPORAL_TOKENS = 100


def spatio_temporal_tokens(features: Tensor, temporal: int = TEMPORAL_TOKENS) -> Tensor:
    """The tokens (temporal + p, c) of one video, in the dtype of ``features``.

    First the mean of every frame, with zero rows up to ``temporal``; then the mean over the real frames of every patch.

    Args:
        features: (t, p, c) patch features of t frames, without the class token.

    Raises:
        ValueError: if the features have another shape, or t is 0 or more than ``temporal``.
    """
    _check(features.shape, temporal)
    padding = features.new_zeros(temporal - len(features), features.shape[2])
    return torch.cat([features.mean(dim=1), padding, features.mean(dim=0)])


def stored_tokens(features: NDArray[np.floating], temporal: int = TEMPORAL_TOKENS) -> NDArray[np.float16]:
    """The same as the training set's pre-computed files hold it: features rounded to half before the means.

    Raises:
        ValueError: as `spatio_temporal_tokens`.
    """
    _check(features.shape, temporal)
    half = features.astype(np.float16)
    padding = np.zeros((temporal - len(half), half.shape[2]), np.float16)
    return np.concatenate([half.mean(axis=1), padding, half.mean(axis=0)])


def _check(shape: tuple[int, ...], temporal: int) -> None:
    if len(shape) != 3 or not 0 < shape[0] <= temporal:
        raise ValueError(f"features must be (t, p, c) with t from 1 to {temporal}, not {tuple(shape)}")

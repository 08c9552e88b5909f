"""From the probabilities of transitions to the list of scenes (numpy only).

Source: official code soCzech/TransNetV2, inference/transnetv2.py (predictions_to_scenes).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

THRESHOLD = 0.5
"""A probability strictly above it is a transition (official API; its evaluation script uses "at least")."""


def scenes(probabilities: NDArray[np.float32], threshold: float = THRESHOLD) -> NDArray[np.int64]:
    """First and last frame (s, 2) of each scene, both included, of probabilities (n,).

    A scene ends with the first frame of a transition, which for a hard cut is its own last frame; the next one begins
    behind the transition. Frames within a longer transition belong to no scene.

    Raises:
        ValueError: if ``probabilities`` is not (n,) with n > 0.
    """
    if probabilities.ndim != 1 or not len(probabilities):
        raise ValueError(f"probabilities must be (n,) with n > 0, not {probabilities.shape}")
    changes = probabilities > threshold
    found: list[tuple[int, int]] = []
    start, before = 0, False
    for frame, change in enumerate(changes.tolist()):
        if before and not change:
            start = frame
        if change and not before and frame:
            found.append((start, frame))
        before = change
    if not before:
        found.append((start, len(changes) - 1))
    return np.array(found or [(0, len(changes) - 1)], np.int64)

"""Cheap measures of how much two pictures differ: to skip work on frames that have not changed."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from encoders.types import Pixels

Glance = NDArray[np.float32]
ColourGlance = NDArray[np.uint8]


def glance(frame: Pixels) -> Glance:
    """A grey thumbnail (18, 32) float32 in 0–255 of a frame (h, w, 3)."""
    small = cv2.resize(frame, (32, 18), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), dtype=np.float32)


def local_change(one: Glance, other: Glance) -> float:
    """Largest absolute difference of a cell, 0–255. A new caption changes the mean by less than one."""
    return float(np.abs(one - other).max())


def change(one: Glance, other: Glance) -> float:
    """Mean absolute difference, 0–255."""
    return float(np.abs(one - other).mean())


def colour_glance(frame: Pixels) -> ColourGlance:
    """A thumbnail (9, 16, 3) uint8 of a frame (h, w, 3): 432 bytes for layout and colours."""
    return np.asarray(cv2.resize(frame, (16, 9), interpolation=cv2.INTER_AREA), dtype=np.uint8)


def colour_change(one: ColourGlance, other: ColourGlance) -> float:
    """Mean absolute difference over all cells and channels, 0–255."""
    return float(np.abs(one.astype(np.float32) - other).mean())

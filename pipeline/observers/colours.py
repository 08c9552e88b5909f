"""Names of colours, after the eleven basic colour terms of Berlin and Kay (1969)."""

from __future__ import annotations

import cv2
import numpy as np

from encoders.types import Pixels

_HUES = (
    (8, "red"),
    (20, "orange"),
    (34, "yellow"),
    (80, "green"),
    (130, "blue"),
    (150, "purple"),
    (170, "pink"),
    (181, "red"),
)
"""Upper ends of hue ranges, OpenCV's half degrees (0–180)."""

_NAMES = sorted({"black", "brown", "grey", "white"} | {name for _, name in _HUES})
_CODES = {name: code for code, name in enumerate(_NAMES)}
_OF_HUE = np.array([next(_CODES[name] for upper, name in _HUES if hue < upper) for hue in range(181)], np.uint8)


def dominant_colour(pixels: Pixels) -> str:
    """The most common basic colour in pixels (h, w, 3) uint8 RGB; "" if there are none."""
    if pixels.size == 0:
        return ""
    small = cv2.resize(np.ascontiguousarray(pixels), (16, 16), interpolation=cv2.INTER_AREA)
    hue, saturation, value = cv2.split(cv2.cvtColor(small, cv2.COLOR_RGB2HSV))
    codes = _OF_HUE[hue]
    codes[(codes == _CODES["orange"]) & (value < 140)] = _CODES["brown"]
    codes[saturation < 45] = _CODES["grey"]
    codes[(saturation < 45) & (value > 190)] = _CODES["white"]
    codes[value < 50] = _CODES["black"]
    # Of equally common colours, the first by name.
    return _NAMES[int(np.bincount(codes.ravel()).argmax())]

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


def dominant_colour(pixels: Pixels) -> str:
    """The most common basic colour of a picture part (h, w, 3); "" if it is empty."""
    if pixels.size == 0:
        return ""
    small = cv2.resize(np.ascontiguousarray(pixels), (16, 16), interpolation=cv2.INTER_AREA)
    hue, saturation, value = (channel.astype(int) for channel in cv2.split(cv2.cvtColor(small, cv2.COLOR_RGB2HSV)))
    names = np.full(hue.shape, "", dtype="<U6")
    for upper, name in reversed(_HUES):
        names[hue < upper] = name
    names[(names == "orange") & (value < 140)] = "brown"
    names[saturation < 45] = "grey"
    names[(saturation < 45) & (value > 190)] = "white"
    names[value < 50] = "black"
    found, counts = np.unique(names, return_counts=True)
    return str(found[counts.argmax()])

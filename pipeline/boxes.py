"""Bounding boxes: (x0, y0, x1, y1) as fractions of the picture's width and height."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Box = Sequence[float] | NDArray[np.float32]


def overlap(one: Box, other: Box) -> float:
    """Intersection over union, in [0, 1]; 0 if neither has an area."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    shared = max(0.0, float(width)) * max(0.0, float(height))
    areas = sum(float((box[2] - box[0]) * (box[3] - box[1])) for box in (one, other))
    return shared / max(areas - shared, 1e-9)

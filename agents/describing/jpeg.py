"""Pictures as files that endpoints accept."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

JPEG_QUALITY = 85
"""Source: our choice: text in the picture stays legible."""


def jpeg(pixels: NDArray[np.uint8]) -> bytes:
    """One picture (h, w, 3) uint8 RGB as a JPEG file, without anything else that a camera writes into one.

    Raises:
        ValueError: if it cannot be written as one.
    """
    quality = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
    made, data = cv2.imencode(".jpg", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), quality)
    if not made:
        raise ValueError(f"no JPEG can hold pixels of shape {pixels.shape}")
    return data.tobytes()

"""Arithmetic on vectors that every encoder needs."""

from __future__ import annotations

import numpy as np

from encoders.types import Vectors


def unit(vectors: Vectors) -> Vectors:
    """Rows scaled to length 1, shape and float32 kept.

    Raises:
        ValueError: if a row is all zeros and so has no direction.
    """
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    if not np.all(lengths > 0):
        raise ValueError("a vector of length 0 has no direction")
    return np.asarray(vectors / lengths, np.float32)

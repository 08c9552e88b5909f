"""Perceptual fingerprints of pictures: 64 bits that stay the same when a video is encoded, scaled or lit anew.

Source: Zauner (2010), Implementation and Benchmarking of Perceptual Image Hash Functions, section 3.2.1: the 8 × 8
lowest frequencies of a 32 × 32 picture's cosine transform, without the very lowest, each above their median or not.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from encoders.types import Pixels

_SIDE = 32
_LOWEST = slice(1, 9)
NOISE = 3.0
"""Typical distance of a coefficient from the median (of 0–255 grey, in an orthonormal transform) from which its bit
holds against recompression. Measured in multiples of this: black, white, grey and gradients under grain 0 to 0.4, half
of their bits being turned by the next encoder; a texture faded to 3 % 0.5, to 10 % 1.5 to 2, with 4 bits turned; a
title on white 8; videos 1.2 to 26."""

_BLACK = 28.0  # grey of bars after any encoder: 16 is black in most videos' own range, and scalers round
_EVEN = 6.0  # grey levels a bar may vary by
_LARGEST_BAR = 0.3  # of the picture on each side: 16:9 upright in 9:16 leaves less than that


def print_of(frame: Pixels) -> tuple[int, float]:
    """The print of a frame (h, w, 3) and its weight, which is 1 or more where the bits are more than noise."""
    grey = without_bars(np.asarray(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), np.uint8))
    small = cv2.resize(grey, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)
    lowest = cv2.dct(small)[_LOWEST, _LOWEST].ravel()
    # Half of the 64 bits are set: the middle lies between the 32nd and the 33rd coefficient.
    middle = float(np.sort(lowest)[31:33].mean())
    weight = float(np.sort(np.abs(lowest - middle))[31:33].mean()) / NOISE
    return int(np.packbits(lowest > middle, bitorder="little").view(np.uint64)[0]), weight


def without_bars(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A grey picture (h, w) without the even black bars that it may have on two opposite sides, or on all four."""
    top, bottom = _bars(grey.max(axis=1), grey.min(axis=1))
    left, right = _bars(grey.max(axis=0), grey.min(axis=0))
    return grey[top : grey.shape[0] - bottom, left : grey.shape[1] - right]


def _bars(highest: NDArray[np.uint8], lowest: NDArray[np.uint8]) -> tuple[int, int]:
    even = (highest <= _BLACK) & (highest.astype(np.float32) - lowest <= _EVEN)
    picture = np.flatnonzero(~even)
    if not len(picture):
        return 0, 0
    before, after = int(picture[0]), len(even) - 1 - int(picture[-1])
    # A dark sky or floor is on one side only.
    if abs(before - after) > 1 or not 0 < max(before, after) <= _LARGEST_BAR * len(even):
        return 0, 0
    return before, after

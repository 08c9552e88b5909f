"""Perceptual hashes of frames: 64 bits that survive re-encoding, scaling and changes of brightness.

Source: Zauner (2010), Implementation and Benchmarking of Perceptual Image Hash Functions, section 3.2.1: the 8 × 8
lowest frequencies, without the very lowest, of the cosine transform of a 32 × 32 picture, each compared with their
median.
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
survives recompression. Measured in multiples of this: black, white, grey and gradients with grain 0 to 0.4, where the
next encoder flips half of the bits; a texture faded to 3 % 0.5, to 10 % 1.5 to 2, with 4 bits flipped; a title on
white 8; videos 1.2 to 26."""

_BLACK = 28.0  # grey of bars after any encoder: black is 16 in limited range, and scalers round
_UNIFORM = 6.0  # grey levels by which a bar may vary
_LARGEST_BAR = 0.3  # share of the frame on each side: a 16:9 picture in a 9:16 frame leaves less than that


def frame_hash(frame: Pixels) -> tuple[int, float]:
    """The 64-bit hash of a frame (h, w, 3) uint8 RGB, and its weight: below 1, the bits are mostly noise."""
    grey = without_bars(np.asarray(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), np.uint8))
    small = cv2.resize(grey, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)
    lowest = cv2.dct(small)[_LOWEST, _LOWEST].ravel()
    # The median lies between the 32nd and the 33rd coefficient, so that half of the 64 bits are set.
    median = float(np.sort(lowest)[31:33].mean())
    weight = float(np.sort(np.abs(lowest - median))[31:33].mean()) / NOISE
    return int(np.packbits(lowest > median, bitorder="little").view(np.uint64)[0]), weight


def without_bars(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A grey picture (h, w) uint8 without uniform black bars on two opposite sides, or on all four."""
    top, bottom = _bars(grey.max(axis=1), grey.min(axis=1))
    left, right = _bars(grey.max(axis=0), grey.min(axis=0))
    return grey[top : grey.shape[0] - bottom, left : grey.shape[1] - right]


def _bars(highest: NDArray[np.uint8], lowest: NDArray[np.uint8]) -> tuple[int, int]:
    uniform = (highest <= _BLACK) & (highest.astype(np.float32) - lowest <= _UNIFORM)
    picture = np.flatnonzero(~uniform)
    if not len(picture):
        return 0, 0
    before, after = int(picture[0]), len(uniform) - 1 - int(picture[-1])
    # A dark sky or floor is on one side only.
    if abs(before - after) > 1 or not 0 < max(before, after) <= _LARGEST_BAR * len(uniform):
        return 0, 0
    return before, after

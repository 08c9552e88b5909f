"""Sheets of small pictures that are shown while the pointer moves over a video."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.playback.player import jpeg

COLUMNS = 10
PER_SHEET = 100
MOST_TILES = 600
"""Of one video, in six sheets; longer videos have fewer for each minute. Ours."""

_SIDE = 160  # pixels of a tile's longer side
_QUALITY = 70


@dataclass(frozen=True, slots=True)
class SpriteLayout:
    """Which tiles a video has, and how large.

    Attributes:
        chosen: places of the pictures that become tiles, in their order.
        width, height: pixels of a tile.
    """

    chosen: tuple[int, ...]
    width: int
    height: int

    @property
    def sheets(self) -> int:
        """How many sheets there are."""
        return -(-len(self.chosen) // PER_SHEET)

    def of_sheet(self, number: int) -> tuple[int, ...]:
        """Places of the pictures on one sheet, counted from 0; empty if there is no such sheet."""
        return self.chosen[number * PER_SHEET : (number + 1) * PER_SHEET] if number >= 0 else ()


def layout(pictures: int, width: int, height: int) -> SpriteLayout:
    """The layout for so many pictures of a video of this size."""
    step = max(1, -(-pictures // MOST_TILES))
    scale = min(1.0, _SIDE / max(width, height))
    return SpriteLayout(tuple(range(0, pictures, step)), max(1, round(width * scale)), max(1, round(height * scale)))


def sheet(pictures: Sequence[NDArray[np.uint8] | None], width: int, height: int) -> bytes:
    """A JPEG of pictures (h, w, 3) uint8 RGB side by side in rows of `COLUMNS`; black where there is none."""
    rows = -(-len(pictures) // COLUMNS)
    whole = np.zeros((rows * height, min(COLUMNS, len(pictures)) * width, 3), np.uint8)
    for place, picture in enumerate(pictures):
        if picture is None:
            continue
        top, left = place // COLUMNS * height, place % COLUMNS * width
        small = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
        whole[top : top + height, left : left + width] = small
    return jpeg(whole, _QUALITY)

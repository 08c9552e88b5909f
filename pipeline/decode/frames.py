"""What passes from the decoder to observers: which frames are wanted, and batches of them."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Sampling:
    """Which frames one observer wants, and how large.

    Attributes:
        name: of the observer; frames come back under it.
        every_seconds: distance of the frames in seconds; None for every frame.
        long_side: pixels of the longer displayed side; pictures are never enlarged, their aspect is kept.
        minimum: frames wanted at least where the video is too short to give that many at this distance.
        batch: frames that are handed over at a time, at most.
        exact: (width, height) of the pictures as displayed, whatever their aspect, enlarged if need be; scaled more
            carefully than others, for networks that were trained on pictures of that size. Then ``long_side`` is the
            longer one of the two.
        margin_seconds: where a part of a video is decoded, frames on both sides of it that are wanted, too.
    """

    name: str
    every_seconds: float | None
    long_side: int
    minimum: int = 1
    batch: int = 16
    margin_seconds: float = 0.0
    exact: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        every = self.every_seconds
        least = min(self.long_side - 1, self.minimum, self.batch)
        if (every is not None and every <= 0) or least < 1 or self.margin_seconds < 0:
            raise ValueError(f"not a sampling: {self}")
        if self.exact is not None and (min(self.exact) < 1 or max(self.exact) != self.long_side):
            raise ValueError(f"not a sampling: {self}")


@dataclass(frozen=True, slots=True)
class Frames:
    """Some frames of one video, in order.

    Attributes:
        name: of the sampling they were taken for.
        pixels: (n, h, w, 3) uint8 RGB, as displayed: turned and with square pixels; n may be 0.
        ticks: (n,) int64, strictly rising over all batches; tick 0 is where a player shows 0:00.
        time_base: seconds per tick.
        warning: coded remark about the whole pass (``TRUNCATED: …``), on the last batch only.
        end: tick at which the pictures of a file that was cut off end, on the last batch only; None for others.
    """

    name: str
    pixels: NDArray[np.uint8]
    ticks: NDArray[np.int64]
    time_base: Fraction
    warning: str = ""
    end: int | None = None


@dataclass(frozen=True, slots=True)
class Sound:
    """A stretch of sound.

    Attributes:
        samples: (n,) float32 mono at 16 kHz in [-1, 1].
        start: seconds from the start of the video (tick 0) to the first sample; may be below 0.
    """

    samples: NDArray[np.float32]
    start: float

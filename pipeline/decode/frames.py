"""What the decoder and its callers exchange: which frames are wanted, and batches of frames and sound."""

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
        every_seconds: interval between frames; None for every frame.
        long_side: pixels of the longer displayed side; frames are never enlarged and keep their aspect ratio.
        minimum: frames wanted even from a video that is too short for as many at this interval.
        batch: frames in one batch, at most.
        margin_seconds: when a part of a video is decoded, how far beyond it on both sides frames are wanted, too.
        exact: (width, height) of the frames as displayed, whatever their aspect ratio, enlarged if necessary; scaled
            bicubically, for networks that were trained on frames of that size. ``long_side`` must be the longer one.
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
            raise ValueError(f"invalid sampling: {self}")
        if self.exact is not None and (min(self.exact) < 1 or max(self.exact) != self.long_side):
            raise ValueError(f"invalid sampling: {self}")


@dataclass(frozen=True, slots=True)
class Frames:
    """A batch of frames of one video, in order.

    Attributes:
        name: of the sampling that they were decoded for.
        pixels: (n, h, w, 3) uint8 RGB, as displayed: rotated and with square pixels; n may be 0.
        ticks: (n,) int64, strictly increasing over all batches; tick 0 is where a player shows 0:00.
        time_base: seconds per tick.
        warning: coded warning about the whole pass (``TRUNCATED: …``), on the last batch only.
        end: on the last batch of a truncated file, the tick at which its last frame ends; None otherwise.
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

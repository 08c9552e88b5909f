"""Look: measured properties of the whole video, in words that tags use (English and Chinese)."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from pipeline.frames import Frames, Sampling
from pipeline.observers.change import Glance, change, glance
from stores.ids import record_id
from stores.records import Fact, Span, StageOutput, Video


@dataclass(frozen=True, slots=True)
class LookConfig:
    """Thresholds.

    Attributes:
        grey: mean saturation (0–255) below which a frame has no colour. Ours, unmeasured.
        still: largest change (0–255) between any frame and the first for a still image: recompression only.
        short_seconds: videos shorter than this are short videos (platforms' limit for shorts).
    """

    every_seconds: float = 1.0
    long_side: int = 128
    grey: float = 8.0
    still: float = 1.5
    short_seconds: float = 60.0


class LookObserver:
    """Notes orientation, lack of colour, of motion and of sound."""

    name = "look"

    def __init__(self, config: LookConfig | None = None) -> None:
        self.config = config or LookConfig()

    def wants(self, video: Video) -> Sampling:
        """A tiny frame a second."""
        return Sampling(self.name, self.config.every_seconds, self.config.long_side, 4, batch=32)

    def start(self, video: Video) -> None:
        """A new video begins."""
        self._video = video
        self._saturations: list[float] = []
        self._first: Glance | None = None
        self._moved = 0.0
        self._frames = 0
        self._warning = ""

    def see(self, frames: Frames) -> None:
        """The next frames."""
        self._warning = frames.warning or self._warning
        for pixels in frames.pixels:
            look = glance(pixels)
            self._first = look if self._first is None else self._first
            self._moved = max(self._moved, change(look, self._first))
            self._saturations.append(float(cv2.cvtColor(pixels, cv2.COLOR_RGB2HSV)[..., 1].mean()))
            self._frames += 1

    def finish(self) -> StageOutput:
        """What holds, each with how surely."""
        video, config = self._video, self.config
        ratio = video.width / max(1, video.height)
        holds = {
            "vertical video 竖屏视频": ratio < 0.8,
            "square video 方形视频": 0.95 <= ratio <= 1.05,
            "black and white 黑白": bool(self._saturations) and float(np.max(self._saturations)) < config.grey,
            "still image 静态图片": self._frames > 2 and self._moved < config.still,
            "short video 短视频": ratio < 0.8 and 0 < video.seconds < config.short_seconds,
            "no sound track 无声": not video.has_audio,
            self._warning: bool(self._warning),
        }
        span = video.whole if video.duration else Span(0, 1, video.time_base)
        return StageOutput(
            records=tuple(
                Fact(record_id("fct", video.video_id, span, text), span, text, 0.9)
                for text, true in holds.items()
                if true
            )
        )

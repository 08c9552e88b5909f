"""Thumbnails: small JPEGs for lists of results."""

from __future__ import annotations

from dataclasses import dataclass

import cv2

from pipeline.decode.frames import Frames, Sampling
from stores.core.records import Blob, StageOutput, Video


@dataclass(frozen=True, slots=True)
class ThumbnailConfig:
    """Interval between frames, pixels of the longer side, JPEG quality (0–100)."""

    every_seconds: float = 2.0
    long_side: int = 320
    quality: int = 80


class ThumbnailObserver:
    """Stores a JPEG every two seconds, named by its tick."""

    name = "thumbnails"

    def __init__(self, config: ThumbnailConfig | None = None) -> None:
        self.config = config or ThumbnailConfig()

    def wants(self, video: Video) -> Sampling:
        """One frame every two seconds."""
        return Sampling(self.name, self.config.every_seconds, self.config.long_side, 1, batch=8)

    def start(self, video: Video) -> None:
        """A new video begins."""
        self._blobs: list[Blob] = []

    def see(self, frames: Frames) -> None:
        """The next frames."""
        for pixels, tick in zip(frames.pixels, frames.ticks.tolist(), strict=True):
            quality = [cv2.IMWRITE_JPEG_QUALITY, self.config.quality]
            made, jpeg = cv2.imencode(".jpg", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), quality)
            if not made:
                raise RuntimeError(f"cannot encode a thumbnail of {pixels.shape}")
            self._blobs.append(Blob(f"{tick:012d}.jpg", jpeg.tobytes()))

    def finish(self) -> StageOutput:
        """One blob for each thumbnail."""
        return StageOutput(blobs=tuple(self._blobs))

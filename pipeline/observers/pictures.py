"""Frame embeddings: what the picture encoder sees, about once a second."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np

from encoders.types import ImageEncoder, PictureFeatures
from pipeline.frames import Frames, Sampling
from pipeline.observers.change import Glance, change, glance
from stores.records import Blob, StageOutput, Video


@dataclass(frozen=True, slots=True)
class PictureConfig:
    """How densely a video is looked at.

    Attributes:
        every_seconds: distance of frames; minimum: frames at least, in short videos.
        long_side: pixels; the encoders crop to 260.
        same: mean grey difference (0–255) to the last encoded frame up to which its result is used again: about the
            noise of recompression, so that slides and still pictures cost one frame.
        strongest: classes kept for each frame.
    """

    every_seconds: float = 1.0
    minimum: int = 8
    long_side: int = 384
    same: float = 1.5
    strongest: int = 16


class PictureObserver:
    """Encodes frames and keeps vectors, strongest classes and likeness features in ``pictures.npz``."""

    name = "pictures"

    def __init__(self, encoder: ImageEncoder, config: PictureConfig | None = None) -> None:
        self.config = config or PictureConfig()
        self._encoder = encoder

    def wants(self, video: Video) -> Sampling:
        """A frame a second."""
        config = self.config
        return Sampling(self.name, config.every_seconds, config.long_side, config.minimum, batch=8)

    def start(self, video: Video) -> None:
        """A new video begins."""
        self._ticks: list[int] = []
        self._seen: list[PictureFeatures] = []
        self._row: list[int] = []
        self._encoded = 0
        self._last: Glance | None = None

    def see(self, frames: Frames) -> None:
        """The next frames."""
        fresh = []
        for i, tick in enumerate(frames.ticks.tolist()):
            look = glance(frames.pixels[i])
            if self._last is None or change(look, self._last) > self.config.same:
                self._last = look
                fresh.append(i)
            self._ticks.append(tick)
            self._row.append(self._encoded + len(fresh) - 1)
        if fresh:
            self._seen.append(self._encoder.encode_sequence(frames.pixels[fresh]))
            self._encoded += len(fresh)

    def finish(self) -> StageOutput:
        """One blob for the whole video."""
        rows = np.array(self._row)
        vectors, probabilities, features = (
            np.concatenate([getattr(seen, name) for seen in self._seen])[rows]
            for name in ("vectors", "probabilities", "features")
        )
        top = np.argsort(-probabilities, axis=1, kind="stable")[:, : self.config.strongest]
        file = io.BytesIO()
        np.savez(
            file,
            ticks=np.array(self._ticks, np.int64),
            vectors=vectors.astype(np.float16),
            top_ids=top.astype(np.int32),
            top_probabilities=np.take_along_axis(probabilities, top, axis=1).astype(np.float16),
            features=features.astype(np.float16),
        )
        return StageOutput(blobs=(Blob("pictures.npz", file.getvalue()),))

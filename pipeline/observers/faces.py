"""Faces: found and compared in two frames per second."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from encoders.faces.crop import face_of
from encoders.types import FaceEncoder, FaceFeatures, FaceFinder, FacesFound, Pixels
from pipeline.decode.frames import Frames, Sampling
from pipeline.observers.face_tracks import BLOB, FaceConfig, FacesSeen, derive_face_tracks
from pipeline.similarity.change import Glance, change, glance
from stores.core.records import Blob, Span, StageOutput, Video

_SIDE = 224  # pixels of a face that is cut out


class FaceObserver:
    """Finds faces and says what they look like; a frame like the one before is not searched again.

    Args:
        model: ``name@revision`` of the encoder; ``fingerprint``: of the stage, for the ids of the vectors.
    """

    name = "faces"

    def __init__(
        self, finder: FaceFinder, encoder: FaceEncoder, model: str, fingerprint: str, config: FaceConfig | None = None
    ) -> None:
        self.config = config or FaceConfig()
        self._finder, self._encoder = finder, encoder
        self._model, self._fingerprint = model, fingerprint

    def wants(self, video: Video) -> Sampling:
        """A frame every half second."""
        config = self.config
        return Sampling(self.name, config.every_seconds, config.long_side, config.minimum, batch=4)

    def start(self, video: Video) -> None:
        """A new video begins."""
        self._video = video
        self._frames: list[int] = []
        self._last: tuple[Glance, FacesFound, FaceFeatures] | None = None
        self._found: list[tuple[int, FacesFound, FaceFeatures]] = []

    def see(self, frames: Frames) -> None:
        """The next frames."""
        for pixels, tick in zip(frames.pixels, frames.ticks.tolist(), strict=True):
            grey = glance(pixels)
            if self._last is None or change(grey, self._last[0]) > self.config.change_threshold:
                found = self._finder.find(pixels[None])[0]
                self._last = grey, found, self._features(pixels, found)
            self._frames.append(tick)
            if len(self._last[1].scores):
                self._found.append((tick, *self._last[1:]))

    def finish(self) -> StageOutput:
        """Tracks, and their vectors."""
        return derive_face_tracks(self._video, self._seen(), self._fingerprint, self.config)

    def finish_part(self, span: Span) -> StageOutput:
        """The faces of a part, for `join_faces`."""
        return StageOutput(blobs=(Blob(BLOB, self._seen().packed()),))

    def _seen(self) -> FacesSeen:
        none = np.zeros((0, self._encoder.dim), np.float32)
        counts = [len(found.scores) for _, found, _ in self._found]
        return FacesSeen(
            frames=np.array(self._frames, np.int64),
            ticks=np.repeat(np.array([tick for tick, *_ in self._found], np.int64), counts),
            scores=np.concatenate([np.zeros(0, np.float32), *(found.scores for _, found, _ in self._found)]),
            boxes=np.concatenate([np.zeros((0, 4), np.float32), *(found.boxes for _, found, _ in self._found)]),
            vectors=np.concatenate([none, *(features.vectors for *_, features in self._found)]),
            female=np.concatenate([np.zeros(0, np.float32), *(features.female for *_, features in self._found)]),
            model=self._model,
        )

    def _features(self, pixels: Pixels, found: FacesFound) -> FaceFeatures:
        """Of all faces; those too small or too unsure to be compared have a vector of zeros."""
        height, width = pixels.shape[:2]
        sides = (found.boxes[:, 2:] - found.boxes[:, :2]) * np.array([width, height], np.float32)
        clear = (sides.max(axis=1, initial=0.0) >= self.config.least_side) & (found.scores >= self.config.min_score)
        large = np.flatnonzero(clear)
        vectors = np.zeros((len(found.scores), self._encoder.dim), np.float32)
        female = np.full(len(found.scores), 0.5, np.float32)
        if len(large):
            features = self._encoder.encode([face_of(pixels, found.boxes[row], _SIDE) for row in large])
            vectors[large], female[large] = features.vectors, features.female
        return FaceFeatures(vectors, female)


def join_faces(outputs: Sequence[StageOutput], video: Video, fingerprint: str, config: FaceConfig) -> StageOutput:
    """The output for a whole video out of those that `FaceObserver.finish_part` gave for its parts, in order."""
    seen = FacesSeen.joined(output.blobs[0].data for output in outputs)
    return derive_face_tracks(video, seen, fingerprint, config)

"""Objects: detections in one frame per second, each with its colour."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np

from encoders.types import Detections, Detector
from pipeline.decode.frames import Frames, Sampling
from pipeline.observers.colours import dominant_colour
from pipeline.similarity.change import ColourGlance, Glance, change, colour_glance, glance
from pipeline.similarity.reuse import Reuse
from stores.core.records import Blob, StageOutput, Video


@dataclass(frozen=True, slots=True)
class ObjectConfig:
    """Which frames are searched; fields as in `pipeline.observers.pictures.PictureConfig`."""

    every_seconds: float = 1.0
    minimum: int = 4
    long_side: int = 384
    change_threshold: float = 1.5


class ObjectObserver:
    """Stores detections as parallel arrays in ``objects.npz``.

    With them are stored, for each sampled frame, its colour glance (9, 16, 3) uint8 and, in ``reused``, whether its
    detections come from another video.

    Args:
        reuse: finds the detections of known videos with the same frames.
    """

    name = "objects"

    def __init__(self, detector: Detector, config: ObjectConfig | None = None, reuse: Reuse | None = None) -> None:
        self.config = config or ObjectConfig()
        self._detector = detector
        self._reuse = reuse

    def wants(self, video: Video) -> Sampling:
        """One frame per second."""
        config = self.config
        return Sampling(self.name, config.every_seconds, config.long_side, config.minimum, batch=4)

    def start(self, video: Video) -> None:
        """A new video begins."""
        self._frames: list[int] = []
        self._scenery: list[str] = []
        self._found: list[tuple[int, str, float, tuple[float, ...], str]] = []
        self._last: tuple[Glance, Detections, list[str], bool] | None = None
        self._time_base = video.time_base
        self._glances: list[ColourGlance] = []
        self._reused: list[bool] = []

    def see(self, frames: Frames) -> None:
        """The next frames."""
        for pixels, tick in zip(frames.pixels, frames.ticks.tolist(), strict=True):
            grey, seen = glance(pixels), colour_glance(pixels)
            if self._last is None or change(grey, self._last[0]) > self.config.change_threshold:
                known = self._known(tick, seen)
                found = known or self._detector.detect(pixels[None])[0]
                self._last = grey, found, [_colour(pixels, box) for box in found.boxes], known is not None
            _, found, colours, reused = self._last
            self._frames.append(tick)
            self._glances.append(seen)
            self._reused.append(reused)
            self._scenery.append(dominant_colour(pixels))
            for concept, score, box, colour in zip(found.concepts, found.scores, found.boxes, colours, strict=True):
                self._found.append((tick, concept, float(score), tuple(box.tolist()), colour))

    def finish(self) -> StageOutput:
        """One blob for the whole video."""
        ticks, concepts, scores, boxes, colours = zip(*self._found, strict=True) if self._found else ((),) * 5
        file = io.BytesIO()
        np.savez(
            file,
            ticks=np.array(ticks, np.int64),
            concepts=np.array(concepts, np.str_),
            scores=np.array(scores, np.float32),
            boxes=np.array(boxes, np.float32).reshape(-1, 4),
            colours=np.array(colours, np.str_),
            frames=np.array(self._frames, np.int64),
            scenery=np.array(self._scenery, np.str_),
            glances=np.array(self._glances, np.uint8).reshape(-1, 9, 16, 3),
            reused=np.array(self._reused, np.bool_),
        )
        return StageOutput(blobs=(Blob("objects.npz", file.getvalue()),))

    def _known(self, tick: int, seen: ColourGlance) -> Detections | None:
        """The detections in the same frame of a known video; their colours are computed here."""
        if self._reuse is None:
            return None
        seconds = float(tick * self._time_base)
        known = self._reuse.result(self.name, "frames", seconds, self.config.every_seconds, seen)
        if known is None:
            return None
        arrays, row = known
        there = arrays["ticks"] == arrays["frames"][row]
        return Detections(arrays["boxes"][there], arrays["scores"][there], tuple(arrays["concepts"][there].tolist()))


def _colour(
    pixels: np.ndarray[tuple[int, int, int], np.dtype[np.uint8]], box: np.ndarray[tuple[int], np.dtype[np.float32]]
) -> str:
    """Colour of the inner half of a box, which shows less of the background."""
    height, width = pixels.shape[:2]
    x0, y0, x1, y1 = (float(edge) for edge in box)
    inset_x, inset_y = (x1 - x0) / 4, (y1 - y0) / 4
    rows = slice(int((y0 + inset_y) * height), int((y1 - inset_y) * height) + 1)
    columns = slice(int((x0 + inset_x) * width), int((x1 - inset_x) * width) + 1)
    return dominant_colour(pixels[rows, columns])

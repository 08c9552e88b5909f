"""Frame embeddings: vectors and classes of about one frame per second."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from encoders.types import ImageEncoder, PictureFeatures
from pipeline.decode.frames import Frames, Sampling
from pipeline.similarity.change import ColourGlance, Glance, change, colour_glance, glance
from pipeline.similarity.reuse import Reuse
from stores.core.records import Blob, StageOutput, Video


@dataclass(frozen=True, slots=True)
class PictureConfig:
    """Which frames are encoded, and what is stored of them.

    Attributes:
        every_seconds: interval between frames; minimum: least number of frames, in short videos.
        long_side: pixels; the encoders crop to 260.
        change_threshold: mean grey difference (0–255) to the last encoded frame up to which its result is used again:
            about the noise of recompression, so that a slide or a still picture is encoded once.
        top_k: classes stored for each frame.
    """

    every_seconds: float = 1.0
    minimum: int = 8
    long_side: int = 384
    change_threshold: float = 1.5
    top_k: int = 16


_COLUMNS = ("vectors", "top_ids", "top_probabilities", "features")
_LENGTHS = "lengths"  # (n,) float32 norms of the vectors before normalisation, from encoders that return them


class PictureObserver:
    """Encodes frames; stores vectors, the most probable classes and likeness features in ``pictures.npz``.

    With them are stored each frame's colour glance (9, 16, 3) uint8 and, in ``reused``, whether its result comes from
    another video.

    Args:
        reuse: finds the results of known videos with the same frames.
    """

    name = "pictures"

    def __init__(self, encoder: ImageEncoder, config: PictureConfig | None = None, reuse: Reuse | None = None) -> None:
        self.config = config or PictureConfig()
        self._encoder = encoder
        self._reuse = reuse

    def wants(self, video: Video) -> Sampling:
        """One frame per second."""
        config = self.config
        return Sampling(self.name, config.every_seconds, config.long_side, config.minimum, batch=8)

    def start(self, video: Video) -> None:
        """A new video begins."""
        self._ticks: list[int] = []
        self._time_base = video.time_base
        self._fresh: list[dict[str, NDArray[np.generic]]] = []
        self._known: list[dict[str, NDArray[np.generic]]] = []
        # For each frame, its row among the fresh results, or -1 - its row among the known ones.
        self._row: list[int] = []
        self._encoded = 0
        self._last: Glance | None = None
        self._glances: list[ColourGlance] = []

    def see(self, frames: Frames) -> None:
        """The next frames."""
        fresh: list[int] = []
        for i, tick in enumerate(frames.ticks.tolist()):
            grey, colours = glance(frames.pixels[i]), colour_glance(frames.pixels[i])
            row = self._row[-1] if self._row else 0
            if self._last is None or change(grey, self._last) > self.config.change_threshold:
                self._last = grey
                if self._add_known(tick, colours):
                    row = -len(self._known)
                else:
                    row = self._encoded + len(fresh)
                    fresh.append(i)
            self._ticks.append(tick)
            self._glances.append(colours)
            self._row.append(row)
        if fresh:
            self._fresh.append(self._stored(self._encoder.encode_sequence(frames.pixels[fresh])))
            self._encoded += len(fresh)

    def finish(self) -> StageOutput:
        """One blob for the whole video, or for a part of it."""
        rows = np.array(self._row, np.int64)
        reused = rows < 0
        results = [*self._fresh, *self._known]
        rows[reused] = self._encoded - 1 - rows[reused]
        # A part may have no frame at all, if the sound outlasts the pictures.
        names = [*_COLUMNS, *([_LENGTHS] if results and all(_LENGTHS in one for one in results) else [])]
        columns = {
            name: np.concatenate([one[name] for one in results])[rows] if results else np.zeros((0, 0))
            for name in names
        }
        file = io.BytesIO()
        np.savez(
            file,
            allow_pickle=False,
            ticks=np.array(self._ticks, np.int64),
            glances=np.array(self._glances, np.uint8).reshape(-1, 9, 16, 3),
            reused=reused,
            **columns,
        )
        return StageOutput(blobs=(Blob("pictures.npz", file.getvalue()),))

    def _add_known(self, tick: int, colours: ColourGlance) -> bool:
        """Add the result for the same frame of a known video; False if there is none."""
        if self._reuse is None:
            return False
        seconds = float(tick * self._time_base)
        known = self._reuse.result(self.name, "ticks", seconds, self.config.every_seconds, colours)
        if known is not None:
            arrays, row = known
            self._known.append({name: arrays[name][row : row + 1] for name in (*_COLUMNS, _LENGTHS) if name in arrays})
        return known is not None

    def _stored(self, seen: PictureFeatures) -> dict[str, NDArray[np.generic]]:
        """What is stored of some frames: a third of the encoder's output, so that long videos fit into memory."""
        top = np.argsort(-seen.probabilities, axis=1, kind="stable")[:, : self.config.top_k]
        return {
            "vectors": seen.vectors.astype(np.float16),
            "top_ids": top.astype(np.int32),
            "top_probabilities": np.take_along_axis(seen.probabilities, top, axis=1).astype(np.float16),
            "features": seen.features.astype(np.float16),
            **({} if seen.lengths is None else {_LENGTHS: seen.lengths.astype(np.float32)}),
        }

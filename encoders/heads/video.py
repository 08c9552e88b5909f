"""One vector, or a few, for a whole video, from the vectors of its frames: what a video is found by.

Some heads only fuse; those of CLIP4Clip and CLIP2Video that were trained come with weights, and with a text tower of
their own (`encoders.heads.temporal`). Names and revisions are told without loading anything.

Sources: Portillo-Quintero et al. 2021, arXiv:2102.12443 (mean, k-means); Luo et al. 2021, arXiv:2104.08860 (CLIP4Clip);
Fang et al. 2021, arXiv:2106.11097 (CLIP2Video).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from encoders.heads.specs import TRAINED, HeadSpec, VideoHead
from encoders.reference.aggregation import kmeans_centroids, mean
from encoders.reference.clip4clip.frames import chosen_frames
from encoders.types import Vectors

if TYPE_CHECKING:
    from encoders.bundle import Encoders


class FusedFrames:
    """Heads without weights: vectors stay in the space of the frames, and texts are those of the picture model."""

    shares = (1.0,)

    def __init__(self, spec: HeadSpec, encoders: Encoders) -> None:
        self._spec = spec
        self._encoders = encoders

    def vectors(self, frames: Vectors, lengths: NDArray[np.float32] | None) -> tuple[Vectors, ...]:  # noqa: ARG002
        """Unit rows (k, d) of unit frame vectors (n, d).

        Raises:
            ValueError: if there are no frames, or their vectors cancel out.
        """
        spec = self._spec
        if spec.name == "kmeans":
            k = min(max(1, round(len(frames) / spec.frames_per_centroid)), spec.most_centroids)
            return (kmeans_centroids(frames, k).centroids,)
        if spec.name == "clip4clip-meanP":
            frames = frames[chosen_frames(len(frames), spec.frames)]
        return (mean(frames)[None],)

    def queries(self, texts: Sequence[str]) -> tuple[Vectors, ...]:
        """Unit rows (t, d) in the space of the frames."""
        return (self._encoders.image_text.encode_queries(texts),)


def open_head(spec: HeadSpec, encoders: Encoders) -> VideoHead:
    """The head, with its weights loaded if it has any.

    Raises:
        WeightsError: as `encoders.heads.temporal.open_trained`.
    """
    if spec.name not in TRAINED:
        return FusedFrames(spec, encoders)
    from encoders.heads.temporal import open_trained

    return open_trained(spec.name, Path(spec.weights), spec.sha256, spec.frames, encoders)

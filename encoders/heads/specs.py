"""Heads over frame vectors by name, and what each of them depends on; nothing is loaded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from encoders.types import Vectors

HeadName = Literal["mean", "kmeans", "clip4clip-meanP", "clip4clip-seqTransf", "clip4clip-seqLSTM", "clip2video"]
TRAINED: tuple[HeadName, ...] = ("clip4clip-seqTransf", "clip4clip-seqLSTM", "clip2video")
"""Heads that have weights."""

OFFICIAL_FRAMES = 12
"""Frames of a video that the papers' models see (official ``max_frames`` for MSR-VTT), spread evenly over it."""


@dataclass(frozen=True, slots=True)
class HeadSpec:
    """Which head, and what it depends on.

    Attributes:
        name: of the head.
        weights: path of an official checkpoint, for those of `TRAINED`; sha256: of that file.
        frames: frames of a video that are taken, evenly spread, by all heads but ``mean`` and ``kmeans``.
        frames_per_centroid, most_centroids: of ``kmeans``: one centroid for so many frames, up to so many.
    """

    name: HeadName
    weights: str = ""
    sha256: str = ""
    frames: int = OFFICIAL_FRAMES
    frames_per_centroid: int = 10
    most_centroids: int = 4

    @property
    def collections(self) -> tuple[str, ...]:
        """Short names of the spaces that its vectors lie in: these are never compared with each other."""
        name = f"{self.name}-{self.sha256[:8]}" if self.name in TRAINED else self.name
        return (name, f"{name}-aligned") if self.name == "clip2video" else (name,)


class VideoHead(Protocol):
    """Frames to what a video is found by, and texts to what finds it, by spaces (see `HeadSpec.collections`).

    ``shares`` says how much the likeness in each space counts; they sum to 1. ``vectors`` takes unit frame vectors
    (n, d) with n > 0 and their lengths (n,), in order of time, and gives unit rows (k, d) for each space; ``queries``
    gives unit rows (t, d) for each space.
    """

    @property
    def shares(self) -> tuple[float, ...]:
        """By space."""
        ...

    def vectors(self, frames: Vectors, lengths: NDArray[np.float32] | None) -> tuple[Vectors, ...]:
        """Of one video."""
        ...

    def queries(self, texts: Sequence[str]) -> tuple[Vectors, ...]:
        """Of texts."""
        ...

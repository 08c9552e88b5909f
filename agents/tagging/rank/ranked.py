"""What a ranker says of one tag, and what a ranker is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from agents.tagging.recall import Recalled


@dataclass(frozen=True, slots=True)
class Ranked:
    """One tag with its fused confidence and what each source says about it."""

    tag_id: str
    confidence: float
    sources: tuple[Recalled, ...]


MOST_CLIPS = 16
"""Clips of a video that a ranker looks at, evenly spread. Source: our choice."""


@dataclass(frozen=True, slots=True)
class CaseFacts:
    """What a ranker may know of a video besides what was recalled.

    Attributes:
        vector: (d,) float32 of unit length, what the video looks like as a whole; None if it has no clips.
        clips: (m, d) float32, what its clips look like, at most `MOST_CLIPS` of them.
    """

    video_id: str
    vector: NDArray[np.float32] | None = None
    clips: NDArray[np.float32] | None = None


class Ranker(Protocol):
    """Fuses what the sources recalled for one video into one confidence a tag, strongest first."""

    def rank(self, facts: CaseFacts, recalled: Sequence[Recalled]) -> list[Ranked]:
        """The tags, each once."""
        ...

"""CLIP4Clip's head without parameters, ``meanP``.

Source: arXiv:2104.08860, section 3.3, parameter-free type.
"""

from __future__ import annotations

from torch import Tensor

from encoders.reference.clip4clip.base import Clip4Clip
from encoders.reference.clip4clip.pooling import check_frames, mean_of_units


class MeanClip4Clip(Clip4Clip):
    """One vector a video, whatever the text, so that videos can be encoded ahead: the mean of the frames."""

    def video_vectors(self, frames: Tensor, mask: Tensor) -> Tensor:
        """Unit vectors (m, d) of frame features (m, T, d) with masks (m, T), 1 for frames.

        Raises:
            ValueError: if shapes do not fit, or a video has no frame.
        """
        check_frames(frames, mask, 1, self.most_frames)
        return mean_of_units(frames, mask)

    def similarity(self, texts: Tensor, frames: Tensor, mask: Tensor) -> Tensor:
        """As `Clip4Clip.similarity`: ``exp(logit_scale)`` times the cosine."""
        return self.clip.logits(texts, self.video_vectors(frames, mask))

"""What the four heads of CLIP4Clip share: the towers.

The heads' tensors have no common prefix in official checkpoints; so a head is a class of model, not a part of one.

Source: Luo et al. 2021, arXiv:2104.08860; official code ArrowLuo/CLIP4Clip, modules/modeling.py.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Literal

from torch import Tensor, nn

from encoders.reference.clip.model import Clip, ClipConfig
from encoders.reference.clip4clip.patches import TubeVisionTransformer

EPSILON = 1e-12
"""Layer norm of every block beside CLIP's own, official code."""

Head = Literal["meanP", "seqTransf", "seqLSTM", "tightTransf"]


@dataclass(frozen=True, slots=True)
class Clip4ClipConfig:
    """Sizes and options; the defaults are those of the official runs with ViT-B/32.

    Attributes:
        clip: the towers. There are as many frame positions as text positions (``context_length``).
        head: official ``sim_header``.
        temporal_layers: blocks over frames, heads ``seqTransf`` and ``tightTransf``.
        temporal_heads: attention heads of these blocks; officially the width divided by 64.
        linear_patch: ``3d`` lets a patch reach into the neighbouring frames.
    """

    clip: ClipConfig = field(default_factory=ClipConfig)
    head: Head = "meanP"
    temporal_layers: int = 4
    temporal_heads: int = 8
    linear_patch: Literal["2d", "3d"] = "2d"


class Clip4Clip(nn.Module, ABC):
    """Texts and videos to logits, by a head that subclasses say.

    Raises:
        ValueError: if ``linear_patch`` is neither ``2d`` nor ``3d``.
    """

    def __init__(self, config: Clip4ClipConfig) -> None:
        super().__init__()
        if config.linear_patch not in ("2d", "3d"):
            raise ValueError(f"linear_patch is 2d or 3d, not {config.linear_patch!r}")
        self.config = config
        self.clip = Clip(config.clip)
        if config.linear_patch == "3d":
            self.clip.visual = TubeVisionTransformer(config.clip)

    @property
    def most_frames(self) -> int:
        """The longest video, in frames."""
        return self.config.clip.context_length

    def encode_text(self, ids: Tensor) -> Tensor:
        """Features (n, d), not normalised, of token ids (n, L) int64; see `Clip.encode_text`."""
        return self.clip.encode_text(ids)

    def encode_video(self, videos: Tensor) -> Tensor:
        """Frame features (n, T, d), not normalised, of normalised pixels (n, T, 3, side, side); padding is zeros.

        Raises:
            ValueError: if the pixels have another shape.
        """
        if videos.ndim != 5:
            raise ValueError(f"videos must be (n, T, 3, height, width), not {tuple(videos.shape)}")
        features = self.clip.visual(videos if self.config.linear_patch == "3d" else videos.flatten(0, 1))
        frames: Tensor = features.unflatten(0, videos.shape[:2])
        return frames

    @abstractmethod
    def similarity(self, texts: Tensor, frames: Tensor, mask: Tensor) -> Tensor:
        """Logits (n, m) of text features (n, d) and frame features (m, T, d) with masks (m, T), 1 for frames.

        Raises:
            ValueError: if shapes do not fit, or a video has no frame.
        """

    def forward(self, ids: Tensor, videos: Tensor, mask: Tensor) -> Tensor:
        """Logits (n, m) of token ids (n, L) and pixels (m, T, 3, side, side) with masks (m, T)."""
        return self.similarity(self.encode_text(ids), self.encode_video(videos), mask)

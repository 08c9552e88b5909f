"""CLIP's picture tower with patches that reach one frame back and one ahead (option ``linear_patch=3d``).

Source: arXiv:2104.08860, section 3.1; official code ArrowLuo/CLIP4Clip, modules/module_clip.py.
"""

from __future__ import annotations

from torch import Tensor, nn

from encoders.reference.clip.model import ClipConfig
from encoders.reference.clip.vision import VisionTransformer

_FRAMES = 3  # the frame itself and its neighbours


class TubeVisionTransformer(VisionTransformer):
    """Takes whole videos; ``conv1`` stays in the state without being used, as in official checkpoints."""

    def __init__(self, config: ClipConfig) -> None:
        super().__init__(
            config.image_resolution,
            config.vision_patch_size,
            config.vision_width,
            config.vision_layers,
            config.vision_heads,
            config.embed_dim,
        )
        patch = config.vision_patch_size
        self.conv2 = nn.Conv3d(
            3, config.vision_width, (_FRAMES, patch, patch), (1, patch, patch), (_FRAMES // 2, 0, 0), bias=False
        )

    def forward(self, videos: Tensor) -> Tensor:
        """Features (B · T, outputs), not normalised, of normalised pixels (B, T, 3, side, side).

        Before the first and after the last frame there are zeros; padded frames take part like others.

        Raises:
            ValueError: if the pixels have another shape.
        """
        if videos.ndim != 5:
            raise ValueError(f"videos must be (B, T, 3, height, width), not {tuple(videos.shape)}")
        self.check_size(videos)
        return self.encode_patches(self.conv2(videos.transpose(1, 2)).transpose(1, 2).flatten(0, 1))

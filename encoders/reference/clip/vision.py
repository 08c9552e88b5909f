"""CLIP's picture side: a vision transformer over square patches.

Source: official code openai/CLIP, clip/model.py, VisionTransformer.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from encoders.reference.clip.blocks import Transformer


class VisionTransformer(nn.Module):
    """Pictures to features in the space shared with texts.

    Args:
        resolution: side of the pictures, pixels.
        patch: side of a patch, pixels.
        outputs: width of the shared space.

    Raises:
        ValueError: if ``resolution`` is smaller than a patch.
    """

    def __init__(self, resolution: int, patch: int, width: int, layers: int, heads: int, outputs: int) -> None:
        super().__init__()
        if resolution < patch:
            raise ValueError(f"pictures of {resolution} pixels hold no patch of {patch}")
        self.resolution = resolution
        scale = width**-0.5  # official initialisation
        self.conv1 = nn.Conv2d(3, width, patch, stride=patch, bias=False)
        self.class_embedding = nn.Parameter(scale * torch.randn(width))
        self.positional_embedding = nn.Parameter(scale * torch.randn((resolution // patch) ** 2 + 1, width))
        self.ln_pre = nn.LayerNorm(width)
        self.transformer = Transformer(width, layers, heads)
        self.ln_post = nn.LayerNorm(width)
        self.proj = nn.Parameter(scale * torch.randn(width, outputs))

    def forward(self, pixels: Tensor) -> Tensor:
        """Features (n, outputs), not normalised, of normalised pixels (n, 3, resolution, resolution).

        Raises:
            ValueError: if the pixels have another shape.
        """
        if pixels.ndim != 4:
            raise ValueError(f"pixels must be (n, 3, height, width), not {tuple(pixels.shape)}")
        self.check_size(pixels)
        return self.encode_patches(self.conv1(pixels))

    def check_size(self, pixels: Tensor) -> None:
        """Refuse pixels whose last three dimensions are not (3, resolution, resolution), by a ValueError."""
        wanted = (3, self.resolution, self.resolution)
        if pixels.shape[-3:] != wanted:
            raise ValueError(f"pictures must be {wanted}, not {tuple(pixels.shape[-3:])}")

    def encode_patches(self, patches: Tensor) -> Tensor:
        """Features (n, outputs) of embedded patches (n, width, rows, columns)."""
        tokens = patches.flatten(2).transpose(1, 2)
        classes = self.class_embedding.expand(len(tokens), 1, -1)
        x = torch.cat([classes, tokens], dim=1) + self.positional_embedding
        x = self.transformer(self.ln_pre(x))
        features: Tensor = self.ln_post(x[:, 0]) @ self.proj
        return features

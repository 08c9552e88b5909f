"""The vision transformer of BLIP and ALBEF: pictures to tokens.

Source: official code salesforce/BLIP and salesforce/ALBEF, models/vit.py (timm's names, fused qkv with bias, layer norm
epsilon 1e-6). The drop-path that ViT-L uses while training is left out.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from encoders.types import WeightsError

POSITIONS = "visual_encoder.pos_embed"
"""Official name of the position table, which depends on the pictures' size."""


@dataclass(frozen=True, slots=True)
class VitConfig:
    """Sizes; the defaults are ViT-B/16 at 384 pixels. ViT-L: ``embed_dim=1024, depth=24, num_heads=16``."""

    img_size: int = 384
    patch_size: int = 16
    embed_dim: int = 768
    depth: int = 12
    num_heads: int = 12
    mlp_ratio: float = 4.0
    layer_norm_eps: float = 1e-6

    @property
    def tokens(self) -> int:
        """Patches and the class token: 577 at 384 pixels."""
        return (self.img_size // self.patch_size) ** 2 + 1


class VisionTransformer(nn.Module):
    """Pre-norm transformer over patches.

    Raises:
        ValueError: if the picture cannot be cut into whole patches, or the width among the heads.
    """

    def __init__(self, config: VitConfig) -> None:
        super().__init__()
        if config.img_size % config.patch_size or config.embed_dim % config.num_heads:
            raise ValueError(f"neither patches nor heads may have a rest: {config}")
        self.config = config
        width = config.embed_dim
        self.cls_token = nn.Parameter(torch.zeros(1, 1, width))
        self.pos_embed = nn.Parameter(torch.zeros(1, config.tokens, width))
        self.patch_embed = _Patches(config)
        self.blocks = nn.ModuleList(_Block(config) for _ in range(config.depth))
        self.norm = nn.LayerNorm(width, eps=config.layer_norm_eps)

    def forward(self, pixels: Tensor) -> Tensor:
        """All tokens after the last norm, class token first: (B, 3, s, s) to (B, 1 + patches, width).

        Raises:
            ValueError: if ``pixels`` has another shape.
        """
        size = self.config.img_size
        if pixels.ndim != 4 or pixels.shape[1:] != (3, size, size):
            raise ValueError(f"pixels must be (B, 3, {size}, {size}), not {tuple(pixels.shape)}")
        patches = self.patch_embed.proj(pixels).flatten(2).transpose(1, 2)
        x = torch.cat([self.cls_token.expand(len(pixels), -1, -1), patches], dim=1) + self.pos_embed
        for block in self.blocks:
            x = block(x)
        out: Tensor = self.norm(x)
        return out


def resized_positions(table: Tensor, tokens: int) -> Tensor:
    """The position table (1, 1 + g², width) for 1 + n² = ``tokens``: bicubic, the class token's row as it is.

    Source: official code, models/vit.py, interpolate_pos_embed (corners not aligned, no antialiasing).

    Raises:
        ValueError: if ``table`` has another shape, or either grid is no square.
    """
    if table.ndim != 3 or len(table) != 1:
        raise ValueError(f"a position table is (1, tokens, width), not {tuple(table.shape)}")
    old, new = (math.isqrt(count - 1) if count > 1 else 0 for count in (table.shape[1], tokens))
    if not old or not new or old**2 + 1 != table.shape[1] or new**2 + 1 != tokens:
        raise ValueError(f"positions of {table.shape[1]} tokens cannot be resized to {tokens}: no squares")
    if old == new:
        return table
    grid = table[:, 1:].float().transpose(1, 2).reshape(1, -1, old, old)
    grid = functional.interpolate(grid, size=(new, new), mode="bicubic", align_corners=False)
    return torch.cat([table[:, :1].float(), grid.flatten(2).transpose(1, 2)], dim=1)


def fitted(state: Mapping[str, Tensor], config: VitConfig, what: str) -> dict[str, Tensor]:
    """The tensors of a checkpoint ``what`` with the positions resized to the pictures of ``config``.

    A table of another width is left for strict loading to name.

    Raises:
        WeightsError: ``corrupt`` if the table belongs to no square grid.
    """
    fit = dict(state)
    if POSITIONS in fit:
        try:
            fit[POSITIONS] = resized_positions(fit[POSITIONS], config.tokens)
        except ValueError as error:
            raise WeightsError("corrupt", f"{what}: {POSITIONS}: {error}") from error
    return fit


class _Patches(nn.Module):
    def __init__(self, config: VitConfig) -> None:
        super().__init__()
        self.proj = nn.Conv2d(3, config.embed_dim, config.patch_size, stride=config.patch_size)


class _Block(nn.Module):
    def __init__(self, config: VitConfig) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(config.embed_dim, eps=config.layer_norm_eps)
        self.attn = _Attention(config)
        self.norm2 = nn.LayerNorm(config.embed_dim, eps=config.layer_norm_eps)
        self.mlp = _Mlp(config)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attn(self.norm1(x))
        out: Tensor = x + self.mlp(self.norm2(x))
        return out


class _Attention(nn.Module):
    def __init__(self, config: VitConfig) -> None:
        super().__init__()
        self._heads = config.num_heads
        self.qkv = nn.Linear(config.embed_dim, 3 * config.embed_dim)
        self.proj = nn.Linear(config.embed_dim, config.embed_dim)

    def forward(self, x: Tensor) -> Tensor:
        query, key, value = self.qkv(x).unflatten(2, (3, self._heads, -1)).permute(2, 0, 3, 1, 4)
        mixed = functional.scaled_dot_product_attention(query, key, value)
        out: Tensor = self.proj(mixed.transpose(1, 2).reshape(x.shape))
        return out


class _Mlp(nn.Module):
    def __init__(self, config: VitConfig) -> None:
        super().__init__()
        inner = int(config.embed_dim * config.mlp_ratio)
        self.fc1 = nn.Linear(config.embed_dim, inner)
        self.fc2 = nn.Linear(inner, config.embed_dim)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.fc2(functional.gelu(self.fc1(x)))
        return out

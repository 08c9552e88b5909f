"""EVA ViT-g, the vision tower of BLIP-2 and Video-LLaMA: all tokens of a picture.

Source: Fang et al. 2022, arXiv:2211.07636; official code salesforce/LAVIS, lavis/models/eva_vit.py
(create_eva_vit_g). The released tower leaves out EVA's 40th block and the final norm.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional


@dataclass(frozen=True, slots=True)
class EvaVitConfig:
    """Sizes; the defaults are those of the released models. ``mlp_ratio`` is rounded down to whole channels."""

    size: int = 224
    patch: int = 14
    width: int = 1408
    depth: int = 39
    heads: int = 16
    mlp_ratio: float = 4.3637
    epsilon: float = 1e-6


class EvaVit(nn.Module):
    """The tower, in official parameter names.

    Raises:
        ValueError: if patches do not fill the picture, or heads not the width.
    """

    def __init__(self, config: EvaVitConfig) -> None:
        super().__init__()
        if config.size % config.patch or config.width % config.heads:
            raise ValueError(f"sizes do not divide each other: {config}")
        self.config = config
        tokens = (config.size // config.patch) ** 2 + 1
        self.patch_embed = PatchEmbed(config)
        self.cls_token = nn.Parameter(torch.zeros(1, 1, config.width))
        self.pos_embed = nn.Parameter(torch.zeros(1, tokens, config.width))
        self.blocks = nn.ModuleList(EvaBlock(config) for _ in range(config.depth))

    def forward(self, pictures: Tensor) -> Tensor:
        """Tokens (B, 1 + patches, width), class token first and patches by row, of pictures (B, 3, size, size).

        Raises:
            ValueError: if the pictures have another shape.
        """
        size = self.config.size
        if pictures.ndim != 4 or pictures.shape[1:] != (3, size, size):
            raise ValueError(f"pictures must be (b, 3, {size}, {size}), not {tuple(pictures.shape)}")
        patches = self.patch_embed(pictures)
        x = torch.cat([self.cls_token.expand(len(pictures), -1, -1), patches], dim=1) + self.pos_embed
        for block in self.blocks:
            x = block(x)
        return x


class PatchEmbed(nn.Module):
    """Linear on each patch, as a convolution."""

    def __init__(self, config: EvaVitConfig) -> None:
        super().__init__()
        self.proj = nn.Conv2d(3, config.width, config.patch, stride=config.patch)

    def forward(self, pictures: Tensor) -> Tensor:
        """(B, 3, size, size) to (B, patches, width), by row."""
        out: Tensor = self.proj(pictures).flatten(2).transpose(1, 2)
        return out


class EvaBlock(nn.Module):
    """``h = x + attention(LN(x))``, then ``h + mlp(LN(h))``."""

    def __init__(self, config: EvaVitConfig) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(config.width, eps=config.epsilon)
        self.attn = EvaAttention(config.width, config.heads)
        self.norm2 = nn.LayerNorm(config.width, eps=config.epsilon)
        self.mlp = Mlp(config.width, int(config.width * config.mlp_ratio))

    def forward(self, x: Tensor) -> Tensor:
        """(B, N, width) to (B, N, width)."""
        x = x + self.attn(self.norm1(x))
        out: Tensor = x + self.mlp(self.norm2(x))
        return out


class EvaAttention(nn.Module):
    """Self-attention with biases for query and value, and none for the key."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.q_bias = nn.Parameter(torch.zeros(width))
        self.v_bias = nn.Parameter(torch.zeros(width))
        self.proj = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        """(B, N, width) to (B, N, width)."""
        batch, tokens, width = x.shape
        bias = torch.cat([self.q_bias, torch.zeros_like(self.q_bias), self.v_bias])
        packed = functional.linear(x, self.qkv.weight, bias)
        query, key, value = packed.reshape(batch, tokens, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        mixed = functional.scaled_dot_product_attention(query, key, value)
        out: Tensor = self.proj(mixed.transpose(1, 2).reshape(batch, tokens, width))
        return out


class Mlp(nn.Module):
    """Linear, exact (erf) GELU, linear."""

    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(width, inner)
        self.fc2 = nn.Linear(inner, width)

    def forward(self, x: Tensor) -> Tensor:
        """(…, width) to (…, width)."""
        out: Tensor = self.fc2(functional.gelu(self.fc1(x)))
        return out

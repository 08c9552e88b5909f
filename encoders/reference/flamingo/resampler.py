"""The perceiver resampler: any number of visual tokens per medium to a fixed number of latents.

Source: Alayrac et al. 2022, arXiv:2204.14198, figure 5; official code lucidrains/flamingo-pytorch,
flamingo_pytorch/flamingo_pytorch.py, and mlfoundations/open_flamingo, open_flamingo/src/helpers.py. The two differ
only in their position tables. Parameter names are theirs.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional


@dataclass(frozen=True, slots=True)
class ResamplerConfig:
    """Sizes; the defaults are those of OpenFlamingo's released models.

    Attributes:
        width: of a visual token.
        depth: layers.
        latents: tokens that come out per medium.
        media: most media in one input, each with its own position; None for no such table.
        frames: most frames in one medium, each with its own position; None for no such table.
        expansion: how many times wider the feed-forward's hidden layer is.
    """

    width: int = 1024
    depth: int = 6
    head_width: int = 64
    heads: int = 8
    latents: int = 64
    media: int | None = None
    frames: int | None = None
    expansion: int = 4


class Resampler(nn.Module):
    """What both versions share: latents that read media tokens and themselves, layer by layer."""

    def __init__(self, config: ResamplerConfig) -> None:
        super().__init__()
        self.config = config
        self.latents = nn.Parameter(torch.randn(config.latents, config.width))
        self.layers = nn.ModuleList(
            nn.ModuleList([_LatentAttention(config), feed_forward(config.width, config.expansion)])
            for _ in range(config.depth)
        )
        self.norm = nn.LayerNorm(config.width)

    def resample(self, media: Tensor) -> Tensor:
        """(B, M, n, width) tokens, positions already added, to (B, M, latents, width)."""
        x = self.latents.expand(*media.shape[:2], -1, -1)
        for layer in self.layers:
            attention, feed = layer.children()
            x = x + attention(media, x)
            x = x + feed(x)
        out: Tensor = self.norm(x)
        return out


class LucidResampler(Resampler):
    """The version of lucidrains: a position for every medium.

    Raises:
        ValueError: if the config has no ``media``, or has ``frames``.
    """

    def __init__(self, config: ResamplerConfig) -> None:
        super().__init__(config)
        if config.media is None or config.frames is not None:
            raise ValueError("this version needs a table of media and has none of frames")
        self.media_pos_emb = nn.Parameter(torch.randn(config.media, 1, config.width))

    def forward(self, media: Tensor) -> Tensor:
        """(B, M, n, width) tokens, or (B, n, width) of one medium, to (B, M, latents, width).

        Raises:
            ValueError: if the shape does not fit, or there are more media than positions.
        """
        if media.ndim == 3:
            media = media[:, None]
        _check(media, 4, self.config.width)
        return self.resample(media + _first(self.media_pos_emb, media.shape[1], "media"))


class OpenResampler(Resampler):
    """OpenFlamingo's version: positions of frames and of media, both optional; released models have neither."""

    def __init__(self, config: ResamplerConfig) -> None:
        super().__init__(config)
        self.frame_embs = None if config.frames is None else nn.Parameter(torch.randn(config.frames, config.width))
        self.media_time_embs = (
            None if config.media is None else nn.Parameter(torch.randn(config.media, 1, config.width))
        )

    def forward(self, media: Tensor) -> Tensor:
        """(B, M, F, v, width) tokens of v places in F frames of M media to (B, M, latents, width).

        Raises:
            ValueError: if the shape does not fit, or there are more frames or media than positions.
        """
        _check(media, 5, self.config.width)
        if self.frame_embs is not None:
            media = media + _first(self.frame_embs, media.shape[2], "frames")[:, None]
        media = media.flatten(2, 3)
        if self.media_time_embs is not None:
            media = media + _first(self.media_time_embs, media.shape[1], "media")
        return self.resample(media)


def feed_forward(width: int, expansion: int) -> nn.Sequential:
    """Layer norm, linear, exact GELU, linear; no biases. Names ``0``, ``1`` and ``3``."""
    inner = width * expansion
    return nn.Sequential(
        nn.LayerNorm(width), nn.Linear(width, inner, bias=False), nn.GELU(), nn.Linear(inner, width, bias=False)
    )


def split_heads(x: Tensor, heads: int) -> Tensor:
    """(..., n, heads · d) to (..., heads, n, d)."""
    return x.reshape(*x.shape[:-1], heads, -1).transpose(-3, -2)


class _LatentAttention(nn.Module):
    """Latents ask; the normed media tokens, then the normed latents themselves, answer."""

    def __init__(self, config: ResamplerConfig) -> None:
        super().__init__()
        self.heads = config.heads
        inner = config.heads * config.head_width
        self.norm_media = nn.LayerNorm(config.width)
        self.norm_latents = nn.LayerNorm(config.width)
        self.to_q = nn.Linear(config.width, inner, bias=False)
        self.to_kv = nn.Linear(config.width, 2 * inner, bias=False)
        self.to_out = nn.Linear(inner, config.width, bias=False)

    def forward(self, media: Tensor, latents: Tensor) -> Tensor:
        """(B, M, n, width) and (B, M, latents, width) to the latter's shape."""
        latents = self.norm_latents(latents)
        keys, values = self.to_kv(torch.cat([self.norm_media(media), latents], dim=-2)).chunk(2, dim=-1)
        query, key, value = (split_heads(x, self.heads) for x in (self.to_q(latents), keys, values))
        mixed = functional.scaled_dot_product_attention(query, key, value)
        out: Tensor = self.to_out(mixed.transpose(-3, -2).flatten(-2))
        return out


def _check(media: Tensor, axes: int, width: int) -> None:
    if media.ndim != axes or media.shape[-1] != width:
        raise ValueError(f"media must have {axes} axes, the last {width} wide, not {tuple(media.shape)}")


def _first(table: Tensor, count: int, what: str) -> Tensor:
    if count > len(table):
        raise ValueError(f"there are {count} {what}, but positions for {len(table)} only")
    return table[:count]

"""Gated cross-attention: text that reads the media it may see, let in by gates that begin closed.

Source: Alayrac et al. 2022, arXiv:2204.14198, figure 4; official code lucidrains/flamingo-pytorch,
flamingo_pytorch/flamingo_pytorch.py, and mlfoundations/open_flamingo, open_flamingo/src/helpers.py. Their parameters
have the same names; lucidrains' media are as wide as the text.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from encoders.reference.flamingo.resampler import feed_forward, split_heads


@dataclass(frozen=True, slots=True)
class GatedConfig:
    """Sizes, and what text may see.

    Attributes:
        width: of the text's states.
        media_width: of the media's tokens.
        immediate_only: a text token sees the last medium before it alone (default of both versions); else all before.
        expansion: how many times wider the feed-forward's hidden layer is.
    """

    width: int
    media_width: int
    head_width: int = 64
    heads: int = 8
    immediate_only: bool = True
    expansion: int = 4


class GatedBlock(nn.Module):
    """``x += tanh(attn_gate) · attention(x, media)``, then ``x += tanh(ff_gate) · feed-forward(x)``.

    Both gates start at 0, so that a new block changes nothing.
    """

    def __init__(self, config: GatedConfig) -> None:
        super().__init__()
        self.config = config
        self.attn = MaskedCrossAttention(config)
        self.attn_gate = nn.Parameter(torch.zeros(1))
        self.ff = feed_forward(config.width, config.expansion)
        self.ff_gate = nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor, media: Tensor, times: Tensor | None = None) -> Tensor:
        """(B, L, width) text and (B, M, n, media width) tokens of M media to (B, L, width).

        Args:
            times: (B, L) which medium is each text token's last one, by `text_times` or, for new tokens behind a
                prompt, `cached_times`. None lets every token see every medium.

        Raises:
            ValueError: if shapes do not fit.
        """
        x = self.attn(x, media, times) * self.attn_gate.tanh() + x
        out: Tensor = self.ff(x) * self.ff_gate.tanh() + x
        return out


class MaskedCrossAttention(nn.Module):
    """Attention of normed text to media as they are; no biases."""

    def __init__(self, config: GatedConfig) -> None:
        super().__init__()
        self.config = config
        inner = config.heads * config.head_width
        self.norm = nn.LayerNorm(config.width)
        self.to_q = nn.Linear(config.width, inner, bias=False)
        self.to_kv = nn.Linear(config.media_width, 2 * inner, bias=False)
        self.to_out = nn.Linear(inner, config.width, bias=False)

    def forward(self, x: Tensor, media: Tensor, times: Tensor | None = None) -> Tensor:
        """As in `GatedBlock`, without gate and residual.

        Raises:
            ValueError: if shapes do not fit.
        """
        config = self.config
        if media.ndim != 4 or media.shape[-1] != config.media_width or len(media) != len(x):
            raise ValueError(
                f"media must be ({len(x)}, M, n, {config.media_width}) for this text, not {tuple(media.shape)}"
            )
        if times is not None and times.shape != x.shape[:2]:
            raise ValueError(f"times must be {tuple(x.shape[:2])} as the text, not {tuple(times.shape)}")
        keys, values = self.to_kv(media.flatten(1, 2)).chunk(2, dim=-1)
        query, key, value = (split_heads(t, config.heads) for t in (self.to_q(self.norm(x)), keys, values))
        scores = (query * config.head_width**-0.5) @ key.transpose(-1, -2)
        if times is not None:
            allowed = media_mask(times, media.shape[1], config.immediate_only)
            allowed = allowed.repeat_interleave(media.shape[2], dim=2)[:, None]
            # Finite, as in the official code: a row that may see nothing sees all alike. In immediate mode the
            # rows before the first medium are blanked below; with all previous media that leak remains.
            scores = scores.masked_fill(~allowed, -torch.finfo(scores.dtype).max)
        weights = scores.softmax(dim=-1)
        if times is not None and config.immediate_only:
            weights = weights.masked_fill((times == 0)[:, None, :, None], 0)
        out: Tensor = self.to_out((weights @ value).transpose(1, 2).flatten(2))
        return out


def text_times(locations: Tensor) -> Tensor:
    """How many media each token (B, L) int64 has met, itself counted, of ``locations`` (B, L): true at ``<image>``."""
    return locations.long().cumsum(dim=1)


def cached_times(locations: Tensor, new: int) -> Tensor:
    """`text_times` (B, new) of tokens decoded behind a prompt with ``locations`` (B, L): they all follow its last one.

    Source: OpenFlamingo's ``use_cached_media``.
    """
    return locations.long().sum(dim=1, keepdim=True).expand(-1, new)


def media_mask(times: Tensor, media: int, immediate_only: bool) -> Tensor:
    """Which of ``media`` media each token of ``times`` (B, L) may see, (B, L, media) bool.

    The k-th medium, from 1, belongs to tokens of time k; with ``immediate_only`` false, to later ones as well. Media
    for which there is no ``<image>`` token are seen by none.
    """
    order = torch.arange(1, media + 1, device=times.device)
    return times[..., None] == order if immediate_only else times[..., None] >= order

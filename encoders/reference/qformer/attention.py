"""Attention of the Q-Former and the additive masks it takes.

Source: official code salesforce/LAVIS, lavis/models/blip2_models/Qformer.py (BERT's attention, post-norm).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

_HIDDEN = -10_000.0  # official code: finite, so that a row that may see nothing sees all alike instead of NaN


def padding_mask(seen: Tensor, dtype: torch.dtype) -> Tensor:
    """Additive self-attention mask (B, 1, 1, N) of ``seen`` (B, N), which is 1 for a token and 0 for padding."""
    return (1 - seen[:, None, None, :].to(dtype)) * _HIDDEN


def prefix_mask(queries: int, seen: Tensor, dtype: torch.dtype) -> Tensor:
    """Additive mask (B, 1, Q + L, Q + L) for captions: queries see queries; text sees queries and no later text.

    Args:
        queries: Q, how many query rows come first.
        seen: (B, L), 1 where a text token counts and 0 where it is padding.

    Source: arXiv:2301.12597, figure 2 (multimodal causal mask); UniLM, arXiv:1905.03197.
    """
    batch, length = seen.shape
    total = queries + length
    allowed = torch.ones(total, total, dtype=dtype, device=seen.device).tril()
    allowed[:queries, :queries] = 1
    counted = torch.cat([torch.ones(batch, queries, dtype=dtype, device=seen.device), seen.to(dtype)], dim=1)
    return (1 - allowed[None, None] * counted[:, None, None, :]) * _HIDDEN


def cross_mask(seen: Tensor, dtype: torch.dtype) -> Tensor:
    """Additive cross-attention mask (B, 1, 1, N) of ``seen`` (B, N); hidden by the lowest number of ``dtype``."""
    return (1 - seen[:, None, None, :].to(dtype)) * torch.finfo(dtype).min


class Heads(nn.Module):
    """Multi-head attention of ``width`` over tokens of ``source_width``, without output projection.

    Raises:
        ValueError: if ``width`` is no multiple of ``heads``.
    """

    def __init__(self, width: int, heads: int, source_width: int, dropout: float) -> None:
        super().__init__()
        if width % heads:
            raise ValueError(f"a width of {width} cannot be split among {heads} heads")
        self.heads, self.dropout = heads, dropout
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(source_width, width)
        self.value = nn.Linear(source_width, width)

    def forward(self, x: Tensor, source: Tensor, mask: Tensor | None) -> Tensor:
        """(1 or B, N, width) and (B, M, source_width) to (B, N, width); a single set of rows is projected once.

        ``mask`` is added to the (B, heads, N, M) scores.
        """
        mixed = functional.scaled_dot_product_attention(
            self._split(self.query(x)).expand(len(source), -1, -1, -1),
            self._split(self.key(source)),
            self._split(self.value(source)),
            attn_mask=mask,
            dropout_p=self.dropout if self.training else 0.0,
        )
        return mixed.transpose(1, 2).flatten(2)

    def _split(self, x: Tensor) -> Tensor:
        batch, tokens, width = x.shape
        return x.reshape(batch, tokens, self.heads, width // self.heads).transpose(1, 2)


class Output(nn.Module):
    """Linear, dropout, added to the input, layer norm: how every part of a post-norm BERT layer ends."""

    def __init__(self, inner: int, width: int, epsilon: float, dropout: float) -> None:
        super().__init__()
        self.dense = nn.Linear(inner, width)
        self.LayerNorm = nn.LayerNorm(width, eps=epsilon)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, residual: Tensor) -> Tensor:
        """(B, N, inner) and the input (1 or B, N, width) of the part to (B, N, width)."""
        out: Tensor = self.LayerNorm(self.dropout(self.dense(x)) + residual)
        return out


class Attention(nn.Module):
    """``LN(x + W · attention(x, source))``, in official parameter names ``self`` and ``output``."""

    def __init__(self, width: int, heads: int, source_width: int, epsilon: float, dropout: float) -> None:
        super().__init__()
        self.self = Heads(width, heads, source_width, dropout)
        self.output = Output(width, width, epsilon, dropout)

    def forward(self, x: Tensor, source: Tensor | None = None, mask: Tensor | None = None) -> Tensor:
        """(1 or B, N, width), with ``source`` (B, M, source_width) or itself, to (B, N, width)."""
        out: Tensor = self.output(self.self(x, x if source is None else source, mask), x)
        return out

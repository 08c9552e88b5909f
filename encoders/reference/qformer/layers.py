"""One layer of the Q-Former: shared self-attention, then a way of their own for queries and for text.

Source: arXiv:2301.12597, section 3.1 and figure 2; official code salesforce/LAVIS,
lavis/models/blip2_models/Qformer.py.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from encoders.reference.qformer.attention import Attention, Output


@dataclass(frozen=True, slots=True)
class QFormerConfig:
    """Sizes; the defaults are BLIP-2's (BERT-base, and EVA ViT-g for the pictures).

    Attributes:
        width: of queries and text.
        inner: width of the feed-forward parts.
        source_width: width of the tokens that queries read by cross-attention.
        cross_every: layers 0, ``cross_every``, 2 · ``cross_every`` … have cross-attention.
        text: whether word embeddings, the text's feed-forward parts and the caption head exist.
        vocabulary: words with ``[DEC]``, where there is text.
        positions: longest text, where there is text.
        epsilon: of every layer norm.
        dropout: of embeddings, attention and outputs, in training mode only.
    """

    width: int = 768
    layers: int = 12
    heads: int = 12
    inner: int = 3072
    source_width: int = 1408
    cross_every: int = 2
    text: bool = True
    vocabulary: int = 30_523
    positions: int = 512
    epsilon: float = 1e-12
    dropout: float = 0.1


class Layer(nn.Module):
    """Self-attention over [queries; text]; cross-attention for queries alone; separate feed-forward parts."""

    def __init__(self, config: QFormerConfig, index: int) -> None:
        super().__init__()
        width, inner, epsilon, dropout = config.width, config.inner, config.epsilon, config.dropout
        self.attention = Attention(width, config.heads, width, epsilon, dropout)
        self.reads = index % config.cross_every == 0
        if self.reads:
            self.crossattention = Attention(width, config.heads, config.source_width, epsilon, dropout)
        self.has_text = config.text
        if config.text:
            self.intermediate = Intermediate(width, inner)
            self.output = Output(inner, width, epsilon, dropout)
        self.intermediate_query = Intermediate(width, inner)
        self.output_query = Output(inner, width, epsilon, dropout)

    def forward(
        self, x: Tensor, queries: int, source: Tensor | None, mask: Tensor | None, source_mask: Tensor | None
    ) -> Tensor:
        """(1 or B, Q + L, width) to (B, Q + L, width).

        The first ``queries`` = Q rows read ``source`` (B, M, source_width).
        """
        x = self.attention(x, mask=mask)
        asking, text = x[:, :queries], x[:, queries:]
        rows = []
        if queries:
            if self.reads:
                asking = self.crossattention(asking, source, source_mask)
            rows.append(self.output_query(self.intermediate_query(asking), asking))
        if text.shape[1]:
            rows.append(self.output(self.intermediate(text), text))
        return rows[0] if len(rows) == 1 else torch.cat(rows, dim=1)  # a copy less where there is one kind


class Intermediate(nn.Module):
    """Linear and the exact (erf) GELU."""

    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        self.dense = nn.Linear(width, inner)

    def forward(self, x: Tensor) -> Tensor:
        """(B, N, width) to (B, N, inner)."""
        return functional.gelu(self.dense(x))

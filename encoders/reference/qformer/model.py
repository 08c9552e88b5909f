"""The Q-Former: queries alone, text alone, both together, and captions, in one set of weights.

Source: arXiv:2301.12597, section 3.1; official code salesforce/LAVIS, lavis/models/blip2_models/Qformer.py
(BertLMHeadModel). Captions there go through cached keys and values of the queries; one pass with the prefix mask gives
the same numbers.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from encoders.reference.qformer.attention import cross_mask, padding_mask, prefix_mask
from encoders.reference.qformer.layers import Layer, QFormerConfig


class QFormer(nn.Module):
    """The transformer in official parameter names, ``bert`` and (with text) ``cls``."""

    def __init__(self, config: QFormerConfig) -> None:
        super().__init__()
        self.config = config
        self.bert = Bert(config)
        if config.text:
            self.cls = CaptionHead(config, self.bert.embeddings.word_embeddings)

    def forward(
        self,
        queries: Tensor | None = None,
        ids: Tensor | None = None,
        *,
        text_mask: Tensor | None = None,
        source: Tensor | None = None,
        source_mask: Tensor | None = None,
        causal: bool = False,
    ) -> Tensor:
        """Last hidden states (B, Q + L, width) of queries, of text, or of queries followed by text.

        Queries alone are the picture side of BLIP-2's contrastive pass, text alone its text side. Both together see
        each other (matching), or with ``causal`` queries see queries and text sees queries and earlier text (captions).

        Args:
            queries: (B, Q, width) embeddings, not yet normalised; one set of queries (1, Q, width) serves all B.
            ids: (B, L) token ids.
            text_mask: (B, L), 1 for text and 0 for padding; default all 1.
            source: (B, M, source_width) picture tokens for the queries to read.
            source_mask: (B, M), 1 where a picture token counts; default all 1.
            causal: see above.

        Raises:
            ValueError: if there is neither input, text for a model without text, queries without a picture, or
                shapes that do not fit.
        """
        self._check(queries, ids, text_mask, source, source_mask)
        # One set of queries is the same for all pictures until it reads them, except where dropout tells rows apart.
        if queries is not None and source is not None and (ids is not None or self.training):
            queries = queries.expand(len(source), -1, -1)
        x = self.bert.embeddings(queries, ids)
        asking = 0 if queries is None else queries.shape[1]
        mask = None
        if ids is not None:
            seen = torch.ones_like(ids) if text_mask is None else text_mask
            if causal:
                mask = prefix_mask(asking, seen, x.dtype)
            else:
                mask = padding_mask(functional.pad(seen, (asking, 0), value=1), x.dtype)
        reading = None if source_mask is None else cross_mask(source_mask, x.dtype)
        out: Tensor = self.bert.encoder(x, asking, source, mask, reading)
        return out

    def caption_logits(
        self,
        queries: Tensor,
        ids: Tensor,
        *,
        text_mask: Tensor | None = None,
        source: Tensor | None = None,
    ) -> Tensor:
        """Logits (B, L, vocabulary) of the token after each of ``ids``; the first id should be that of ``[DEC]``.

        Raises:
            ValueError: as `forward`.
        """
        hidden = self(queries, ids, text_mask=text_mask, source=source, causal=True)
        logits: Tensor = self.cls(hidden[:, queries.shape[1] :])
        return logits

    def _check(
        self,
        queries: Tensor | None,
        ids: Tensor | None,
        text_mask: Tensor | None,
        source: Tensor | None,
        source_mask: Tensor | None,
    ) -> None:
        config = self.config
        if queries is None and ids is None:
            raise ValueError("a Q-Former needs queries, text or both")
        if queries is not None:
            if queries.ndim != 3 or queries.shape[-1] != config.width or not queries.shape[1]:
                raise ValueError(f"queries must be (b, q, {config.width}), not {tuple(queries.shape)}")
            if source is None or source.ndim != 3 or source.shape[-1] != config.source_width:
                given = None if source is None else tuple(source.shape)
                raise ValueError(f"queries read tokens of (b, m, {config.source_width}), not {given}")
            if len(queries) not in (1, len(source)):
                raise ValueError(f"{len(queries)} sets of queries cannot read {len(source)} pictures")
            if source_mask is not None and source_mask.shape != source.shape[:2]:
                raise ValueError(f"the mask {tuple(source_mask.shape)} is not that of {tuple(source.shape)}")
        if ids is None:
            return
        if not config.text:
            raise ValueError("this Q-Former has no text parts")
        if ids.ndim != 2 or not 0 < ids.shape[1] <= config.positions:
            raise ValueError(f"ids must be (b, l) with 0 < l <= {config.positions}, not {tuple(ids.shape)}")
        if queries is not None and source is not None and len(ids) != len(source):
            raise ValueError(f"{len(ids)} texts do not go with {len(source)} pictures")
        if text_mask is not None and text_mask.shape != ids.shape:
            raise ValueError(f"the mask {tuple(text_mask.shape)} is not that of ids {tuple(ids.shape)}")


class Bert(nn.Module):
    """Embeddings and the stack of layers."""

    def __init__(self, config: QFormerConfig) -> None:
        super().__init__()
        self.embeddings = Embeddings(config)
        self.encoder = Encoder(config)


class Encoder(nn.Module):
    """The stack of layers."""

    def __init__(self, config: QFormerConfig) -> None:
        super().__init__()
        self.layer = nn.ModuleList(Layer(config, index) for index in range(config.layers))

    def forward(
        self, x: Tensor, queries: int, source: Tensor | None, mask: Tensor | None, source_mask: Tensor | None
    ) -> Tensor:
        """As `Layer.forward`."""
        for layer in self.layer:
            x = layer(x, queries, source, mask, source_mask)
        return x


class Embeddings(nn.Module):
    """Words plus positions from 0, behind the queries; one layer norm over both, without token types."""

    def __init__(self, config: QFormerConfig) -> None:
        super().__init__()
        if config.text:
            self.word_embeddings = nn.Embedding(config.vocabulary, config.width)
            self.position_embeddings = nn.Embedding(config.positions, config.width)
        self.LayerNorm = nn.LayerNorm(config.width, eps=config.epsilon)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, queries: Tensor | None, ids: Tensor | None) -> Tensor:
        """(B, Q, width) and (B, L) to (B, Q + L, width); either may be absent."""
        rows = [] if queries is None else [queries]
        if ids is not None:
            rows.append(self.word_embeddings(ids) + self.position_embeddings.weight[: ids.shape[1]])
        out: Tensor = self.dropout(self.LayerNorm(torch.cat(rows, dim=1)))
        return out


class CaptionHead(nn.Module):
    """Linear, GELU, layer norm, then the word embeddings once more: logits over the vocabulary."""

    def __init__(self, config: QFormerConfig, words: nn.Embedding) -> None:
        super().__init__()
        self.predictions = Predictions(config, words)

    def forward(self, x: Tensor) -> Tensor:
        """(B, L, width) to (B, L, vocabulary)."""
        out: Tensor = self.predictions(x)
        return out


class Predictions(nn.Module):
    """What the caption head holds; ``decoder`` shares its weight with the words, and its bias with ``bias``."""

    def __init__(self, config: QFormerConfig, words: nn.Embedding) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(config.vocabulary))
        self.transform = Transform(config)
        self.decoder = nn.Linear(config.width, config.vocabulary)
        self.decoder.weight, self.decoder.bias = words.weight, self.bias

    def forward(self, x: Tensor) -> Tensor:
        """(B, L, width) to (B, L, vocabulary)."""
        logits: Tensor = self.decoder(self.transform(x))
        return logits


class Transform(nn.Module):
    """Linear, exact (erf) GELU, layer norm."""

    def __init__(self, config: QFormerConfig) -> None:
        super().__init__()
        self.dense = nn.Linear(config.width, config.width)
        self.LayerNorm = nn.LayerNorm(config.width, eps=config.epsilon)

    def forward(self, x: Tensor) -> Tensor:
        """(B, L, width) to (B, L, width)."""
        out: Tensor = self.LayerNorm(functional.gelu(self.dense(x)))
        return out

"""BERT with optional cross-attention to picture tokens: the post-norm layers that BLIP and ALBEF share.

Source: official code salesforce/BLIP, models/med.py, and salesforce/ALBEF, models/xbert.py.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

_HIDDEN = -10_000.0  # official code: finite, so that a row that may see nothing sees all alike instead of NaN


@dataclass(frozen=True, slots=True)
class BertConfig:
    """Sizes of the text transformer; the defaults are BERT-base's.

    Attributes:
        type_vocab_size: rows of the token-type table, of which row 0 is added to every token; 0: no such table.
        first_cross_layer: the first layer that has cross-attention.
        encoder_width: width of the picture tokens.
        dropout: share dropped while training.
    """

    vocab_size: int = 30_522
    hidden_size: int = 768
    num_hidden_layers: int = 12
    num_attention_heads: int = 12
    intermediate_size: int = 3072
    max_position_embeddings: int = 512
    layer_norm_eps: float = 1e-12
    type_vocab_size: int = 0
    first_cross_layer: int = 0
    encoder_width: int = 768
    pad_token_id: int = 0
    dropout: float = 0.1


class Growing:
    """Keys and values of a text that grows token by token before the same pictures: nothing is computed twice.

    Attributes:
        length: tokens seen so far.
    """

    def __init__(self) -> None:
        self.length = 0
        self._kept: dict[nn.Module, tuple[Tensor, Tensor]] = {}
        self._pictures: dict[nn.Module, tuple[Tensor, Tensor]] = {}

    def extended(self, heads: nn.Module, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
        """Keys and values (B, heads, L, d) of all tokens so far, those of the new ones given."""
        if heads in self._kept:
            keys, values = self._kept[heads]
            key, value = torch.cat([keys, key], dim=2), torch.cat([values, value], dim=2)
        self._kept[heads] = key, value
        return key, value

    def once(self, heads: nn.Module, make: Callable[[], tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
        """Keys and values of the picture tokens, made at the first call."""
        if heads not in self._pictures:
            self._pictures[heads] = make()
        return self._pictures[heads]

    def reorder(self, rows: Tensor) -> None:
        """Go on from the texts in ``rows`` (B,), each of the same picture as the one whose place it takes."""
        self._kept = {heads: (keys[rows], values[rows]) for heads, (keys, values) in self._kept.items()}


class Bert(nn.Module):
    """Embeddings and layers, in official parameter names.

    Raises:
        ValueError: if ``hidden_size`` is no multiple of ``num_attention_heads``.
    """

    def __init__(self, config: BertConfig) -> None:
        super().__init__()
        self.config = config
        self.embeddings = _Embeddings(config)
        self.encoder = _Layers(config)

    def embed(self, ids: Tensor, position: int = 0) -> Tensor:
        """(B, L, hidden) of token ids (B, L), the first of which stands at ``position``.

        Raises:
            ValueError: if ``ids`` is no matrix, has no column or more columns than there are positions.
        """
        most = self.config.max_position_embeddings - position
        if ids.ndim != 2 or not 1 <= ids.shape[1] <= most:
            raise ValueError(f"ids must be (B, L) with 1 <= L <= {most}, not {tuple(ids.shape)}")
        out: Tensor = self.embeddings(ids, position)
        return out

    def run(
        self,
        states: Tensor,
        mask: Tensor,
        source: Tensor | None = None,
        *,
        causal: bool = False,
        first: int = 0,
        end: int | None = None,
        growing: Growing | None = None,
    ) -> Tensor:
        """States after the layers ``first`` to ``end - 1``.

        Args:
            states: (B, L, hidden), from `embed` or from earlier layers.
            mask: (B, L), 1 where a token counts and 0 where it is padding.
            source: (B, M, encoder_width) picture tokens, or (B / n, M, encoder_width) if n texts, which lie next to
                each other, are of one picture. Without them, layers leave their cross-attention out.
            causal: whether a token sees only itself and earlier ones.
            growing: what earlier calls computed for this text and these pictures; ``states`` are then those of the
                tokens that are new, and ``mask`` (B, earlier + L) is that of all. Texts that grow are causal.

        Raises:
            ValueError: if shapes do not fit each other, or a text grows that is not causal.
        """
        if growing is not None and not causal:
            raise ValueError("where tokens see later ones, a text cannot grow")
        new, earlier = states.shape[1], 0 if growing is None else growing.length
        if mask.shape != (len(states), earlier + new):
            raise ValueError(f"the mask must be {(len(states), earlier + new)}, not {tuple(mask.shape)}")
        width = self.config.encoder_width
        if source is not None and (source.ndim != 3 or source.shape[2] != width or not _shared(states, source)):
            raise ValueError(f"picture tokens must be ({len(states)}, M, {width}), not {tuple(source.shape)}")
        hidden = _additive(mask, states.dtype, causal)
        if growing is not None:
            hidden = hidden[:, :, earlier:]
            growing.length = earlier + new
        for layer in self.encoder.layer[first:end]:
            states = layer(states, hidden, source, growing)
        return states


class LanguageHead(nn.Module):
    """Logits of the vocabulary; weight and bias are tied as the official module ties them."""

    def __init__(self, config: BertConfig, words: nn.Embedding) -> None:
        super().__init__()
        self.predictions = _Predictions(config, words)

    def forward(self, states: Tensor) -> Tensor:
        """(B, L, hidden) to (B, L, vocabulary)."""
        out: Tensor = self.predictions(states)
        return out


def _shared(texts: Tensor, pictures: Tensor) -> bool:
    """Whether each picture has as many texts as any other."""
    return len(texts) == len(pictures) or (len(pictures) > 0 and len(texts) % len(pictures) == 0)


def _additive(mask: Tensor, dtype: torch.dtype, causal: bool) -> Tensor:
    """(B, 1, 1 or L, L): 0 where a token is seen, -10000 where it is hidden."""
    seen = mask[:, None, None, :].to(dtype)
    if causal:
        length = mask.shape[1]
        seen = seen * torch.ones(length, length, dtype=dtype, device=mask.device).tril()
    return (1 - seen) * _HIDDEN


class _Embeddings(nn.Module):
    """Words and positions, with token type 0 where there is a table; layer norm."""

    def __init__(self, config: BertConfig) -> None:
        super().__init__()
        self.word_embeddings = nn.Embedding(config.vocab_size, config.hidden_size, padding_idx=config.pad_token_id)
        self.position_embeddings = nn.Embedding(config.max_position_embeddings, config.hidden_size)
        self.token_type_embeddings = (
            nn.Embedding(config.type_vocab_size, config.hidden_size) if config.type_vocab_size else None
        )
        self.LayerNorm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, ids: Tensor, position: int = 0) -> Tensor:
        x = self.word_embeddings(ids) + self.position_embeddings.weight[position : position + ids.shape[1]]
        if self.token_type_embeddings is not None:
            x = x + self.token_type_embeddings.weight[0]
        out: Tensor = self.dropout(self.LayerNorm(x))
        return out


class _Layers(nn.Module):
    def __init__(self, config: BertConfig) -> None:
        super().__init__()
        self.layer = nn.ModuleList(
            _Layer(config, index >= config.first_cross_layer) for index in range(config.num_hidden_layers)
        )


class _Layer(nn.Module):
    """Self-attention, cross-attention if there is one and something to attend to, feed-forward; all post-norm."""

    def __init__(self, config: BertConfig, crosses: bool) -> None:
        super().__init__()
        self.attention = _Attention(config, config.hidden_size)
        self.crossattention = _Attention(config, config.encoder_width) if crosses else None
        self.intermediate = _Dense(config.hidden_size, config.intermediate_size)
        self.output = _Output(config, config.intermediate_size)

    def forward(self, x: Tensor, mask: Tensor, source: Tensor | None, growing: Growing | None = None) -> Tensor:
        x = self.attention(x, x, mask, growing)
        if self.crossattention is not None and source is not None:
            # All texts of a picture ask it together.
            asking = x if len(x) == len(source) else x.reshape(len(source), -1, x.shape[2])
            x = self.crossattention(asking, source, None, growing).reshape(x.shape)
        out: Tensor = self.output(functional.gelu(self.intermediate.dense(x)), x)
        return out


class _Attention(nn.Module):
    """``LN(x + W · attention(x, source))``."""

    def __init__(self, config: BertConfig, source_width: int) -> None:
        super().__init__()
        self.self = _Heads(config, source_width)
        self.output = _Output(config, config.hidden_size)

    def forward(self, x: Tensor, source: Tensor, mask: Tensor | None, growing: Growing | None = None) -> Tensor:
        out: Tensor = self.output(self.self(x, source, mask, growing), x)
        return out


class _Heads(nn.Module):
    def __init__(self, config: BertConfig, source_width: int) -> None:
        super().__init__()
        width, self._heads = config.hidden_size, config.num_attention_heads
        if width % self._heads:
            raise ValueError(f"a width of {width} cannot be split among {self._heads} heads")
        self._dropout = config.dropout
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(source_width, width)
        self.value = nn.Linear(source_width, width)

    def forward(self, x: Tensor, source: Tensor, mask: Tensor | None, growing: Growing | None = None) -> Tensor:
        def pair() -> tuple[Tensor, Tensor]:
            return self._split(self.key(source)), self._split(self.value(source))

        if growing is None:
            key, value = pair()
        elif source is x:
            key, value = growing.extended(self, *pair())
        else:
            key, value = growing.once(self, pair)
        mixed = functional.scaled_dot_product_attention(
            self._split(self.query(x)),
            key,
            value,
            attn_mask=mask,
            dropout_p=self._dropout if self.training else 0.0,
        )
        return mixed.transpose(1, 2).reshape(x.shape)

    def _split(self, x: Tensor) -> Tensor:
        batch, tokens, width = x.shape
        return x.reshape(batch, tokens, self._heads, width // self._heads).transpose(1, 2)


class _Dense(nn.Module):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.dense = nn.Linear(inputs, outputs)


class _Output(nn.Module):
    """Linear, dropout, added to the input, layer norm."""

    def __init__(self, config: BertConfig, inner: int) -> None:
        super().__init__()
        self.dense = nn.Linear(inner, config.hidden_size)
        self.LayerNorm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x: Tensor, residual: Tensor) -> Tensor:
        out: Tensor = self.LayerNorm(self.dropout(self.dense(x)) + residual)
        return out


class _Transform(nn.Module):
    def __init__(self, config: BertConfig) -> None:
        super().__init__()
        self.dense = nn.Linear(config.hidden_size, config.hidden_size)
        self.LayerNorm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.LayerNorm(functional.gelu(self.dense(x)))
        return out


class _Predictions(nn.Module):
    def __init__(self, config: BertConfig, words: nn.Embedding) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(config.vocab_size))
        self.transform = _Transform(config)
        self.decoder = nn.Linear(config.hidden_size, config.vocab_size)
        self.decoder.weight, self.decoder.bias = words.weight, self.bias

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.decoder(self.transform(x))
        return out

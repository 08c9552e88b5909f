"""LanguageBind's text tower: OpenCLIP's, frozen, in the transformers library's parameter names.

Source: official code PKU-YuanGroup/LanguageBind, languagebind/video/modeling_video.py (CLIPTextTransformer).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from encoders.reference.languagebind.layers import Activation, Encoder, Layer


@dataclass(frozen=True, slots=True)
class TextConfig:
    """Sizes of the tower; the defaults are those of the Large models.

    Attributes:
        vocab_size: tokens of the vocabulary; the last is end-of-text.
        max_position_embeddings: the most tokens of a text.
    """

    hidden_size: int = 768
    intermediate_size: int = 3072
    num_hidden_layers: int = 12
    num_attention_heads: int = 12
    vocab_size: int = 49408
    max_position_embeddings: int = 77
    hidden_act: Activation = "gelu"
    layer_norm_eps: float = 1e-5


class TextTower(nn.Module):
    """The tower in official parameter names, without ``position_ids``."""

    def __init__(self, config: TextConfig) -> None:
        super().__init__()
        self.config = config
        width, epsilon = config.hidden_size, config.layer_norm_eps
        self.embeddings = _Embeddings(config)
        self.encoder = Encoder(
            [
                Layer(width, config.intermediate_size, config.num_attention_heads, config.hidden_act, epsilon)
                for _ in range(config.num_hidden_layers)
            ]
        )
        self.final_layer_norm = nn.LayerNorm(width, eps=epsilon)

    def hidden(self, ids: Tensor, attention_mask: Tensor | None = None, depth: int | None = None) -> Tensor:
        """Hidden states (b, l, d) after ``depth`` layers (default: all), without the norm behind the last.

        Args:
            ids: (b, l) int64.
            attention_mask: (b, l), not 0 for tokens that count; default: all. A token sees itself and what is before.

        Raises:
            ValueError: if ids or mask have another shape or kind, a text is too long or begins with a token that does
                not count, an id is not in the vocabulary, or there are fewer layers.
        """
        most, known = self.config.max_position_embeddings, self.config.vocab_size
        if ids.ndim != 2 or ids.is_floating_point() or not 0 < ids.shape[1] <= most or not len(ids):
            raise ValueError(f"token ids must be whole numbers (b, 1 to {most}), not {ids.dtype} {tuple(ids.shape)}")
        if int(ids.min()) < 0 or int(ids.max()) >= known:
            raise ValueError(f"token ids {int(ids.min())} to {int(ids.max())} exceed 0 to {known - 1}")
        length = ids.shape[1]
        visible = torch.ones(length, length, dtype=torch.bool, device=ids.device).tril()
        if attention_mask is not None:
            if attention_mask.shape != ids.shape or not bool(attention_mask[:, 0].all()):
                raise ValueError("the mask must have the shape of the ids and let each text's first token count")
            visible = visible & attention_mask.bool()[:, None, None, :]
        states: Tensor = self.encoder(self.embeddings(ids), visible, depth)
        return states

    def forward(self, ids: Tensor, attention_mask: Tensor | None = None) -> Tensor:
        """Features (b, d) of each text's first end-of-text token, not normalised; arguments and errors as `hidden`.

        That is the first place of the largest id, so that padding with end-of-text tokens changes nothing.
        """
        states: Tensor = self.final_layer_norm(self.hidden(ids, attention_mask))
        return states[torch.arange(len(ids), device=ids.device), ids.argmax(dim=-1)]


class _Embeddings(nn.Module):
    def __init__(self, config: TextConfig) -> None:
        super().__init__()
        self.token_embedding = nn.Embedding(config.vocab_size, config.hidden_size)
        self.position_embedding = nn.Embedding(config.max_position_embeddings, config.hidden_size)

    def forward(self, ids: Tensor) -> Tensor:
        embedded: Tensor = self.token_embedding(ids) + self.position_embedding.weight[: ids.shape[1]]
        return embedded

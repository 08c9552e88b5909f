"""CLIP's text side from the embedded tokens on: a causal transformer.

Source: official code openai/CLIP, clip/model.py, CLIP.encode_text.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from encoders.reference.clip.blocks import Transformer


class TextTransformer(nn.Module):
    """Embedded tokens to the space shared with pictures.

    Args:
        context: the most tokens of a text.
        outputs: width of the shared space.
    """

    def __init__(self, context: int, width: int, layers: int, heads: int, outputs: int) -> None:
        super().__init__()
        self.positional_embedding = nn.Parameter(0.01 * torch.randn(context, width))  # official initialisation
        self.transformer = Transformer(width, layers, heads)
        self.ln_final = nn.LayerNorm(width)
        self.text_projection = nn.Parameter(width**-0.5 * torch.randn(width, outputs))

    @property
    def context(self) -> int:
        """The most tokens of a text."""
        return len(self.positional_embedding)

    def forward(self, embedded: Tensor) -> Tensor:
        """Projected features (n, L, outputs) of every token, not normalised, of embedded tokens (n, L, width).

        Raises:
            ValueError: if the texts have another shape, or more tokens than the context.
        """
        if embedded.ndim != 3 or embedded.shape[2] != self.positional_embedding.shape[1]:
            wanted = self.positional_embedding.shape[1]
            raise ValueError(f"embedded texts must be (n, length, {wanted}), not {tuple(embedded.shape)}")
        length = embedded.shape[1]
        if not 0 < length <= self.context:
            raise ValueError(f"texts must have 1 to {self.context} tokens, not {length}")
        causal = torch.full((length, length), -torch.inf, dtype=embedded.dtype, device=embedded.device).triu(1)
        x = self.transformer(embedded + self.positional_embedding[:length], causal)
        tokens: Tensor = self.ln_final(x) @ self.text_projection
        return tokens


def end_of_text(tokens: Tensor, ids: Tensor) -> Tensor:
    """Of token features (n, L, d), the row (n, d) of the end-of-text token.

    It is the first place of the largest id of ``ids`` (n, L), as in the official code, because the end-of-text token is
    the last of the vocabulary.
    """
    return tokens[torch.arange(len(ids), device=ids.device), ids.argmax(dim=-1)]

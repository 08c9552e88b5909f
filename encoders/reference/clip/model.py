"""CLIP with a vision transformer: pictures and texts into one space, and how alike they are.

Source: Radford et al. 2021, arXiv:2103.00020; official code openai/CLIP, clip/model.py.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from encoders.reference.clip.text import TextTransformer, end_of_text
from encoders.reference.clip.vision import VisionTransformer

HEAD = 64
"""Width of an attention head in the released models."""

_TEMPERATURE = 0.07  # starting value, arXiv:2103.00020, section 2.5


@dataclass(frozen=True, slots=True)
class ClipConfig:
    """Sizes of the two towers; the defaults are those of ViT-B/32.

    Attributes:
        embed_dim: width of the shared space.
        image_resolution: side of the pictures, pixels.
        vision_patch_size: side of a patch, pixels.
        context_length: the most tokens of a text.
        vocab_size: tokens of the vocabulary; the last is end-of-text.
    """

    embed_dim: int = 512
    image_resolution: int = 224
    vision_layers: int = 12
    vision_width: int = 768
    vision_heads: int = 12
    vision_patch_size: int = 32
    context_length: int = 77
    vocab_size: int = 49408
    text_width: int = 512
    text_heads: int = 8
    text_layers: int = 12


class Clip(TextTransformer):
    """Both towers. The text tower's tensors have no prefix in official checkpoints, so CLIP is its text transformer."""

    def __init__(self, config: ClipConfig) -> None:
        super().__init__(
            config.context_length, config.text_width, config.text_layers, config.text_heads, config.embed_dim
        )
        self.token_embedding = nn.Embedding(config.vocab_size, config.text_width)
        self.visual = VisionTransformer(
            config.image_resolution,
            config.vision_patch_size,
            config.vision_width,
            config.vision_layers,
            config.vision_heads,
            config.embed_dim,
        )
        self.logit_scale = nn.Parameter(torch.tensor(-math.log(_TEMPERATURE)))

    def encode_image(self, pixels: Tensor) -> Tensor:
        """Features (n, embed_dim), not normalised, of normalised pixels (n, 3, side, side).

        Raises:
            ValueError: if the pixels have another shape.
        """
        features: Tensor = self.visual(pixels)
        return features

    def encode_tokens(self, ids: Tensor) -> Tensor:
        """Features (n, L, embed_dim) of every token, not normalised, of token ids (n, L) int64.

        Raises:
            ValueError: if the ids have another shape or kind, are too many, or are not in the vocabulary.
        """
        if ids.ndim != 2 or ids.is_floating_point() or not ids.numel():
            raise ValueError(f"token ids must be whole numbers (n, length), not {ids.dtype} {tuple(ids.shape)}")
        lowest, highest = int(ids.min()), int(ids.max())
        if lowest < 0 or highest >= self.token_embedding.num_embeddings:
            raise ValueError(f"token ids {lowest} to {highest} exceed 0 to {self.token_embedding.num_embeddings - 1}")
        return self.forward(self.token_embedding(ids))

    def encode_text(self, ids: Tensor) -> Tensor:
        """Features (n, embed_dim), not normalised, of token ids (n, L) int64, at the end-of-text token.

        Raises:
            ValueError: as `encode_tokens`.
        """
        return end_of_text(self.encode_tokens(ids), ids)

    def text_transformer(self) -> TextTransformer:
        """The text tower without the token table, sharing this model's weights: for prompts that are no tokens."""
        width, outputs = self.text_projection.shape
        alone = TextTransformer(self.context, width, layers=0, heads=1, outputs=outputs)
        alone.positional_embedding, alone.text_projection = self.positional_embedding, self.text_projection
        alone.transformer, alone.ln_final = self.transformer, self.ln_final
        return alone

    def logits(self, images: Tensor, texts: Tensor) -> Tensor:
        """``exp(logit_scale)`` times the cosine, (n, m), of image features (n, d) and text features (m, d)."""
        logits: Tensor = self.logit_scale.exp() * unit(images) @ unit(texts).T
        return logits


def unit(x: Tensor) -> Tensor:
    """``x`` scaled to length 1 along the last dimension; NaN for a zero vector, as in the official code."""
    scaled: Tensor = x / torch.linalg.vector_norm(x, dim=-1, keepdim=True)
    return scaled

"""ALBEF's encoders: vectors of pictures and texts, and a closer look at pairs.

Source: arXiv:2107.07651, section 3.1; official code salesforce/ALBEF, models/model_retrieval.py and models/xbert.py.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from torch import Tensor, nn
from torch.nn import functional

from encoders.reference.bert import Bert, BertConfig
from encoders.reference.blip.vit import VisionTransformer, VitConfig


@dataclass(frozen=True, slots=True)
class AlbefTextConfig(BertConfig):
    """Sizes of the text side: token types are kept, and layers from the sixth on look at the picture."""

    type_vocab_size: int = 2
    first_cross_layer: int = 6


@dataclass(frozen=True, slots=True)
class AlbefConfig:
    """Sizes of ALBEF; ``text.first_cross_layer`` is where the text encoder ends and the fusion encoder begins."""

    vision: VitConfig = field(default_factory=VitConfig)
    text: AlbefTextConfig = field(default_factory=AlbefTextConfig)
    embed_dim: int = 256


class AlbefEncoder(Bert):
    """BERT in two halves: the first reads texts, the second looks at pictures as well."""

    def text_states(self, ids: Tensor, mask: Tensor) -> Tensor:
        """States (B, L, hidden) after the text layers, of ``ids`` and ``mask`` (B, L).

        Raises:
            ValueError: if shapes do not fit.
        """
        return self.run(self.embed(ids), mask, end=self.config.first_cross_layer)

    def fusion_states(self, states: Tensor, mask: Tensor, tokens: Tensor) -> Tensor:
        """States (B, L, hidden) after the fusion layers, of `text_states` and picture tokens (B, M, width).

        Raises:
            ValueError: if shapes do not fit.
        """
        return self.run(states, mask, tokens, first=self.config.first_cross_layer)


class Albef(nn.Module):
    """The retrieval model as inference needs it, in official parameter names.

    Raises:
        ValueError: if the fusion layers expect picture tokens of another width, or there are none.
    """

    def __init__(self, config: AlbefConfig) -> None:
        super().__init__()
        if config.text.encoder_width != config.vision.embed_dim:
            raise ValueError(f"picture tokens are {config.vision.embed_dim} wide, not {config.text.encoder_width}")
        if not 0 < config.text.first_cross_layer < config.text.num_hidden_layers:
            raise ValueError(f"there must be layers before and after the fusion begins: {config.text}")
        self.config = config
        self.visual_encoder = VisionTransformer(config.vision)
        self.text_encoder = AlbefEncoder(config.text)
        self.vision_proj = nn.Linear(config.vision.embed_dim, config.embed_dim)
        self.text_proj = nn.Linear(config.text.hidden_size, config.embed_dim)
        self.itm_head = nn.Linear(config.text.hidden_size, 2)

    def picture_tokens(self, pixels: Tensor) -> Tensor:
        """Tokens (B, 1 + patches, width) of pictures (B, 3, s, s)."""
        out: Tensor = self.visual_encoder(pixels)
        return out

    def picture_vectors(self, tokens: Tensor) -> Tensor:
        """Unit vectors (B, d) of picture tokens (B, N, width)."""
        return functional.normalize(self.vision_proj(tokens[:, 0]), dim=-1)

    def text_vectors(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Unit vectors (B, d) of texts, ``ids`` and ``mask`` (B, L)."""
        return functional.normalize(self.text_proj(self.text_encoder.text_states(ids, mask)[:, 0]), dim=-1)

    def match_logits(self, tokens: Tensor, ids: Tensor, mask: Tensor) -> Tensor:
        """Logits (B, 2) of "does not match" and "matches", for pairs of tokens (B, M, width) and texts (B, L).

        Raises:
            ValueError: if shapes do not fit.
        """
        return self.match_states(tokens, self.text_encoder.text_states(ids, mask), mask)

    def match_states(self, tokens: Tensor, states: Tensor, mask: Tensor) -> Tensor:
        """`match_logits` of texts whose states (B, L, hidden) the text layers gave already."""
        out: Tensor = self.itm_head(self.text_encoder.fusion_states(states, mask, tokens)[:, 0])
        return out

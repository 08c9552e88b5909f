"""BLIP-2's first stage: pictures and texts compared, matched and captioned through one Q-Former.

Source: arXiv:2301.12597, section 3.1; official code salesforce/LAVIS, lavis/models/blip2_models/blip2_qformer.py.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.nn import functional

from encoders.reference.qformer.eva_vit import EvaVit, EvaVitConfig
from encoders.reference.qformer.layers import QFormerConfig
from encoders.reference.qformer.model import QFormer

_VISION_EPSILON = 1e-5  # ln_vision, official code; transformers' port has 1e-6
_TEMPERATURE = 0.07  # at the start, official code


@dataclass(frozen=True, slots=True)
class Blip2Config:
    """Sizes; the defaults are those of the released ViT-g models.

    Attributes:
        queries: learned queries.
        embed_dim: of the common space of pictures and texts.
        dec: id of ``[DEC]``, which takes the place of ``[CLS]`` before captions.
        pad: id of the padding, which captions are not asked to predict.
    """

    vision: EvaVitConfig = field(default_factory=EvaVitConfig)
    qformer: QFormerConfig = field(default_factory=QFormerConfig)
    queries: int = 32
    embed_dim: int = 256
    dec: int = 30_522
    pad: int = 0


class Blip2(nn.Module):
    """Vision tower, Q-Former and heads, in official parameter names.

    Raises:
        ValueError: if the Q-Former has no text parts or does not read the vision tower's width.
    """

    def __init__(self, config: Blip2Config) -> None:
        super().__init__()
        if not config.qformer.text or config.qformer.source_width != config.vision.width:
            raise ValueError("BLIP-2 needs a Q-Former with text that reads tokens of the vision tower's width")
        self.config = config
        width = config.qformer.width
        self.visual_encoder = EvaVit(config.vision)
        self.ln_vision = nn.LayerNorm(config.vision.width, eps=_VISION_EPSILON)
        self.Qformer = QFormer(config.qformer)
        self.query_tokens = nn.Parameter(torch.zeros(1, config.queries, width))
        self.vision_proj = nn.Linear(width, config.embed_dim)
        self.text_proj = nn.Linear(width, config.embed_dim)
        self.itm_head = nn.Linear(width, 2)
        self.temp = nn.Parameter(torch.tensor(_TEMPERATURE))

    def picture_tokens(self, pictures: Tensor) -> Tensor:
        """Tokens (B, 1 + patches, vision width), class token first, of normalised pictures (B, 3, s, s)."""
        tokens: Tensor = self.ln_vision(self.visual_encoder(pictures))
        return tokens

    def query_states(self, tokens: Tensor) -> Tensor:
        """What the queries found (B, Q, width) in picture tokens (B, M, vision width), without a text."""
        states: Tensor = self.Qformer(self.query_tokens, source=tokens)
        return states

    def text_states(self, ids: Tensor, mask: Tensor | None = None) -> Tensor:
        """States (B, L, width) of texts alone; row 0 is ``[CLS]``. ``mask`` is 1 for text and 0 for padding."""
        states: Tensor = self.Qformer(ids=ids, text_mask=mask)
        return states

    def joint_states(self, tokens: Tensor, ids: Tensor, mask: Tensor | None = None) -> Tensor:
        """States (B, Q + L, width) where queries and text see each other; the first Q rows have read the picture.

        The first Q rows are also what InstructBLIP gives to its language model.
        """
        states: Tensor = self.Qformer(self.query_tokens, ids, text_mask=mask, source=tokens)
        return states

    def picture_vectors(self, query_states: Tensor) -> Tensor:
        """Unit vectors (B, Q, embed_dim), one a query."""
        return functional.normalize(self.vision_proj(query_states), dim=-1)

    def text_vectors(self, text_states: Tensor) -> Tensor:
        """Unit vectors (B, embed_dim) of ``[CLS]``."""
        return functional.normalize(self.text_proj(text_states[:, 0]), dim=-1)

    def match_logits(self, tokens: Tensor, ids: Tensor, mask: Tensor | None = None) -> Tensor:
        """Logits (B, 2) of "does not match" and "matches": the mean over the query rows."""
        rows = self.joint_states(tokens, ids, mask)[:, : self.config.queries]
        logits: Tensor = self.itm_head(rows).mean(dim=1)
        return logits

    def caption_logits(self, tokens: Tensor, ids: Tensor, mask: Tensor | None = None) -> Tensor:
        """Logits (B, L, vocabulary) of the token after each one; the first of ``ids`` is replaced by ``[DEC]``."""
        return self.Qformer.caption_logits(self.query_tokens, self.decoder_ids(ids), text_mask=mask, source=tokens)

    def decoder_ids(self, ids: Tensor) -> Tensor:
        """``ids`` (B, L) with ``[DEC]`` at the first place."""
        return torch.cat([torch.full_like(ids[:, :1], self.config.dec), ids[:, 1:]], dim=1)


def similarity(pictures: Tensor, texts: Tensor) -> Tensor:
    """Cosine (n, m) of the best query of each picture (n, Q, d) with each text (m, d); no temperature."""
    return torch.einsum("nqd,md->nmq", pictures, texts).amax(dim=-1)


def rerank_score(match_logits: Tensor, cosine: Tensor) -> Tensor:
    """What the official retrieval evaluation ranks the first 128 candidates by: the "matches" logit plus the cosine."""
    return match_logits[..., 1] + cosine

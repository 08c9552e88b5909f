"""What was recalled for a video, tags of all facets beside its clips, in one attention.

A recalled tag is a token: its name's vector, its facet, and what each source says of it. One layer of a transformer
(Vaswani et al. 2017) lets clips and recalled tags of all facets (who, what, where, how) read each other; then the
asked tag reads all of them, so that a stage, a microphone and singing together speak for a concert and against an
interview. A token that stands for nothing is always there: attention has to go somewhere, and what is missing must be
told from what is alone.

Names are projected apart from the common space of `encoders.training.cross_modal`, whose classifier of kinds makes
tags alike that must be told apart here: in the common space a planted relation of two facets was not found.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from encoders.training.config import CrossModalConfig


class RecalledTags(NamedTuple):
    """What was recalled for b videos.

    Attributes:
        named: (b, k, width) names, as `Fusion.names` projects them.
        facets: (b, k); scores: (b, k, sources); known: (b, k) bool, false for padding.
    """

    named: Tensor
    facets: Tensor
    scores: Tensor
    known: Tensor


class Fusion(nn.Module):
    """Log odds of (video, tag) pairs by everything that was recalled."""

    def __init__(self, config: CrossModalConfig) -> None:
        super().__init__()
        width = config.width
        self.names = nn.Linear(config.text, width)
        self.facets = nn.Embedding(config.facets, width, padding_idx=0)
        self.sources = nn.Linear(config.sources, width)
        self.nothing = nn.Parameter(torch.zeros(width))
        self.layer = nn.TransformerEncoderLayer(
            width, config.heads, 2 * width, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
        )
        self.attention = nn.MultiheadAttention(width, config.heads, batch_first=True)
        last = nn.Linear(width, 1)
        nn.init.zeros_(last.weight)  # at first nothing is added to what the simpler ranker says
        nn.init.zeros_(last.bias)
        self.fits = nn.Sequential(nn.LayerNorm(3 * width), nn.Linear(3 * width, width), nn.GELU(), last)

    def forward(self, clips: Tensor, there: Tensor, recalled: RecalledTags, named: Tensor, facets: Tensor) -> Tensor:
        """Log odds (b, q) of q tags for each of b videos.

        Args:
            clips: (b, m, width) in the common space; there: (b, m) bool, false for padding.
            named: (b, q, width) names of the asked tags, projected; facets: (b, q) theirs.
        """
        tags = recalled.named + self.facets(recalled.facets) + self.sources(recalled.scores)
        tokens = torch.cat([self.nothing.expand(len(clips), 1, -1), clips, tags], dim=1)
        absent = ~torch.cat([there.new_ones(len(there), 1), there, recalled.known], dim=1)
        fused = self.layer(tokens, src_key_padding_mask=absent)
        asked = named + self.facets(facets)
        read, _ = self.attention(asked, fused, fused, key_padding_mask=absent, need_weights=False)
        fits: Tensor = self.fits(torch.cat([read, asked, read * asked], dim=-1))[..., 0]
        return fits

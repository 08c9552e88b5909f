"""A ranker of tags by cross-modal attention: a tag's text reads a video's clips, in one space for both kinds.

Pictures and texts are projected by ACMR's networks (`encoders.reference.acmr_projectors`); the tag attends to the
clips, and what it finds there says whether it fits, as log odds on top of what a simpler ranker says. Triplets keep a
video near its tags and away from others, and a classifier of kinds, whose gradient is turned round, closes the gap
between the two (Wang et al. 2017, Adversarial Cross-Modal Retrieval). Where it is known what was recalled for a video,
what that says is added (`encoders.training.fusion`).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from encoders.reference.acmr_projectors import AcmrProjectors, AcmrSizes
from encoders.training.config import CrossModalConfig
from encoders.training.fusion import Fusion


class CrossModalRanker(nn.Module):
    """Log odds of (video, tag) pairs."""

    def __init__(self, config: CrossModalConfig) -> None:
        super().__init__()
        self.config = config
        hidden = (config.hidden, config.hidden)
        # The label classifier of the projectors has no part here: tags are no classes, new ones come.
        self.projectors = AcmrProjectors(AcmrSizes(config.visual, config.text, hidden, hidden, config.width, classes=1))
        self.attention = nn.MultiheadAttention(config.width, config.heads, batch_first=True)
        self.norm = nn.LayerNorm(config.width)
        last = nn.Linear(config.width, 1)
        nn.init.zeros_(last.weight)  # at first nothing is added to what the simpler ranker says
        nn.init.zeros_(last.bias)
        self.fits = nn.Sequential(nn.Linear(3 * config.width, config.width), nn.GELU(), last)
        self.fusion = Fusion(config) if config.facets else None

    def clips(self, vectors: Tensor) -> Tensor:
        """(b, m, visual) to (b, m, width)."""
        flat = self.projectors.pictures(vectors.reshape(-1, vectors.shape[-1]))
        return flat.reshape(*vectors.shape[:2], -1)

    def tags(self, vectors: Tensor) -> Tensor:
        """(b, text) to (b, width)."""
        return self.projectors.texts(vectors)

    def forward(self, clips: Tensor, there: Tensor, tags: Tensor) -> Tensor:
        """Log odds (b,) by the clips alone.

        Args:
            clips: (b, m, width) projected; there: (b, m) bool, false for padding, true at least once.
            tags: (b, width) projected.
        """
        read, _ = self.attention(tags[:, None], clips, clips, key_padding_mask=~there, need_weights=False)
        found = self.norm(read[:, 0] + pooled(clips, there))
        fits: Tensor = self.fits(torch.cat([found * tags, (found - tags).abs(), tags], dim=1))[:, 0]
        return fits


def pooled(clips: Tensor, there: Tensor) -> Tensor:
    """(b, width): the mean of a video's clips."""
    weights = there.to(clips.dtype)[..., None]
    return (clips * weights).sum(dim=1) / weights.sum(dim=1).clamp(min=1.0)


def kind_gap(clips: Tensor, tags: Tensor) -> float:
    """How far apart kinds lie: distance of the means of (n, width) and (t, width), over the spread within them."""
    within = (clips.std(dim=0).square().mean() + tags.std(dim=0).square().mean()).sqrt()
    return float((clips.mean(dim=0) - tags.mean(dim=0)).norm() / (within * clips.shape[1] ** 0.5 + 1e-9))


def pair_loss(logits: Tensor, base: Tensor, accepted: Tensor) -> Tensor:
    """Mean log loss of what the simpler ranker says in log odds (b,), moved by ``logits``."""
    return functional.binary_cross_entropy_with_logits(base + logits, accepted)

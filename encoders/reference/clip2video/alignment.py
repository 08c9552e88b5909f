"""CLIP2Video's temporal alignment block: words and frames assigned to the same centres.

Source: arXiv:2106.11097, section 3.3; official code CryhanFang/CLIP2Video, modules/modeling.py. The sums over centres
are those of NetVLAD (arXiv:1511.07247).
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from encoders.reference.clip.blocks import Transformer
from encoders.reference.clip.model import unit
from encoders.reference.clip2video.differences import Projection, TemporalDifference
from encoders.reference.clip4clip.base import EPSILON

CentreInput = Literal["TAB_TDB", "TAB"]
"""Whether the sparse frames of this block get difference tokens, or positions only."""

_STRIDE = 2  # every second frame is looked at once more
_CENTRE_SCALE = 0.125  # standard deviation of new centres, 64 ** -0.5, official code


class TemporalAlignment(TemporalDifference):
    """The block, on top of the tables and of the difference block that it shares.

    Args:
        centres: how many.

    Raises:
        ValueError: if there is no such projection or centre input.
    """

    def __init__(
        self,
        width: int,
        heads: int,
        positions: int,
        projection: Projection,
        centres: int,
        centre_input: CentreInput,
        *,
        official_mask_tiling: bool = False,
    ) -> None:
        super().__init__(width, heads, positions, projection, official_mask_tiling=official_mask_tiling)
        if centre_input not in ("TAB_TDB", "TAB"):
            raise ValueError(f"there is no centre input {centre_input!r}")
        self.centre_input = centre_input
        self.actionClip = Transformer(width, 1, heads, EPSILON)
        self.weight_center = nn.Parameter(_CENTRE_SCALE * torch.randn(centres, width))
        self.emb_center = nn.Parameter(_CENTRE_SCALE * torch.randn(centres, width))

    def aligned_video(self, frames: Tensor, mask: Tensor) -> Tensor:
        """Unit vectors (n, d) of frames (n, T, d) with masks (n, T); T is at least 3."""
        sparse, sparse_mask = frames[:, ::_STRIDE], mask[:, ::_STRIDE]
        if self.centre_input == "TAB_TDB":
            tokens = self.interleave(sparse, sparse_mask)
            hidden = self.actionClip(tokens.tokens, self.attention_mask(tokens.mask, frames.dtype))[:, ::2]
        else:
            placed = sparse + self.frame_position_embeddings.weight[: sparse.shape[1]]
            hidden = self.actionClip(placed, self.attention_mask(sparse_mask, frames.dtype))
        return self.aligned(torch.cat([frames, hidden + sparse], dim=1), torch.cat([mask, sparse_mask], dim=1))

    def aligned(self, tokens: Tensor, mask: Tensor) -> Tensor:
        """Unit vectors (n, d) of tokens (n, N, d), words or frames: their distances from the centres, by centre."""
        shares = self.assignment(tokens) * mask.to(tokens.dtype)[..., None]
        sums = shares.transpose(1, 2) @ tokens - shares.sum(dim=1)[..., None] * self.emb_center
        return unit(unit(sums).mean(dim=1))

    def assignment(self, tokens: Tensor) -> Tensor:
        """How much each token (n, N, d) belongs to each centre: (n, N, centres), rows sum to 1."""
        return (tokens @ self.weight_center.T).softmax(dim=-1)

"""CLIP2Video's temporal difference block: between two frames, a token of what changed.

Source: arXiv:2106.11097, section 3.2; official code CryhanFang/CLIP2Video, modules/modeling.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from encoders.reference.clip.blocks import Transformer
from encoders.reference.clip4clip.base import EPSILON
from encoders.reference.clip4clip.pooling import key_mask

Projection = Literal["sigmoid_selfA", "sigmoid_mlp", ""]
"""What makes a difference a token: attention among differences, a matrix, or nothing."""

_DIFFERENCE, _FRAME = 0, 1  # rows of the type table


@dataclass(frozen=True, slots=True)
class Interleaved:
    """Frames and what changed between them, in order of time: frame, difference, frame, …, frame.

    Attributes:
        tokens: (n, 2 T - 1, d), with positions and types added.
        mask: (n, 2 T - 1), 1 for what is no padding, in the tokens' dtype.
        differences: (n, T - 1, d), without positions and types.
    """

    tokens: Tensor
    mask: Tensor
    differences: Tensor


class TemporalDifference(nn.Module):
    """The block, and the tables that the rest of CLIP2Video shares with it.

    Official checkpoints give its tensors no prefix; so the model is built upon this class.

    Args:
        official_mask_tiling: repeat a mistake of the official code, which gives head h of video b the mask of video
            ``(b · heads + h) mod n``, so that results depend on what else is in the batch.

    Raises:
        ValueError: if there is no such projection.
    """

    def __init__(
        self, width: int, heads: int, positions: int, projection: Projection, *, official_mask_tiling: bool = False
    ) -> None:
        super().__init__()
        if projection not in ("sigmoid_selfA", "sigmoid_mlp", ""):
            raise ValueError(f"there is no projection {projection!r} of differences")
        self.heads, self.projection, self.official_mask_tiling = heads, projection, official_mask_tiling
        self.frame_position_embeddings = nn.Embedding(positions, width)
        self.type_position_embeddings = nn.Embedding(2, width)
        self.trans_layernorm = nn.LayerNorm(width)  # epsilon 1e-5, unlike the blocks; exists even where it is not used
        if projection == "sigmoid_selfA":
            self.frame2t_attention = Transformer(width, 1, heads, EPSILON)
        elif projection == "sigmoid_mlp":
            self.frame2t_projection = nn.Parameter(width**-0.5 * torch.randn(width, width))

    def interleave(self, frames: Tensor, mask: Tensor) -> Interleaved:
        """Frames (n, T, d) with masks (n, T), and the differences between them; T is at least 2."""
        differences = self._differences(frames, mask)
        places = self.frame_position_embeddings.weight[: frames.shape[1]]
        kinds = self.type_position_embeddings.weight
        length = 2 * frames.shape[1] - 1
        tokens = frames.new_empty(len(frames), length, frames.shape[2])
        tokens[:, ::2] = frames + places + kinds[_FRAME]
        # A difference stands at the place of the earlier frame and has its mask, although it was made with the position
        # and the mask of the later one (official code).
        tokens[:, 1::2] = differences + places[:-1] + kinds[_DIFFERENCE]
        return Interleaved(tokens, mask.to(frames.dtype).repeat_interleave(2, dim=1)[:, :length], differences)

    def attention_mask(self, mask: Tensor, dtype: torch.dtype) -> Tensor:
        """What to add to attention scores for a mask (n, N) of 1 and 0; broadcasts to (n, heads, N, N)."""
        if not self.official_mask_tiling:
            return key_mask(mask, dtype)
        count = len(mask)
        taken = torch.arange(count * self.heads, device=mask.device).reshape(count, self.heads) % count
        return key_mask(mask, dtype)[taken, 0]

    def _differences(self, frames: Tensor, mask: Tensor) -> Tensor:
        changes = frames[:, 1:] - frames[:, :-1]
        if self.projection == "sigmoid_mlp":
            changes = changes @ self.frame2t_projection
        elif self.projection == "sigmoid_selfA":
            changes = changes + self.frame_position_embeddings.weight[1 : frames.shape[1]]
            changes = self.frame2t_attention(changes, self.attention_mask(mask[:, 1:], frames.dtype))
        else:
            return changes
        return 2 * torch.sigmoid(self.trans_layernorm(changes)) - 1

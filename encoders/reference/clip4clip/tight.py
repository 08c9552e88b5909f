"""CLIP4Clip's head ``tightTransf``: every text with every video through one transformer.

Source: arXiv:2104.08860, section 3.3, tight type; official code ArrowLuo/CLIP4Clip, modules/module_cross.py.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from encoders.reference.clip.blocks import Transformer, quick_gelu
from encoders.reference.clip4clip.base import EPSILON, Clip4Clip, Clip4ClipConfig
from encoders.reference.clip4clip.pooling import check_frames, key_mask

_DROPOUT = 0.1  # of the embeddings, while training


class TightClip4Clip(Clip4Clip):
    """The text as the first token before the frames; its row at the end gives the logit, without temperature."""

    def __init__(self, config: Clip4ClipConfig) -> None:
        super().__init__(config)
        width = config.clip.embed_dim
        self.cross = Cross(self.most_frames, width, config.temporal_layers, config.temporal_heads)
        self.similarity_dense = nn.Linear(width, 1)

    def similarity(self, texts: Tensor, frames: Tensor, mask: Tensor) -> Tensor:
        """As `Clip4Clip.similarity`; the text takes one position, so that videos are one frame shorter."""
        check_frames(frames, mask, 1, self.most_frames - 1)
        if texts.ndim != 2 or texts.shape[1] != frames.shape[2]:
            raise ValueError(f"texts must be (n, {frames.shape[2]}), not {tuple(texts.shape)}")
        # One text with all videos at a time: all pairs at once would need n times the memory.
        rows = [self.similarity_dense(self.cross(*joined(text, frames, mask))[1])[:, 0] for text in texts]
        return torch.stack(rows) if rows else frames.new_empty(0, len(frames))


class Cross(nn.Module):
    """Positions, transformer and pooler, in official names; token types have no parameters that are used."""

    def __init__(self, positions: int, width: int, layers: int, heads: int) -> None:
        super().__init__()
        self.embeddings = nn.ModuleDict({"position_embeddings": nn.Embedding(positions, width)})
        self.transformer = Transformer(width, layers, heads, EPSILON)
        self.pooler = nn.ModuleDict({"ln_pool": nn.LayerNorm(width, eps=EPSILON), "dense": nn.Linear(width, width)})

    def forward(self, tokens: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Hidden states (m, N, d) and pooled first tokens (m, d) of tokens (m, N, d) with masks (m, N)."""
        placed = tokens + self.embeddings["position_embeddings"](torch.arange(tokens.shape[1], device=tokens.device))
        hidden: Tensor = self.transformer(
            functional.dropout(placed, _DROPOUT, self.training), key_mask(mask, tokens.dtype)
        )
        return hidden, quick_gelu(self.pooler["dense"](self.pooler["ln_pool"](hidden)[:, 0]))


def joined(text: Tensor, frames: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """One text (d,) before the frames (m, T, d) of every video, and their masks: (m, T + 1, d) and (m, T + 1)."""
    first = text.expand(len(frames), 1, -1)
    return torch.cat([first, frames], dim=1), functional.pad(mask, (1, 0), value=1)

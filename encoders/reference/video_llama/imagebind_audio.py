"""The audio trunk of ImageBind: two seconds of sound as log-mel to a vector of length 20.

Source: Girdhar et al. 2023, arXiv:2305.05665; official code facebookresearch/ImageBind,
models/imagebind_model.py (imagebind_huge).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from encoders.reference.qformer.eva_vit import Mlp

_STEM_EPSILON, _TRUNK_EPSILON = 1e-5, 1e-6  # official code
_SCALE, _HIGHEST_SCALE = 20.0, 100.0  # length of audio vectors, and the bound of the learned scale; official code


@dataclass(frozen=True, slots=True)
class ImageBindAudioConfig:
    """Sizes; the defaults are those of ``imagebind_huge``. ``frames`` are columns of the log-mel picture."""

    mel_bins: int = 128
    frames: int = 204
    kernel: int = 16
    stride: int = 10
    width: int = 768
    blocks: int = 12
    heads: int = 12
    embed_dim: int = 1024

    @property
    def patches(self) -> int:
        """Overlapping patches of the log-mel picture, 12 x 19 for the released model."""
        high, wide = ((side - self.kernel) // self.stride + 1 for side in (self.mel_bins, self.frames))
        return high * wide


class ImageBindAudio(nn.Module):
    """The trunk, in the parameter names of the whole ImageBind model."""

    def __init__(self, config: ImageBindAudioConfig) -> None:
        super().__init__()
        self.config = config
        head = nn.Sequential(
            nn.LayerNorm(config.width, eps=_TRUNK_EPSILON),
            nn.Identity(),  # the official head picks the class token here; the place keeps the next one's number
            nn.Linear(config.width, config.embed_dim, bias=False),
        )
        self.modality_preprocessors = nn.ModuleDict({"audio": Stem(config)})
        self.modality_trunks = nn.ModuleDict({"audio": Trunk(config)})
        self.modality_heads = nn.ModuleDict({"audio": head})
        self.modality_postprocessors = nn.ModuleDict({"audio": nn.Sequential(nn.Identity(), Scale())})

    def forward(self, clips: Tensor) -> tuple[Tensor, Tensor]:
        """The class token (n, width) after its norm, and the vector (n, embed_dim) of length 20, of each clip.

        Args:
            clips: (n, 1, mel_bins, frames), normalised log-mel.

        Raises:
            ValueError: if the clips have another shape.
        """
        config = self.config
        if clips.ndim != 4 or clips.shape[1:] != (1, config.mel_bins, config.frames):
            raise ValueError(f"clips must be (n, 1, {config.mel_bins}, {config.frames}), not {tuple(clips.shape)}")
        x = self.modality_trunks["audio"](self.modality_preprocessors["audio"](clips))
        token = self._head[0](x[:, 0])
        vector = functional.normalize(self._head[2](token), dim=-1)
        return token, self.modality_postprocessors["audio"](vector)

    @property
    def _head(self) -> nn.Sequential:
        head = self.modality_heads["audio"]
        assert isinstance(head, nn.Sequential)
        return head


class Stem(nn.Module):
    """Overlapping patches, normalised, behind a class token, plus positions."""

    def __init__(self, config: ImageBindAudioConfig) -> None:
        super().__init__()
        self.cls_token = nn.Parameter(torch.zeros(1, 1, config.width))
        self.rgbt_stem = Patches(config)
        self.pos_embedding_helper = Positions(config)

    def forward(self, clips: Tensor) -> Tensor:
        """(n, 1, mel_bins, frames) to tokens (n, 1 + patches, width)."""
        tokens = torch.cat([self.cls_token.expand(len(clips), -1, -1), self.rgbt_stem(clips)], dim=1)
        out: Tensor = self.pos_embedding_helper(tokens)
        return out


class Patches(nn.Module):
    """Linear on each patch, as a convolution, and a layer norm."""

    def __init__(self, config: ImageBindAudioConfig) -> None:
        super().__init__()
        self.proj = nn.Conv2d(1, config.width, config.kernel, stride=config.stride, bias=False)
        self.norm_layer = nn.LayerNorm(config.width, eps=_STEM_EPSILON)

    def forward(self, clips: Tensor) -> Tensor:
        """(n, 1, mel_bins, frames) to (n, patches, width), by row."""
        out: Tensor = self.norm_layer(self.proj(clips).flatten(2).transpose(1, 2))
        return out


class Positions(nn.Module):
    """Adds one learned vector a token."""

    def __init__(self, config: ImageBindAudioConfig) -> None:
        super().__init__()
        self.pos_embed = nn.Parameter(torch.zeros(1, config.patches + 1, config.width))

    def forward(self, tokens: Tensor) -> Tensor:
        """(n, 1 + patches, width) to the same."""
        return tokens + self.pos_embed


class Trunk(nn.Module):
    """The stack of blocks."""

    def __init__(self, config: ImageBindAudioConfig) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(TrunkBlock(config.width, config.heads) for _ in range(config.blocks))

    def forward(self, x: Tensor) -> Tensor:
        """(n, N, width) to (n, N, width)."""
        for block in self.blocks:
            x = block(x)
        return x


class TrunkBlock(nn.Module):
    """Pre-norm block; its attention has one learned key and value beside those of the tokens."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norm_1 = nn.LayerNorm(width, eps=_TRUNK_EPSILON)
        self.attn = nn.MultiheadAttention(width, heads, add_bias_kv=True, batch_first=True)
        self.norm_2 = nn.LayerNorm(width, eps=_TRUNK_EPSILON)
        self.mlp = Mlp(width, 4 * width)

    def forward(self, x: Tensor) -> Tensor:
        """(n, N, width) to (n, N, width)."""
        y = self.norm_1(x)
        x = x + self.attn(y, y, y, need_weights=False)[0]
        out: Tensor = x + self.mlp(self.norm_2(x))
        return out


class Scale(nn.Module):
    """Times a learned scale, kept as its logarithm, of at most 100."""

    def __init__(self) -> None:
        super().__init__()
        self.log_logit_scale = nn.Parameter(torch.tensor(math.log(_SCALE)))

    def forward(self, x: Tensor) -> Tensor:
        """(…, d) to (…, d)."""
        return x * self.log_logit_scale.exp().clamp(max=_HIGHEST_SCALE)

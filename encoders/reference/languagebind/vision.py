"""LanguageBind's vision transformer: with attention over time for videos, without for all else that can be a picture.

Images, depth maps, infrared pictures and sound (as a mel picture) go through a plain CLIP tower. In the video tower
each layer begins with attention among the frames at the same place.

Source: arXiv:2310.01852, section 3; official code PKU-YuanGroup/LanguageBind, languagebind/video/modeling_video.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from encoders.reference.languagebind.layers import Activation, Attention, Encoder, Layer

PatchStyle = Literal["vl", "vl_new"]
"""``vl``: flat patches and one class embedding. ``vl_new``: patches with a time axis, a class embedding per frame."""


@dataclass(frozen=True, slots=True)
class VisionConfig:
    """Sizes of a tower; the defaults are those of LanguageBind_Video (Large).

    Attributes:
        image_size: height and width, pixels; of a mel picture, mel bands and frames.
        num_frames: of a video; 1 for everything else.
        add_time_attn: attention over time in each layer.
        clip_type: the way the patches are embedded.
    """

    hidden_size: int = 1024
    intermediate_size: int = 4096
    num_hidden_layers: int = 24
    num_attention_heads: int = 16
    image_size: tuple[int, int] = (224, 224)
    patch_size: int = 14
    num_frames: int = 8
    add_time_attn: bool = True
    clip_type: PatchStyle = "vl"
    hidden_act: Activation = "gelu"
    layer_norm_eps: float = 1e-5

    def __post_init__(self) -> None:
        if min(self.image_size) < self.patch_size or self.num_frames < 1:
            raise ValueError(f"pictures of {self.image_size} cannot be cut into patches of {self.patch_size}")

    @property
    def tokens(self) -> int:
        """Tokens of one frame: the patches, before them the class token."""
        height, width = self.image_size
        return 1 + (height // self.patch_size) * (width // self.patch_size)


PICTURE = VisionConfig(num_frames=1, add_time_attn=False)
"""Image, depth and thermal tower (Large)."""

SOUND = VisionConfig(num_frames=1, add_time_attn=False, image_size=(112, 1036))
"""Audio tower (Large): 112 mel bands, 1036 frames of 10 ms."""


class VisionTower(nn.Module):
    """The tower in official parameter names, without ``position_ids``."""

    def __init__(self, config: VisionConfig) -> None:
        super().__init__()
        self.config = config
        width, epsilon = config.hidden_size, config.layer_norm_eps
        self.embeddings = _Embeddings(config)
        self.pre_layrnorm = nn.LayerNorm(width, eps=epsilon)  # spelt like this in the official code
        layer = _TimeLayer if config.add_time_attn else _plain_layer
        self.encoder = Encoder([layer(config) for _ in range(config.num_hidden_layers)])
        self.post_layernorm = nn.LayerNorm(width, eps=epsilon)

    def hidden(self, pixels: Tensor, depth: int | None = None) -> Tensor:
        """Hidden states ((b·t), n, d) after ``depth`` layers (default: all), without the norm behind the last.

        Frames of one video follow each other; the class token is the first of each.

        Args:
            pixels: normalised, (b, 3, t, h, w) for a tower of t > 1 frames, (b, 3, h, w) otherwise.

        Raises:
            ValueError: if pixels have another shape or kind, or there are fewer layers. (The official video tower
                takes eight single pictures for one video without a word.)
        """
        frames, size = self.config.num_frames, self.config.image_size
        wanted = (3, frames, *size) if frames > 1 else (3, *size)
        if tuple(pixels.shape[1:]) != wanted or not pixels.is_floating_point():
            shape = ", ".join(map(str, wanted))
            raise ValueError(f"pixels must be floating (b, {shape}), not {pixels.dtype} {tuple(pixels.shape)}")
        if frames > 1:
            pixels = pixels.transpose(1, 2).flatten(0, 1)
        states: Tensor = self.encoder(self.pre_layrnorm(self.embeddings(pixels)), depth=depth)
        return states

    def forward(self, pixels: Tensor) -> Tensor:
        """Pooled features (b, d), not normalised: the class tokens' norm, averaged over the frames.

        Raises:
            ValueError: as `hidden`.
        """
        classes: Tensor = self.post_layernorm(self.hidden(pixels)[:, 0])
        return classes.reshape(-1, self.config.num_frames, classes.shape[-1]).mean(dim=1)


class _Patches(nn.Module):
    """Linear map of each patch, without bias; ``vl_new`` stores it with a time axis of length 1."""

    def __init__(self, config: VisionConfig) -> None:
        super().__init__()
        side = config.patch_size
        shape = (side, side) if config.clip_type == "vl" else (1, side, side)
        self._side = side
        self.weight = nn.Parameter(0.02 * torch.randn(config.hidden_size, 3, *shape))

    def forward(self, pixels: Tensor) -> Tensor:
        weight = self.weight if self.weight.ndim == 4 else self.weight[:, :, 0]
        return functional.conv2d(pixels, weight, stride=self._side).flatten(2).transpose(1, 2)


class _Embeddings(nn.Module):
    """Frames ((b·t), 3, h, w) into tokens ((b·t), n, d)."""

    def __init__(self, config: VisionConfig) -> None:
        super().__init__()
        width = config.hidden_size
        classes = (width,) if config.clip_type == "vl" else (config.num_frames, width)
        self.class_embedding = nn.Parameter(width**-0.5 * torch.randn(classes))
        self.patch_embedding = _Patches(config)
        self.position_embedding = nn.Embedding(config.tokens, width)

    def forward(self, pixels: Tensor) -> Tensor:
        patches: Tensor = self.patch_embedding(pixels)
        classes = self.class_embedding.reshape(-1, 1, patches.shape[-1])
        tokens = torch.cat([classes.repeat(len(patches) // len(classes), 1, 1), patches], dim=1)
        return tokens + self.position_embedding.weight


class _TimeLayer(Layer):
    """A layer that first lets each place look at itself in the other frames."""

    def __init__(self, config: VisionConfig) -> None:
        width, epsilon = config.hidden_size, config.layer_norm_eps
        super().__init__(width, config.intermediate_size, config.num_attention_heads, config.hidden_act, epsilon)
        self._frames = config.num_frames
        self.temporal_embedding = nn.Parameter(width**-0.5 * torch.randn(1, config.num_frames, width))
        self.temporal_attn = Attention(width, config.num_attention_heads)
        self.temporal_layer_norm1 = nn.LayerNorm(width, eps=epsilon)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        tokens, width = x.shape[1:]
        videos = x.reshape(-1, self._frames, tokens, width)
        if self._frames > 1:  # official code: no position in time for single pictures
            videos = videos + self.temporal_embedding.unsqueeze(2)
        across = videos.transpose(1, 2).flatten(0, 1)
        across = across + self.temporal_attn(self.temporal_layer_norm1(across))
        x = across.reshape(-1, tokens, self._frames, width).transpose(1, 2).flatten(0, 1)
        return super().forward(x, mask)


def _plain_layer(config: VisionConfig) -> Layer:
    return Layer(
        config.hidden_size,
        config.intermediate_size,
        config.num_attention_heads,
        config.hidden_act,
        config.layer_norm_eps,
    )

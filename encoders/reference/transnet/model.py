"""TransNetV2: logits of a shot transition for every frame of a stretch of small pictures.

Source: Souček & Lokoč 2020, arXiv:2008.04838; official code soCzech/TransNetV2, inference-pytorch. Parameter names
are the official ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

HEIGHT, WIDTH = 27, 48
"""Size of the pictures, which are scaled without regard to their aspect (official code)."""

_DILATIONS = (1, 2, 4, 8)
_BLOCKS = 3
_BN_EPSILON = 1e-3  # TensorFlow's value, of which the weights come; PyTorch's default is 1e-5
_BINS = 512  # of the colour histogram: three bits for each of red, green and blue


@dataclass(frozen=True, slots=True)
class TransNetConfig:
    """Sizes; the defaults are those of the released weights.

    Attributes:
        filters: of one dilated convolution in the first block; each further block has twice as many.
        similarity: width of the two similarity features, and of the vectors that are compared.
        reach: frames before and after that a frame is compared with.
        dense: width of the last hidden layer.
        dropout: before the two heads, in training.
    """

    filters: int = 16
    similarity: int = 128
    reach: int = 50
    dense: int = 1024
    dropout: float = 0.5


@dataclass(frozen=True, slots=True)
class TransitionLogits:
    """Logits (B, T) of each frame.

    Attributes:
        single: the one frame of a transition. Of a hard cut before frame k this is frame k - 1.
        many: every frame of a transition.
    """

    single: Tensor
    many: Tensor


class TransNetV2(nn.Module):
    """The network, in official parameter names."""

    def __init__(self, config: TransNetConfig) -> None:
        super().__init__()
        self.config = config
        outputs = [4 * config.filters * 2**block for block in range(_BLOCKS)]
        self.SDDCNN = nn.ModuleList(
            _Block(before, config.filters * 2**block) for block, before in enumerate([3, *outputs[:-1]])
        )
        self.frame_sim_layer = _FrameSimilarity(sum(outputs), config.similarity, config.reach)
        self.color_hist_layer = _ColourSimilarity(config.similarity, config.reach)
        # Every block halves the picture and drops an odd last row.
        picture = outputs[-1] * (HEIGHT >> _BLOCKS) * (WIDTH >> _BLOCKS)
        self.fc1 = nn.Linear(2 * config.similarity + picture, config.dense)
        self.cls_layer1 = nn.Linear(config.dense, 1)
        self.cls_layer2 = nn.Linear(config.dense, 1)

    def forward(self, frames: Tensor) -> TransitionLogits:
        """Logits of (B, T, 27, 48, 3) uint8 RGB frames; any T.

        Raises:
            ValueError: if ``frames`` has another shape or type.
        """
        if frames.dtype != torch.uint8 or frames.ndim != 5 or frames.shape[2:] != (HEIGHT, WIDTH, 3):
            raise ValueError(
                f"frames must be (B, T, {HEIGHT}, {WIDTH}, 3) uint8, not {tuple(frames.shape)} {frames.dtype}"
            )
        x = frames.permute(0, 4, 1, 2, 3).to(self.fc1.weight.dtype) / 255
        pooled = []
        for block in self.SDDCNN:
            x = block(x)
            pooled.append(x)
        seen = x.permute(0, 2, 3, 4, 1).flatten(2)  # height, width, channels: the order of TensorFlow
        joined = torch.cat([self.color_hist_layer(frames), self.frame_sim_layer(pooled), seen], dim=2)
        hidden = functional.dropout(self.fc1(joined).relu(), self.config.dropout, self.training)
        return TransitionLogits(self.cls_layer1(hidden)[..., 0], self.cls_layer2(hidden)[..., 0])


class _Block(nn.Module):
    """Two groups of dilated convolutions with a residual, then half the height and width."""

    def __init__(self, inputs: int, filters: int) -> None:
        super().__init__()
        self.DDCNN = nn.ModuleList([_Dilated(inputs, filters), _Dilated(4 * filters, filters)])

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, T, h, w) to (B, 4 · filters, T, h // 2, w // 2)."""
        first = self.DDCNN[0](x).relu()
        # The residual is the first group's output, not the block's input, and is added after the second ReLU.
        return functional.avg_pool3d(self.DDCNN[1](first).relu() + first, (1, 2, 2))


class _Dilated(nn.Module):
    """Four convolutions with growing reach in time, side by side, and their common batch norm."""

    def __init__(self, inputs: int, filters: int) -> None:
        super().__init__()
        for dilation in _DILATIONS:
            self.add_module(f"Conv3D_{dilation}", _Separated(inputs, filters, dilation))
        self.bn = nn.BatchNorm3d(len(_DILATIONS) * filters, eps=_BN_EPSILON)

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, T, h, w) to (B, 4 · filters, T, h, w)."""
        parts = [cast(_Separated, self.get_submodule(f"Conv3D_{d}")) for d in _DILATIONS]
        # All four see the same pictures: one convolution with the outputs of all takes less than four.
        seen = functional.conv3d(x, torch.cat([part.over_pictures for part in parts]), padding=(0, 1, 1))
        moved = [part.over_time(each) for part, each in zip(parts, seen.chunk(len(parts), dim=1), strict=True)]
        out: Tensor = self.bn(torch.cat(moved, dim=1))
        return out


class _Separated(nn.Module):
    """A 3x3x3 convolution in two: over the picture, then over time, with no activation between."""

    def __init__(self, inputs: int, filters: int, dilation: int) -> None:
        super().__init__()
        self.dilation = dilation
        self.layers = nn.Sequential(
            nn.Conv3d(inputs, 2 * filters, (1, 3, 3), padding=(0, 1, 1), bias=False),
            nn.Conv3d(2 * filters, filters, (3, 1, 1), padding=(dilation, 0, 0), dilation=(dilation, 1, 1), bias=False),
        )

    @property
    def over_pictures(self) -> Tensor:
        """Weight (2 · filters, inputs, 1, 3, 3) of the first of the two."""
        return cast(nn.Conv3d, self.layers[0]).weight

    def over_time(self, x: Tensor) -> Tensor:
        """The second of the two, (B, 2 · filters, T, h, w) to (B, filters, T, h, w).

        As a convolution of two dimensions, time and place: with dilation PyTorch has no fast one of three.
        """
        kernel = cast(nn.Conv3d, self.layers[1]).weight[..., 0]
        moved = functional.conv2d(x.flatten(3), kernel, padding=(self.dilation, 0), dilation=(self.dilation, 1))
        return moved.reshape(len(x), -1, *x.shape[2:])


class _FrameSimilarity(nn.Module):
    """How alike a frame's learned features are to those of its neighbours."""

    def __init__(self, inputs: int, width: int, reach: int) -> None:
        super().__init__()
        self.reach = reach
        self.projection = nn.Linear(inputs, width)
        self.fc = nn.Linear(2 * reach + 1, width)

    def forward(self, pooled: list[Tensor]) -> Tensor:
        """The blocks' outputs (B, c, T, h, w) to (B, T, width)."""
        means = torch.cat([x.mean((3, 4)) for x in pooled], dim=1).transpose(1, 2)
        out: Tensor = self.fc(_likeness(self.projection(means), self.reach)).relu()
        return out


class _ColourSimilarity(nn.Module):
    """How alike a frame's colours are to those of its neighbours."""

    def __init__(self, width: int, reach: int) -> None:
        super().__init__()
        self.reach = reach
        self.fc = nn.Linear(2 * reach + 1, width)

    def forward(self, frames: Tensor) -> Tensor:
        """(B, T, h, w, 3) uint8 to (B, T, width)."""
        counts = colour_histograms(frames).to(self.fc.weight.dtype)
        out: Tensor = self.fc(_likeness(counts, self.reach)).relu()
        return out


def colour_histograms(frames: Tensor) -> Tensor:
    """Pixels (B, T, 512) int64 of each colour in (B, T, h, w, 3) uint8 frames, by the top three bits per channel."""
    batch, time = frames.shape[:2]
    red, green, blue = (frames.long() >> 5).flatten(2, 3).unbind(dim=-1)
    bins = red * 64 + green * 8 + blue
    counts = torch.zeros(batch, time, _BINS, dtype=torch.long, device=frames.device)
    return counts.scatter_add_(2, bins, torch.ones_like(bins))


def _likeness(x: Tensor, reach: int) -> Tensor:
    """Cosines (B, T, 2 · reach + 1) of each row of (B, T, d) with its neighbours, 0 beyond the ends."""
    unit = functional.normalize(x, dim=2)
    padded = functional.pad(unit @ unit.transpose(1, 2), (reach, reach))
    # Row t of window t: the diagonal over rows and windows.
    return padded.unfold(2, 2 * reach + 1, 1).diagonal(dim1=1, dim2=2).transpose(1, 2)

"""From the patch tokens of all frames to one set of patch tokens: VALLEY's four ways.

Everywhere ``patches`` is (t, p, h): t frames in time order, p patches, h channels of the language model. The
result is (p, h) in the same dtype.

Source: Luo et al. 2023, arXiv:2306.07207, section 3.1 (v1 to v3); official code RupertLuo/Valley,
valley/model/valley_model.py.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

Pooling = Literal["mean", "max", "temporal_importance", "temporal_transformer"]
"""Official names: v1, an option of the code that no release uses, v2 and v3."""

HEADS, FEED_FORWARD, POSITIONS = 8, 2048, 2048  # official code; 2048 is also PyTorch's default feed-forward width


def mean_pooling(patches: Tensor) -> Tensor:
    """v1: mean over the frames.

    Raises:
        ValueError: if ``patches`` is not (t, p, h) with t > 0.
    """
    return checked(patches).mean(dim=0)


def max_pooling(patches: Tensor) -> Tensor:
    """Largest value over the frames, channel by channel.

    Raises:
        ValueError: if ``patches`` is not (t, p, h) with t > 0.
    """
    return checked(patches).amax(dim=0)


class FrameWeightPooling(nn.Linear):
    """v2: mean of the frames weighted by one learnt score per frame, which sees all patches of the frame."""

    def __init__(self, patches: int, width: int) -> None:
        super().__init__(patches * width, 1)

    def weights(self, patches: Tensor) -> Tensor:
        """Weights (t, 1) of the frames; they sum to 1.

        Raises:
            ValueError: if ``patches`` is not (t, p, h) with t > 0 and the p · h of this layer.
        """
        flat = checked(patches).flatten(start_dim=1)
        if flat.shape[1] != self.in_features:
            raise ValueError(f"patches times channels must be {self.in_features}, not {flat.shape[1]}")
        return super().forward(flat).softmax(dim=0)

    def forward(self, patches: Tensor) -> Tensor:
        """Weighted mean (p, h); see `weights` for what raises."""
        return (self.weights(patches).unsqueeze(2) * patches).sum(dim=0)


class DeltaEncoder(nn.Module):
    """v3's transformer: what a patch's way through time adds to its mean. One post-norm layer, no mask."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList([nn.TransformerEncoderLayer(width, HEADS, FEED_FORWARD, batch_first=True)])

    def forward(self, patches: Tensor, positions: Tensor) -> Tensor:
        """The encoder's output (p, h) at the last time step.

        Args:
            patches: (t, p, h).
            positions: (n, h) with n >= t; row k is added to frame k.

        Raises:
            ValueError: if there are more frames than positions, or none.
        """
        steps = len(checked(patches))
        if steps > len(positions):
            raise ValueError(f"{steps} frames are more than the {len(positions)} positions")
        x = patches.transpose(0, 1) + positions[:steps]
        for layer in self.layers:
            x = layer(x)
        return x[:, -1]


def delta_pooling(patches: Tensor, encoder: DeltaEncoder, positions: Tensor) -> Tensor:
    """v3: the encoder's output at the last time step plus the mean over frames; the mean sees no positions."""
    delta: Tensor = encoder(patches, positions)
    return delta + patches.mean(dim=0)


def position_matrix(rows: int, width: int) -> Tensor:
    """Sines in the even, cosines in the odd channels, (rows, width) float64.

    Source: Vaswani et al. 2017, arXiv:1706.03762, section 3.5.

    Raises:
        ValueError: if ``width`` is odd.
    """
    if width % 2:
        raise ValueError(f"the width must be even, not {width}")
    steps = torch.arange(rows, dtype=torch.float64).unsqueeze(1)
    angles = steps / 10_000 ** (torch.arange(0, width, 2, dtype=torch.float64) / width)
    return torch.stack([angles.sin(), angles.cos()], dim=2).flatten(1)


def checked(patches: Tensor) -> Tensor:
    """The same tensor.

    Raises:
        ValueError: if it is not (t, p, h) with t > 0.
    """
    if patches.ndim != 3 or not len(patches):
        raise ValueError(f"patches must be (t, p, h) with t > 0, not {tuple(patches.shape)}")
    return patches

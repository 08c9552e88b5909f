"""Convolutions padded as TensorFlow pads: the odd pixel goes right and below."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional


def padded(x: Tensor, kernel: int, stride: int, value: float = 0.0) -> Tensor:
    """``x`` (n, c, h, w) with the border that makes the output ceil(side / stride)."""
    below, right = (max((math.ceil(side / stride) - 1) * stride + kernel - side, 0) for side in x.shape[-2:])
    if not (below or right):
        return x
    return functional.pad(x, (right // 2, right - right // 2, below // 2, below - below // 2), value=value)


class SameConv(nn.Module):
    """One convolution with given weights.

    Args:
        weight: (out, in / groups, k, k); bias: (out,), or None.
    """

    def __init__(self, weight: Tensor, bias: Tensor | None, stride: int = 1, groups: int = 1) -> None:
        super().__init__()
        self.weight = nn.Parameter(weight, requires_grad=False)
        self.bias = nn.Parameter(bias, requires_grad=False) if bias is not None else None
        self._stride, self._groups = stride, groups

    def forward(self, x: Tensor) -> Tensor:
        """Output of ceil(side / stride)."""
        kernel = self.weight.shape[-1]
        missing = [max((math.ceil(side / self._stride) - 1) * self._stride + kernel - side, 0) for side in x.shape[-2:]]
        if any(gap % 2 for gap in missing):  # otherwise both sides get the same, which PyTorch does by itself
            return functional.conv2d(
                padded(x, kernel, self._stride), self.weight, self.bias, self._stride, groups=self._groups
            )
        around = (missing[0] // 2, missing[1] // 2)
        return functional.conv2d(x, self.weight, self.bias, self._stride, around, groups=self._groups)


def channels_last(network: nn.Module) -> None:
    """Keep the kernels of a network in the memory order that a CPU convolves fastest."""
    for each in network.parameters():
        if each.dim() == 4:
            each.data = each.data.contiguous(memory_format=torch.channels_last)

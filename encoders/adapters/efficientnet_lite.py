"""EfficientNet-Lite2: pictures to ImageNet-1k logits and a pooled feature.

Written from the papers; parameters carry the names of the TensorFlow weights' PyTorch conversion, so
the released state dict loads with ``strict=True``.

Source: Tan & Le 2019, arXiv:1905.11946 (table 1, compound scaling); the Lite variants leave out squeeze and
excitation, use ReLU6 instead of swish and keep stem and head unscaled (tensorflow/tpu, efficientnet/lite).
"""

from __future__ import annotations

import math
from pathlib import Path
from pickle import UnpicklingError
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_weights

from encoders.types import WeightsError

# (repeats, kernel, stride, expansion, channels in, channels out) of EfficientNet-B0, table 1.
_STAGES = (
    (1, 3, 1, 1, 32, 16),
    (2, 3, 2, 6, 16, 24),
    (2, 5, 2, 6, 24, 40),
    (3, 3, 2, 6, 40, 80),
    (3, 5, 1, 6, 80, 112),
    (4, 5, 2, 6, 112, 192),
    (1, 3, 1, 6, 192, 320),
)
_STEM, _HEAD, CLASSES = 32, 1280, 1000
# Lite2: width and depth multipliers and picture size, from the released table of Lite variants.
_WIDTH, _DEPTH, SIZE = 1.1, 1.2, 260
_BN_EPSILON = 1e-3  # TensorFlow's value for these weights; PyTorch's default is 1e-5


class EfficientNetLite(nn.Module):
    """The network, in official parameter names."""

    def __init__(self) -> None:
        super().__init__()
        self._conv_stem = _SameConv(3, _STEM, 3, stride=2)
        self._bn0 = _norm(_STEM)
        blocks: list[_Block] = []
        for stage, (repeats, kernel, stride, expansion, narrow, wide) in enumerate(_STAGES):
            channels_in = _STEM if stage == 0 else _scaled(narrow)
            channels_out = _scaled(wide)
            # The Lite variants repeat first and last stage as often as B0 does, at every depth.
            unscaled = stage in (0, len(_STAGES) - 1)
            for repeat in range(repeats if unscaled else math.ceil(repeats * _DEPTH)):
                first = repeat == 0
                blocks.append(
                    _Block(
                        channels_in if first else channels_out, channels_out, kernel, stride if first else 1, expansion
                    )
                )
        self._blocks = nn.ModuleList(blocks)
        self._conv_head = _SameConv(_scaled(_STAGES[-1][-1]), _HEAD, 1)
        self._bn1 = _norm(_HEAD)
        self._fc = nn.Linear(_HEAD, CLASSES)

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """Logits (n, 1000) and pooled features (n, 1280) of (n, 3, 260, 260) float32, ``(RGB - 127) / 128``."""
        x = _relu6(self._bn0(self._conv_stem(pictures)))
        for block in self._blocks:
            x = block(x)
        pooled = _relu6(self._bn1(self._conv_head(x))).mean((2, 3))
        return self._fc(pooled), pooled

    def fold(self) -> EfficientNetLite:
        """Multiply every batch norm into its convolution: half the time of a frame on a CPU, same numbers."""
        _fold(self, "_conv_stem", "_bn0")
        _fold(self, "_conv_head", "_bn1")
        for block in self._blocks:
            if hasattr(block, "_expand_conv"):
                _fold(block, "_expand_conv", "_bn0")
            _fold(block, "_depthwise_conv", "_bn1")
            _fold(block, "_project_conv", "_bn2")
        return self


def load_efficientnet_lite(weights: Path) -> EfficientNetLite:
    """The network with the weights of a state dict, folded, in eval mode and channels-last memory.

    Raises:
        WeightsError: ``corrupt`` if the file is no state dict of this network.
    """
    network = EfficientNetLite()
    try:
        network.load_state_dict(torch.load(weights, map_location="cpu", weights_only=True), strict=True)
    except (RuntimeError, OSError, ValueError, TypeError, EOFError, UnpicklingError) as error:
        raise WeightsError("corrupt", f"{weights} does not fit EfficientNet-Lite2: {error}") from error
    network.requires_grad_(False).eval().fold()
    return cast(EfficientNetLite, network.to(memory_format=torch.channels_last))  # type: ignore[call-overload]


class _SameConv(nn.Conv2d):
    """Convolution without bias, padded as TensorFlow pads: the odd pixel goes right and below."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1) -> None:
        super().__init__(inputs, outputs, kernel, stride, groups=groups, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Output of ceil(side / stride)."""
        kernel, stride = self.kernel_size[0], self.stride[0]
        missing = [max((math.ceil(side / stride) - 1) * stride + kernel - side, 0) for side in x.shape[-2:]]
        below, right = missing
        if below or right:
            x = functional.pad(x, (right // 2, right - right // 2, below // 2, below - below // 2))
        return functional.conv2d(x, self.weight, self.bias, self.stride, groups=self.groups)


class _Block(nn.Module):
    """Inverted residual: expand (unless by 1), depthwise, project; added to the input where shapes allow."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        inner = inputs * expansion
        self._expands = expansion != 1
        if self._expands:
            self._expand_conv = _SameConv(inputs, inner, 1)
            self._bn0 = _norm(inner)
        self._depthwise_conv = _SameConv(inner, inner, kernel, stride, groups=inner)
        self._bn1 = _norm(inner)
        self._project_conv = _SameConv(inner, outputs, 1)
        self._bn2 = _norm(outputs)
        self._residual = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = _relu6(self._bn0(self._expand_conv(x))) if self._expands else x
        y = _relu6(self._bn1(self._depthwise_conv(y)))
        y = self._bn2(self._project_conv(y))
        return x + y if self._residual else y


def _relu6(fresh: Tensor) -> Tensor:
    """ReLU6 in place: what comes out of a convolution belongs to nobody else."""
    return functional.hardtanh_(fresh, 0.0, 6.0)


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=_BN_EPSILON)


def _scaled(channels: int) -> int:
    """Channels times the width, to the nearest multiple of 8 that is not more than a tenth too small."""
    wanted = channels * _WIDTH
    rounded = max(8, int(wanted + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * wanted else rounded


def _fold(module: nn.Module, convolution: str, norm: str) -> None:
    conv, bn = getattr(module, convolution), getattr(module, norm)
    conv.weight, conv.bias = fuse_conv_bn_weights(
        conv.weight, conv.bias, bn.running_mean, bn.running_var, bn.eps, bn.weight, bn.bias
    )
    setattr(module, norm, nn.Identity())

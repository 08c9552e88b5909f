"""Helpers for the cases of PyTorch networks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from benchmarks.encoder_cases.case import Setting, Side
from encoders.runtime.device import chosen_dtype

_Network = TypeVar("_Network", bound=nn.Module)


def numbers_of(setting: Setting) -> torch.dtype:
    """The precision chosen for the device, or float32."""
    return torch.float32 if setting.exact else chosen_dtype(setting.device)


def placed(network: _Network, setting: Setting) -> _Network:
    """The network on the device, in the precision of the setting."""
    return network.to(setting.device, numbers_of(setting))


def noise(setting: Setting, *shape: int, seed: int = 0) -> Tensor:
    """Normally distributed random numbers on the device, like normalised pictures."""
    values = torch.randn(shape, generator=torch.Generator().manual_seed(seed))
    return values.to(setting.device, numbers_of(setting))


def frames(count: int, height: int = 360, width: int = 640) -> NDArray[np.uint8]:
    """Pictures (count, height, width, 3) uint8: smooth patterns, which all differ."""
    n, y, x, c = np.ogrid[:count, :height, :width, :3]
    return ((np.sin(x / (9 + n) + c) + np.cos(y / (7 + c) + 2 * n)) * 63 + 128).astype(np.uint8)


def side(call: Callable[[], Tensor], count: float) -> Side:
    """A side for a function that returns a tensor; its bare forward pass is the same function, compiled."""

    def run() -> Tensor:
        with torch.inference_mode():
            return call()

    return Side(run, as_numbers, count, lambda: compiled(call))


def as_numbers(found: Any) -> NDArray[np.float64]:
    """A tensor or array as float64."""
    given = found.detach().float().cpu().numpy() if isinstance(found, Tensor) else found
    return np.asarray(given, np.float64)


def compiled(call: Callable[[], Any]) -> Callable[[], Any]:
    """The function through ``torch.compile``, called without gradients."""
    quick = torch.compile(call)

    def run() -> Any:
        with torch.inference_mode():
            return quick()

    return run

"""The same random weights on both sides: each tensor is made from its official name alone.

No side needs the other to be in memory, so that memory can be measured.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Sequence
from typing import TypeVar

import torch
from torch import Tensor, nn

_SPREAD = 0.02  # how transformers are initialised, BERT's initializer_range
_NORMS = 0.1  # weights of norms are around 1

_Network = TypeVar("_Network", bound=nn.Module)


def seeded(name: str, shape: Sequence[int]) -> Tensor:
    """The float32 tensor of that name and shape, the same on every machine and in every process."""
    values = torch.randn(tuple(shape), generator=torch.Generator().manual_seed(zlib.crc32(name.encode())))
    if len(shape) == 1 and name.endswith(".weight"):
        return 1 + _NORMS * values
    return _SPREAD * values


def fill(network: _Network, source: Callable[[str, Sequence[int]], Tensor] = seeded) -> _Network:
    """The network with the tensors that ``source`` gives for its names and shapes, in eval mode, without gradients.

    Parameters that cannot be trained are constants of the network and stay.
    """
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if parameter.requires_grad:
                parameter.copy_(source(name, tuple(parameter.shape)))
    network.requires_grad_(False)
    return network.eval()


def renamed(name: str, rules: Sequence[tuple[str, str]]) -> str:
    """The name after all replacements (regular expression, replacement), in order."""
    for pattern, replacement in rules:
        name = re.sub(pattern, replacement, name)
    return name


def under_other_names(rules: Sequence[tuple[str, str]]) -> Callable[[str, Sequence[int]], Tensor]:
    """A source for `fill`, for a network with other names for the same tensors."""
    return lambda name, shape: seeded(renamed(name, rules), shape)

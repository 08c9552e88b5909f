"""Low-rank adapters multiplied into the weights that they adapt, so that the model needs to know nothing of them.

Source: Hu et al. 2021, arXiv:2106.09685, section 4.1; names as the peft library writes them.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from encoders.types import WeightsError

ALPHA = 16.0
"""Scale of all released LanguageBind adapters. Source: official code PKU-YuanGroup/LanguageBind."""

_DOWN, _UP = ".lora_A.default.weight", ".lora_B.default.weight"


def has_lora(state: Mapping[str, Tensor]) -> bool:
    """Whether there are adapters among the tensors."""
    return any(name.endswith((_DOWN, _UP)) for name in state)


def merge_lora(state: Mapping[str, Tensor], alpha: float = ALPHA) -> dict[str, Tensor]:
    """The tensors under plain names, with ``W + (alpha / r) · B A`` for each weight W that has an adapter of rank r.

    The wrapper's ``base_model.model.`` is taken out of the names, and so is ``base_layer.``, which peft 0.7 and later
    put into them. Merged weights are float32.

    Raises:
        WeightsError: ``corrupt`` if an adapter lacks one of its halves or its weight, or their shapes do not fit.
    """
    plain = {_plain(name): tensor for name, tensor in state.items()}
    merged = {name: tensor for name, tensor in plain.items() if not name.endswith((_DOWN, _UP))}
    adapted = {name.removesuffix(_DOWN).removesuffix(_UP) for name in plain if name.endswith((_DOWN, _UP))}
    for name in sorted(adapted):
        lacking = [part for part in (_DOWN, _UP, ".weight") if name + part not in plain]
        if lacking:
            raise WeightsError("corrupt", f"The adapter of {name} lacks {', '.join(name + part for part in lacking)}.")
        down, up, weight = (plain[name + part].to(torch.float32) for part in (_DOWN, _UP, ".weight"))
        fits = down.ndim == up.ndim == 2 and down.shape[0] == up.shape[1] > 0
        if not fits or weight.shape != (up.shape[0], down.shape[1]):
            shapes = ", ".join(str(tuple(tensor.shape)) for tensor in (down, up, weight))
            raise WeightsError("corrupt", f"The adapter of {name} does not fit its weight: {shapes}.")
        merged[f"{name}.weight"] = weight + (alpha / down.shape[0]) * up @ down
    return merged


def _plain(name: str) -> str:
    return name.replace(".base_model.model.", ".").replace(".base_layer.", ".")

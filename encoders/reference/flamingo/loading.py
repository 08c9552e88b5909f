"""OpenFlamingo's released checkpoints: the resampler and the gated blocks, without the frozen models.

Source: official code mlfoundations/open_flamingo, open_flamingo/src/flamingo_lm.py and its released files.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from torch import nn

from encoders.reference.flamingo.gated import GatedBlock, GatedConfig
from encoders.reference.flamingo.resampler import OpenResampler, ResamplerConfig
from encoders.registry.checkpoints import load_strictly, read_checkpoint

_GATED = re.compile(r"lang_encoder\..+\.(\d+)\.gated_cross_attn_layer\.(.+)")
# The language model's token table and, in unfiltered files, its layers and the list that holds the blocks again.
_OTHERS = (r"lang_encoder\.(?!.+\.\d+\.gated_cross_attn_layer\.).+", r"vision_encoder\..+")


@dataclass(frozen=True, slots=True)
class FlamingoConfig:
    """The trained parts of an OpenFlamingo.

    Attributes:
        layers: of the language model.
        every: a block stands before each layer whose number, from 1, is a multiple of it. Released models: 1 (3B), 2
            (4B), 4 (9B).
    """

    resampler: ResamplerConfig
    gated: GatedConfig
    layers: int
    every: int


class OpenFlamingo(nn.Module):
    """The trained parts: ``perceiver``, and ``gated`` with a block for each layer of `gated_layers`, named by it."""

    def __init__(self, config: FlamingoConfig) -> None:
        super().__init__()
        self.config = config
        self.perceiver = OpenResampler(config.resampler)
        self.gated = nn.ModuleDict(
            {str(layer): GatedBlock(config.gated) for layer in gated_layers(config.layers, config.every)}
        )


def gated_layers(layers: int, every: int) -> list[int]:
    """The layers, from 0, of a language model before which a gated block stands."""
    return [layer for layer in range(layers) if (layer + 1) % every == 0]


def load_open_flamingo(path: Path, config: FlamingoConfig) -> OpenFlamingo:
    """The trained parts of a released checkpoint, in eval mode, without gradients, float32.

    Raises:
        WeightsError: ``missing`` without the file; ``corrupt`` if tensors are missing, extra or misshapen.
    """
    model = OpenFlamingo(config)
    load_strictly(model, read_checkpoint(path), str(path), rename=_ours, ignore=_OTHERS)
    return model.requires_grad_(False).eval()


def _ours(name: str) -> str:
    found = _GATED.fullmatch(name)
    return f"gated.{found[1]}.{found[2]}" if found else name

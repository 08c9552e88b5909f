"""VALLEY's front end: CLIP tokens of frames into pooled patch tokens and one class token per frame.

The projector runs on all tokens before the pooling; the class tokens are not pooled. The language model sees first the
pooled tokens, then the class tokens in time order.

Source: Luo et al. 2023, arXiv:2306.07207, section 3.1; official code RupertLuo/Valley, valley/model/valley_model.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from encoders.reference.valley.pooling import (
    HEADS,
    POSITIONS,
    DeltaEncoder,
    FrameWeightPooling,
    Pooling,
    delta_pooling,
    max_pooling,
    mean_pooling,
    position_matrix,
)


@dataclass(frozen=True, slots=True)
class ValleyConfig:
    """Sizes and the way of pooling; the defaults are the 7B model on CLIP ViT-L/14 at 224 pixels.

    Attributes:
        hidden_size: channels of the language model (4096 for 7B, 5120 for 13B).
        mm_hidden_size: channels of the vision tower.
        patches: patches of a frame.
        pooling: see `encoders.reference.valley.pooling.Pooling`.
        select_layer: which hidden state of the vision tower is the feature; -2 leaves out the last block.
        positions: rows of the position matrix (v3), the largest number of frames.
    """

    hidden_size: int = 4096
    mm_hidden_size: int = 1024
    patches: int = 256
    pooling: Pooling = "mean"
    select_layer: int = -2
    positions: int = POSITIONS

    def __post_init__(self) -> None:
        if self.pooling == "temporal_transformer" and self.hidden_size % HEADS:
            raise ValueError(f"hidden_size must be a multiple of {HEADS}, not {self.hidden_size}")

    @classmethod
    def from_official(cls, config: Mapping[str, Any]) -> ValleyConfig:
        """The configuration that an official ``config.json`` describes.

        Source: official code; ``use_delta_transformer`` wins over ``use_patch_importance_pooling``, and without
        ``mm_vision_select_layer`` the last hidden state is taken.

        Raises:
            ValueError: if a size is missing.
        """
        pooling: Pooling = "mean"
        if config.get("use_delta_transformer"):
            pooling = "temporal_transformer"
        elif config.get("use_patch_importance_pooling"):
            pooling = "temporal_importance"
        try:
            sizes = int(config["hidden_size"]), int(config["mm_hidden_size"])
        except KeyError as error:
            raise ValueError(f"the configuration lacks {error}") from error
        return cls(*sizes, pooling=pooling, select_layer=int(config.get("mm_vision_select_layer", -1)))


@dataclass(frozen=True, slots=True)
class ValleyTokens:
    """One video for the language model: ``pooled`` (p, h) patch tokens, ``frames`` (t, h) class tokens."""

    pooled: Tensor
    frames: Tensor

    @property
    def visual(self) -> Tensor:
        """(p + t, h): the pooled tokens, then the class tokens."""
        return torch.cat([self.pooled, self.frames])


class Valley(nn.Module):
    """Projector and pooling, in official parameter names (without the leading ``model.``)."""

    def __init__(self, config: ValleyConfig) -> None:
        super().__init__()
        self.config = config
        self.mm_projector = nn.Linear(config.mm_hidden_size, config.hidden_size)
        if config.pooling == "temporal_importance":
            self.pooling_layer = FrameWeightPooling(config.patches, config.hidden_size)
        elif config.pooling == "temporal_transformer":
            # Officially zeros until a checkpoint is loaded; every checkpoint holds this matrix.
            positions = position_matrix(config.positions, config.hidden_size).float()
            self.position_matrix = nn.Parameter(positions, requires_grad=False)
            self.transformer_delta_encoder = DeltaEncoder(config.hidden_size)

    def forward(self, features: Tensor) -> ValleyTokens:
        """The tokens of one video, from (t, 1 + p, c) hidden states of the vision tower, class token first.

        Raises:
            ValueError: if the features have another shape, there is no frame or too many for the positions.
        """
        projected = self.project(features)
        return ValleyTokens(self.pool(projected[:, 1:]), projected[:, 0])

    def project(self, features: Tensor) -> Tensor:
        """All tokens (t, 1 + p, h) in the language model's space.

        Raises:
            ValueError: if the features are not (t, 1 + p, c) with t > 0.
        """
        wanted = (1 + self.config.patches, self.config.mm_hidden_size)
        if features.ndim != 3 or not len(features) or features.shape[1:] != wanted:
            raise ValueError(f"features must be (t, {wanted[0]}, {wanted[1]}) with t > 0, not {tuple(features.shape)}")
        projected: Tensor = self.mm_projector(features)
        return projected

    def pool(self, patches: Tensor) -> Tensor:
        """One (p, h) set of patch tokens from the (t, p, h) of all frames."""
        if self.config.pooling == "temporal_importance":
            weighted: Tensor = self.pooling_layer(patches)
            return weighted
        if self.config.pooling == "temporal_transformer":
            return delta_pooling(patches, self.transformer_delta_encoder, self.position_matrix)
        return max_pooling(patches) if self.config.pooling == "max" else mean_pooling(patches)

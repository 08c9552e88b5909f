"""One modality and text in one space, and all modalities together.

Source: official code PKU-YuanGroup/LanguageBind, languagebind/video/modeling_video.py (LanguageBindVideo) and
languagebind/__init__.py (LanguageBind).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from encoders.reference.languagebind.text import TextConfig, TextTower
from encoders.reference.languagebind.vision import VisionConfig, VisionTower

_TEMPERATURE = 0.07  # starting value of the training; the official scale of 2.6592 is ln(1 / 0.07)


@dataclass(frozen=True, slots=True)
class LanguageBindConfig:
    """Sizes of one modality's model; the defaults are those of LanguageBind_Video (Large).

    Attributes:
        projection_dim: width of the shared space.
    """

    vision: VisionConfig = field(default_factory=VisionConfig)
    text: TextConfig = field(default_factory=TextConfig)
    projection_dim: int = 768


class LanguageBindModel(nn.Module):
    """Tower of one modality, text tower and their projections, in official parameter names."""

    def __init__(self, config: LanguageBindConfig) -> None:
        super().__init__()
        self.config = config
        self.vision_model = VisionTower(config.vision)
        self.text_model = TextTower(config.text)
        self.visual_projection = nn.Linear(config.vision.hidden_size, config.projection_dim, bias=False)
        self.text_projection = nn.Linear(config.text.hidden_size, config.projection_dim, bias=False)
        self.logit_scale = nn.Parameter(torch.tensor(-math.log(_TEMPERATURE)))

    def encode_pixels(self, pixels: Tensor) -> Tensor:
        """Features (b, projection_dim), not normalised, of what `VisionTower.hidden` takes.

        Raises:
            ValueError: as there.
        """
        features: Tensor = self.visual_projection(self.vision_model(pixels))
        return features

    def encode_text(self, ids: Tensor, attention_mask: Tensor | None = None) -> Tensor:
        """Features (b, projection_dim), not normalised, of what `TextTower.hidden` takes.

        Raises:
            ValueError: as there.
        """
        features: Tensor = self.text_projection(self.text_model(ids, attention_mask))
        return features

    def logits(self, texts: Tensor, features: Tensor) -> Tensor:
        """``exp(logit_scale)`` times the cosine, (n, m), of text features (n, d) and the modality's (m, d)."""
        logits: Tensor = self.logit_scale.exp() * unit(texts) @ unit(features).T
        return logits


class LanguageBind:
    """Models of several modalities that share their space.

    Args:
        models: by modality, at least one. The text tower of the last is used; all have the same, for it was frozen.

    Raises:
        ValueError: if there is no model, or their spaces have different widths.
    """

    def __init__(self, models: Mapping[str, LanguageBindModel]) -> None:
        widths = {model.config.projection_dim for model in models.values()}
        if len(widths) != 1:
            raise ValueError(f"the models must be one or more of one width, not of the widths {sorted(widths)}")
        self._models = dict(models)

    def embed(self, modality: str, pixels: Tensor, *, temperature: bool = True) -> Tensor:
        """Unit vectors (b, d), times ``exp(logit_scale)`` of the modality unless ``temperature`` is false.

        With it, products with texts are the official logits. Products between two modalities then carry both scales,
        as officially.

        Raises:
            ValueError: if there is no such modality, or as `VisionTower.hidden`.
        """
        if modality not in self._models:
            raise ValueError(f"there is no model of {modality}, only of {', '.join(self._models)}")
        model = self._models[modality]
        vectors = unit(model.encode_pixels(pixels))
        return vectors * model.logit_scale.exp() if temperature else vectors

    def embed_text(self, ids: Tensor, attention_mask: Tensor | None = None) -> Tensor:
        """Unit vectors (b, d) of texts.

        Raises:
            ValueError: as `TextTower.hidden`.
        """
        return unit(list(self._models.values())[-1].encode_text(ids, attention_mask))


def unit(x: Tensor) -> Tensor:
    """``x`` scaled to length 1 along the last dimension; NaN for a zero vector, as in the official code."""
    scaled: Tensor = x / torch.linalg.vector_norm(x, dim=-1, keepdim=True)
    return scaled

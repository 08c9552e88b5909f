"""The frozen vision tower of VALLEY and Video-ChatGPT: hidden states of a Hugging Face CLIP vision model."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor

from encoders.types import WeightsError

CLIP_MEAN = (0.48145466, 0.4578275, 0.40821073)
CLIP_DEVIATION = (0.26862954, 0.26130258, 0.27577711)  # both openai/CLIP, clip.py

_BATCH = 8  # ours: frames at a time, which bounds memory; the numbers do not depend on it


class VisionTower(Protocol):
    """Prepared frames (t, 3, 224, 224) float32 into features (t, 1 + p, c), class token first."""

    def __call__(self, frames: Tensor) -> Tensor:
        """The features, without gradients."""


class ClipTower:
    """A CLIP vision model of the transformers library, read at one of its hidden states.

    The last but one (``layer=-2``) leaves out the last block and the norm behind it.
    Source: official codes RupertLuo/Valley and mbzuai-oryx/Video-ChatGPT.
    """

    def __init__(self, model: Any, layer: int = -2) -> None:
        self._model, self._layer = model, layer

    def __call__(self, frames: Tensor) -> Tensor:
        """Features (t, 1 + p, c) of prepared frames (t, 3, h, w), in the model's precision."""
        weight = next(self._model.parameters())
        with torch.no_grad():
            parts = [
                self._model(pixel_values=part.to(weight), output_hidden_states=True).hidden_states[self._layer]
                for part in torch.split(frames, _BATCH)
            ]
        return torch.cat(parts)


def load_clip_tower(folder: Path, layer: int = -2) -> ClipTower:
    """The tower of a folder in the transformers layout, for instance of openai/clip-vit-large-patch14, float32.

    Raises:
        WeightsError: ``missing`` without such a folder; ``corrupt`` if it does not hold a whole CLIP vision model.
    """
    from transformers import CLIPVisionModel

    if not (folder / "config.json").is_file():
        raise WeightsError("missing", f"There is no model in {folder}: it has no config.json.")
    try:
        loaded: Any = CLIPVisionModel.from_pretrained(
            folder, local_files_only=True, dtype=torch.float32, output_loading_info=True
        )
    except (OSError, ValueError, RuntimeError) as error:
        raise WeightsError("corrupt", f"{folder} cannot be read as a CLIP vision model: {error}") from error
    model, found = loaded
    if found["missing_keys"]:
        raise WeightsError(
            "corrupt", f"{folder} lacks tensors of the vision tower: {sorted(found['missing_keys'])[:8]}."
        )
    return ClipTower(model.requires_grad_(False).eval(), layer)


def normalised(pixels: Tensor) -> Tensor:
    """Pixels (t, 3, h, w) from 0 to 255, as CLIP wants them: float32, mean and deviation of its training pictures."""
    mean = torch.tensor(CLIP_MEAN).view(3, 1, 1)
    deviation = torch.tensor(CLIP_DEVIATION).view(3, 1, 1)
    return (pixels.float() / 255 - mean) / deviation

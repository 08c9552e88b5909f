"""The frozen vision tower of VALLEY and Video-ChatGPT: hidden states of a Hugging Face CLIP vision model."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor

from encoders.registry.checkpoints import load_strictly, read_checkpoint
from encoders.types import WeightsError

_LARGE: Mapping[str, Any] = {
    "hidden_size": 1024,
    "intermediate_size": 4096,
    "num_hidden_layers": 24,
    "num_attention_heads": 16,
    "image_size": 224,
    "patch_size": 14,
    "projection_dim": 768,
}
"""CLIP ViT-L/14. Source: config.json of openai/clip-vit-large-patch14."""

_TOWER = re.compile(
    r"(?:(?:model\.)?vision_tower\.)?(?:vision_model\.)?((?:embeddings|pre_layrnorm|encoder|post_layernorm)\..*)"
)

_BUFFERS = (r".*\.position_ids",)  # count from 0
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


def load_clip_tower(
    path: Path, layer: int = -2, *, sizes: Mapping[str, Any] | None = None, device: str = "cpu"
) -> ClipTower:
    """The tower of a CLIP vision model, float32.

    Args:
        path: a folder in the transformers layout, for instance of openai/clip-vit-large-patch14; or a file or folder of
            weights alone, also of a whole VALLEY, in which the tower lies among other tensors.
        sizes: of a tower without a ``config.json`` of its own: arguments of the library's ``CLIPVisionConfig`` that
            differ from those of CLIP ViT-L/14 at 224 pixels.

    Raises:
        WeightsError: ``missing`` without such a folder or file; ``corrupt`` if it does not hold a whole CLIP vision
            model.
    """
    from transformers import CLIPVisionModel

    if path.is_dir() and _describes_clip(path):
        try:
            loaded: Any = CLIPVisionModel.from_pretrained(
                path, local_files_only=True, dtype=torch.float32, output_loading_info=True
            )
        except (OSError, ValueError, RuntimeError) as error:
            raise WeightsError("corrupt", f"{path} cannot be read as a CLIP vision model: {error}") from error
        model, found = loaded
        if found["missing_keys"]:
            raise WeightsError(
                "corrupt", f"{path} lacks tensors of the vision tower: {sorted(found['missing_keys'])[:8]}."
            )
    else:
        model = _from_weights(path, sizes or {})
    return ClipTower(model.requires_grad_(False).eval().to(device), layer)


def _describes_clip(folder: Path) -> bool:
    """Whether the folder's ``config.json`` is that of a CLIP, whole or its vision model alone."""
    from encoders.registry.hf_folder import read_json

    return str(read_json(folder, "config.json").get("model_type", "")).startswith("clip")


def _from_weights(path: Path, sizes: Mapping[str, Any]) -> Any:
    from huggingface_hub.errors import StrictDataclassError
    from transformers import CLIPVisionConfig, CLIPVisionModel

    found = {match[1]: tensor for name, tensor in read_checkpoint(path).items() if (match := _TOWER.fullmatch(name))}
    try:
        made: Any = CLIPVisionModel(CLIPVisionConfig(**{**_LARGE, **sizes}))
    except (TypeError, ValueError, StrictDataclassError) as error:
        raise WeightsError("corrupt", f"{dict(sizes)} are no sizes of a CLIP vision model: {error}") from error
    # The library has named these tensors with and without a prefix, by version.
    prefix = "vision_model." if any(name.startswith("vision_model.") for name in made.state_dict()) else ""
    load_strictly(made, {prefix + name: tensor for name, tensor in found.items()}, str(path), ignore=_BUFFERS)
    return made

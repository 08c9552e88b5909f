"""Official CLIP checkpoints.

Source: official code openai/CLIP, clip/model.py, build_model.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from encoders.reference.clip.model import HEAD, Clip, ClipConfig
from encoders.reference.clip.scripted import is_scripted, read_scripted
from encoders.registry.checkpoints import load_strictly, read_checkpoint
from encoders.types import WeightsError

SCALARS = (r"input_resolution", r"context_length", r"vocab_size")
"""Beside the weights, OpenAI's files hold these numbers, which the weights' shapes say too."""


def load_clip(path: Path, config: ClipConfig | None = None) -> Clip:
    """The model with an official checkpoint's weights, in float32 and eval mode, without gradients.

    Both OpenAI's TorchScript archives and plain state dicts are read; nothing in them is executed.

    Args:
        config: default: what the shapes say, see `config_of`.

    Raises:
        WeightsError: ``missing`` if there is no such file; ``corrupt`` if it is not this model, naming the tensors.
    """
    state = read_scripted(path) if is_scripted(path) else read_checkpoint(path)
    try:
        clip = Clip(config or config_of(state))
    except ValueError as error:
        raise WeightsError("corrupt", f"{path} is no CLIP with a vision transformer: {error}") from error
    load_strictly(clip, state, str(path), ignore=SCALARS)
    clip.requires_grad_(False)
    return clip.eval()


def config_of(state: Mapping[str, Tensor]) -> ClipConfig:
    """The sizes of a state dict in official names. Heads are 64 wide, as in all released models.

    Raises:
        ValueError: if a tensor that tells a size is not there, or has another number of dimensions.
    """
    patches = _shape(state, "visual.conv1.weight", 4)
    positions = _shape(state, "visual.positional_embedding", 2)
    text_width = _shape(state, "ln_final.weight", 1)[0]
    vision_width, patch = patches[0], patches[-1]
    return ClipConfig(
        embed_dim=_shape(state, "text_projection", 2)[1],
        image_resolution=patch * round((positions[0] - 1) ** 0.5),
        vision_layers=_layers(state, "visual.transformer."),
        vision_width=vision_width,
        vision_heads=max(vision_width // HEAD, 1),
        vision_patch_size=patch,
        context_length=_shape(state, "positional_embedding", 2)[0],
        vocab_size=_shape(state, "token_embedding.weight", 2)[0],
        text_width=text_width,
        text_heads=max(text_width // HEAD, 1),
        text_layers=_layers(state, "transformer."),
    )


def _shape(state: Mapping[str, Tensor], name: str, dimensions: int) -> tuple[int, ...]:
    if name not in state:
        raise ValueError(f"the tensor {name} is missing")
    shape = tuple(state[name].shape)
    if len(shape) != dimensions:
        raise ValueError(f"{name} has the shape {shape}, not {dimensions} dimensions")
    return shape


def _layers(state: Mapping[str, Tensor], prefix: str) -> int:
    pattern = re.compile(re.escape(prefix) + r"resblocks\.(\d+)\.")
    return len({match[1] for name in state if (match := pattern.match(name))})

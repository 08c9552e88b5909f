"""Official LanguageBind folders: ``config.json`` and the weights, plain or with low-rank adapters.

Source: the folders LanguageBind/LanguageBind_* on the Hugging Face hub; official code PKU-YuanGroup/LanguageBind,
languagebind/video/configuration_video.py.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from encoders.reference.languagebind.lora import ALPHA, has_lora, merge_lora
from encoders.reference.languagebind.model import LanguageBindConfig, LanguageBindModel
from encoders.reference.languagebind.text import TextConfig
from encoders.reference.languagebind.vision import VisionConfig
from encoders.registry.checkpoints import load_strictly, read_checkpoint
from encoders.types import WeightsError

BUFFERS = (r".*\.position_ids",)
"""Stored, but only count from 0."""

_WEIGHTS = ("model.safetensors", "pytorch_model.bin")
_ACTIVATIONS = ("gelu", "quick_gelu")
_CLASSES = "vision_model.embeddings.class_embedding"


def load_languagebind(path: Path, config: LanguageBindConfig | None = None) -> LanguageBindModel:
    """The model of one modality, in eval mode, without gradients, float32; adapters are merged into the weights.

    Args:
        path: a folder of the hub, or a file of weights.
        config: default, for folders: what its ``config.json`` says. The way the patches are embedded is then read off
            the weights.

    Raises:
        WeightsError: ``missing`` without weights or configuration; ``corrupt`` if the configuration lacks a size or
            says something that is no LanguageBind, or if tensors are missing, extra or misshapen.
    """
    weights = next((path / name for name in _WEIGHTS if (path / name).is_file()), path)
    state = read_checkpoint(weights)
    alpha = ALPHA
    if config is None:
        said = _read(path)
        alpha = float(_vision(said, path).get("lora_alpha") or ALPHA)
        config = _config(said, path)
        if _CLASSES in state and state[_CLASSES].ndim == 2:
            config = replace(config, vision=replace(config.vision, clip_type="vl_new"))
    if has_lora(state):
        state = merge_lora(state, alpha)
    model = LanguageBindModel(config)
    load_strictly(model, state, str(path), ignore=BUFFERS)
    return model.requires_grad_(False).eval()


def config_of(path: Path) -> LanguageBindConfig:
    """The sizes that the folder's ``config.json`` says.

    Nothing that changes numbers has a default here: the official classes' own defaults fit no released model.

    Raises:
        WeightsError: ``missing`` without the file; ``corrupt`` if it lacks a size or is no LanguageBind.
    """
    return _config(_read(path), path)


def _read(path: Path) -> dict[str, Any]:
    file = path / "config.json"
    if not file.is_file():
        raise WeightsError("missing", f"There is no configuration {file}: give the sizes, or the whole folder.")
    try:
        said = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise WeightsError("corrupt", f"{file} is no JSON: {error}") from error
    if not isinstance(said, dict):
        raise WeightsError("corrupt", f"{file} holds no configuration.")
    return said


def _vision(said: Mapping[str, Any], path: Path) -> Mapping[str, Any]:
    part = said.get("vision_config")
    if not isinstance(part, Mapping):
        raise WeightsError("corrupt", f"{path / 'config.json'} lacks vision_config.")
    return part


def _config(said: Mapping[str, Any], path: Path) -> LanguageBindConfig:
    vision, text = _vision(said, path), said.get("text_config")
    try:
        if not isinstance(text, Mapping):
            raise KeyError("text_config")
        return LanguageBindConfig(_vision_config(vision), _text_config(text), int(said["projection_dim"]))
    except KeyError as error:
        raise WeightsError("corrupt", f"{path / 'config.json'} lacks {error.args[0]}.") from error
    except (TypeError, ValueError) as error:
        raise WeightsError("corrupt", f"{path / 'config.json'} is no LanguageBind: {error}") from error


def _vision_config(said: Mapping[str, Any]) -> VisionConfig:
    mel_bins, mel_frames = int(said.get("num_mel_bins") or 0), int(said.get("target_length") or 0)
    side = 0 if mel_bins else int(said["image_size"])
    timed = bool(said["add_time_attn"])
    return VisionConfig(
        **_common(said),
        image_size=(mel_bins, mel_frames) if mel_bins else (side, side),
        patch_size=int(said["patch_size"]),
        num_frames=int(said["num_frames"]) if timed else 1,
        add_time_attn=timed,
        clip_type="vl_new" if said.get("clip_type") == "vl_new" else "vl",
    )


def _text_config(said: Mapping[str, Any]) -> TextConfig:
    return TextConfig(
        **_common(said),
        vocab_size=int(said["vocab_size"]),
        max_position_embeddings=int(said["max_position_embeddings"]),
    )


def _common(said: Mapping[str, Any]) -> dict[str, Any]:
    if said["hidden_act"] not in _ACTIVATIONS:
        raise ValueError(f"the activation must be one of {', '.join(_ACTIVATIONS)}, not {said['hidden_act']}")
    sizes = ("hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads")
    return {
        **{size: int(said[size]) for size in sizes},
        "hidden_act": said["hidden_act"],
        "layer_norm_eps": float(said["layer_norm_eps"]),
    }

"""Language models and whole video models out of folders in the transformers layout; nothing is downloaded."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from encoders.types import WeightsError
from encoders.valley import prompts as valley_prompts
from encoders.valley.loading import load_valley
from encoders.valley.model import ValleyConfig
from encoders.video_chatgpt import prompts as chat_prompts
from encoders.video_chatgpt.loading import load_video_chatgpt, stored_embeddings
from encoders.video_chatgpt.model import VideoChatGPTConfig
from encoders.video_llm.clip_tower import load_clip_tower
from encoders.video_llm.front_ends import (
    ValleyFrontEnd,
    VideoChatGPTFrontEnd,
    valley_tokens,
    video_chatgpt_tokens,
)
from encoders.video_llm.model import VideoLLM

# Types that the official codes register for what is a LLaMA with further tensors beside.
_LLAMAS = ("valley", "VideoChatGPT", "llava")


def load_language_model(folder: Path, dtype: torch.dtype = torch.float32) -> tuple[Any, Any]:
    """Causal language model, in eval mode and without gradients, and tokenizer of a folder.

    Tensors that are no part of the language model, such as a projector, are left out.

    Raises:
        WeightsError: ``missing`` without such a folder; ``corrupt`` if the model is unknown or not whole.
    """
    from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig, LlamaForCausalLM

    config = _config(folder)
    choices: dict[str, Any] = {"local_files_only": True, "dtype": dtype, "output_loading_info": True}
    try:
        if config.get("model_type") in _LLAMAS:
            llama = LlamaConfig.from_dict({**config, "model_type": "llama"})
            loaded: Any = LlamaForCausalLM.from_pretrained(folder, config=llama, **choices)
        else:
            loaded = AutoModelForCausalLM.from_pretrained(folder, **choices)
        tokenizer: Any = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        raise WeightsError("corrupt", f"{folder} cannot be read as a language model: {error}") from error
    lm, found = loaded
    # The library would fill these with random numbers and only log it.
    if found["missing_keys"]:
        raise WeightsError("corrupt", f"{folder} lacks tensors of the model: {sorted(found['missing_keys'])[:8]}.")
    return lm.requires_grad_(False).eval(), tokenizer


def load_valley_llm(folder: Path, tower: Path, dtype: torch.dtype = torch.float32) -> VideoLLM:
    """A whole VALLEY: language model, tokenizer, projector and pooling of ``folder``, CLIP of ``tower``.

    Raises:
        WeightsError: ``missing`` without one of the folders; ``corrupt`` if one is not whole or not VALLEY's.
    """
    lm, tokenizer = load_language_model(folder, dtype)
    try:
        config = ValleyConfig.from_official(_config(folder))
    except ValueError as error:
        raise WeightsError("corrupt", f"{folder} is no VALLEY: {error}") from error
    add_visual_tokens(lm, tokenizer, valley_prompts.VISUAL_TOKENS)
    model = load_valley(folder, config)
    front_end = ValleyFrontEnd(model, load_clip_tower(tower, config.select_layer), valley_tokens(tokenizer))
    return VideoLLM(front_end, lm, tokenizer)


def load_video_chatgpt_llm(
    folder: Path, projection: Path, tower: Path, config: VideoChatGPTConfig, dtype: torch.dtype = torch.float32
) -> VideoLLM:
    """A whole Video-ChatGPT: language model of ``folder``, projector of ``projection``, CLIP of ``tower``.

    Raises:
        WeightsError: ``missing`` without one of them; ``corrupt`` if one is not whole or does not fit ``config``.
    """
    lm, tokenizer = load_language_model(folder, dtype)
    add_visual_tokens(lm, tokenizer, chat_prompts.VISUAL_TOKENS)
    tokens = video_chatgpt_tokens(tokenizer)
    stored = stored_embeddings(projection)
    if stored is not None:
        _restore(lm, stored, [token for token in (tokens.start, tokens.end) if token is not None], projection)
    model = load_video_chatgpt(projection, config)
    return VideoLLM(VideoChatGPTFrontEnd(model, load_clip_tower(tower), tokens), lm, tokenizer)


def add_visual_tokens(lm: Any, tokenizer: Any, tokens: Sequence[str]) -> None:
    """Make ``tokens`` known to tokenizer and language model; those that are already known keep their embeddings.

    New rows are the mean of the old ones (both official codes do so for the tokens that delimit a video; the others are
    replaced before they are looked at).
    """
    new = [token for token in tokens if token not in tokenizer.get_vocab()]
    if not new:
        return
    known = len(tokenizer)
    tokenizer.add_tokens(new, special_tokens=True)
    if len(tokenizer) > len(lm.get_input_embeddings().weight):
        lm.resize_token_embeddings(len(tokenizer), mean_resizing=False)
        lm.requires_grad_(False)
    for layer in (lm.get_input_embeddings(), lm.get_output_embeddings()):
        if layer is not None:
            weight = layer.weight.data
            weight[known : len(tokenizer)] = weight[:known].mean(dim=0, keepdim=True)


def _restore(lm: Any, stored: Tensor, delimiters: Sequence[int], path: Path) -> None:
    weight = lm.get_input_embeddings().weight.data
    if stored.shape == weight.shape:
        weight.copy_(stored)
    elif stored.shape == (len(delimiters), weight.shape[1]):
        weight[list(delimiters)] = stored.to(weight)
    else:
        raise WeightsError(
            "corrupt",
            f"{path}: model.embed_tokens.weight {tuple(stored.shape)} instead of {tuple(weight.shape)}.",
        )


def _config(folder: Path) -> dict[str, Any]:
    file = folder / "config.json"
    if not file.is_file():
        raise WeightsError("missing", f"There is no model in {folder}: it has no config.json.")
    try:
        config = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise WeightsError("corrupt", f"{file} is no JSON: {error}") from error
    if not isinstance(config, dict):
        raise WeightsError("corrupt", f"{file} is no table of settings.")
    return config

"""Language models and whole video models out of files and folders on this machine; nothing is downloaded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor

from encoders.reference.valley import prompts as valley_prompts
from encoders.reference.valley.loading import load_valley
from encoders.reference.valley.model import ValleyConfig
from encoders.reference.video_chatgpt import prompts as chat_prompts
from encoders.reference.video_chatgpt.loading import load_video_chatgpt, stored_embeddings
from encoders.reference.video_chatgpt.model import VideoChatGPTConfig
from encoders.reference.video_llama.audio import VideoLlamaAudioConfig
from encoders.reference.video_llama.loading import load_video_llama_audio, load_video_llama_vision
from encoders.reference.video_llama.prompts import Template
from encoders.reference.video_llama.vision import VideoLlamaVisionConfig
from encoders.reference.video_llava.loading import load_video_llava
from encoders.reference.video_llava.model import VideoLlavaConfig, hf_config
from encoders.reference.video_llm.clip_tower import load_clip_tower
from encoders.reference.video_llm.front_ends import (
    ValleyFrontEnd,
    VideoChatGPTFrontEnd,
    valley_tokens,
    video_chatgpt_tokens,
)
from encoders.reference.video_llm.model import VideoLLM
from encoders.reference.video_llm.video_llama import VideoLlamaFrontEnd
from encoders.reference.video_llm.video_llava import VideoLlavaFrontEnd
from encoders.registry.hf_folder import read_json
from encoders.types import WeightsError

# Types that the official codes register for what is a LLaMA with further tensors beside.
_LLAMAS = ("valley", "VideoChatGPT", "llava", "llava_llama")
_PORT = "video_llava"  # the transformers library's own Video-LLaVA, whose LLaMA lies within it
_WITHIN_PORT = {
    r"^(?:model\.)?language_model\.(?:model\.)?(?!lm_head)": "model.",
    r"^language_model\.lm_head": "lm_head",
}


def load_language_model(folder: Path, dtype: torch.dtype = torch.float32, device: str = "cpu") -> tuple[Any, Any]:
    """Causal language model, in eval mode and without gradients, and tokenizer of a folder.

    Tensors that are no part of the language model, such as a projector, are left out.

    Raises:
        WeightsError: ``missing`` without such a folder; ``corrupt`` if the model is unknown or not whole.
    """
    from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig, LlamaForCausalLM

    config = read_json(folder, "config.json")
    kind = config.get("model_type")
    choices: dict[str, Any] = {"local_files_only": True, "dtype": dtype, "output_loading_info": True}
    try:
        if kind == _PORT:
            llama = LlamaConfig.from_dict({**config["text_config"], "model_type": "llama"})
            loaded: Any = LlamaForCausalLM.from_pretrained(folder, config=llama, key_mapping=_WITHIN_PORT, **choices)
        elif kind in _LLAMAS:
            llama = LlamaConfig.from_dict({**config, "model_type": "llama"})
            loaded = LlamaForCausalLM.from_pretrained(folder, config=llama, **choices)
        else:
            loaded = AutoModelForCausalLM.from_pretrained(folder, **choices)
        tokenizer: Any = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError, RuntimeError, KeyError, TypeError) as error:
        raise WeightsError("corrupt", f"{folder} cannot be read as a language model: {error}") from error
    lm, found = loaded
    # The library would fill these with random numbers and only log it.
    if found["missing_keys"]:
        raise WeightsError("corrupt", f"{folder} lacks tensors of the model: {sorted(found['missing_keys'])[:8]}.")
    return lm.requires_grad_(False).eval().to(device), tokenizer


def load_valley_llm(
    folder: Path,
    tower: Path | None = None,
    dtype: torch.dtype = torch.float32,
    *,
    tower_sizes: Mapping[str, Any] | None = None,
    device: str = "cpu",
) -> VideoLLM:
    """A whole VALLEY: language model, tokenizer, projector and pooling of ``folder``, CLIP of ``tower``.

    Args:
        tower: as `load_clip_tower` takes it; default: the one that lies in ``folder`` with the rest.
        tower_sizes: of a tower without a ``config.json`` of its own, where it is not CLIP ViT-L/14.
        dtype: of the language model.

    Raises:
        WeightsError: ``missing`` without one of the folders; ``corrupt`` if one is not whole or not VALLEY's.
    """
    lm, tokenizer = load_language_model(folder, dtype, device)
    try:
        config = ValleyConfig.from_official(read_json(folder, "config.json"))
    except ValueError as error:
        raise WeightsError("corrupt", f"{folder} is no VALLEY: {error}") from error
    add_visual_tokens(lm, tokenizer, valley_prompts.VISUAL_TOKENS)
    seeing = load_clip_tower(tower or folder, config.select_layer, sizes=tower_sizes, device=device)
    model = load_valley(folder, config).to(device)
    return VideoLLM(ValleyFrontEnd(model, seeing, valley_tokens(tokenizer)), lm, tokenizer)


def load_video_chatgpt_llm(
    folder: Path,
    projection: Path,
    tower: Path,
    config: VideoChatGPTConfig | None = None,
    dtype: torch.dtype = torch.float32,
    *,
    tower_sizes: Mapping[str, Any] | None = None,
    device: str = "cpu",
) -> VideoLLM:
    """A whole Video-ChatGPT: language model of ``folder``, projector of ``projection``, CLIP of ``tower``.

    Args:
        config: default: the released sizes, as wide as the language model.
        tower, tower_sizes, dtype: as for `load_valley_llm`.

    Raises:
        WeightsError: ``missing`` without one of them; ``corrupt`` if one is not whole or does not fit ``config``.
    """
    lm, tokenizer = load_language_model(folder, dtype, device)
    add_visual_tokens(lm, tokenizer, chat_prompts.VISUAL_TOKENS)
    tokens = video_chatgpt_tokens(tokenizer)
    stored = stored_embeddings(projection)
    if stored is not None:
        _restore(lm, stored, [token for token in (tokens.start, tokens.end) if token is not None], projection)
    model = load_video_chatgpt(projection, config or VideoChatGPTConfig(_width(lm))).to(device)
    seeing = load_clip_tower(tower, sizes=tower_sizes, device=device)
    return VideoLLM(VideoChatGPTFrontEnd(model, seeing, tokens), lm, tokenizer)


def load_video_llama_llm(
    folder: Path,
    vision: Path | Sequence[Path],
    audio: Path | Sequence[Path] = (),
    template: Template = "vicuna",
    dtype: torch.dtype = torch.float32,
    *,
    vision_config: VideoLlamaVisionConfig | None = None,
    audio_config: VideoLlamaAudioConfig | None = None,
    device: str = "cpu",
) -> VideoLLM:
    """A whole Video-LLaMA: language model of ``folder``, branches of official checkpoints.

    Args:
        vision: checkpoints in their order: EVA's tower, BLIP-2's Q-Former, MiniGPT-4's projection, the vision branch;
            or one file that holds all.
        audio: the same for ImageBind and the audio branch; none for a model that only sees.
        template: ``vicuna``, or ``llama_2`` for LLaMA-2-chat.
        vision_config, audio_config: default: the released sizes, as wide as the language model.

    Raises:
        WeightsError: as `load_language_model` and `load_video_llama_vision`.
    """
    lm, tokenizer = load_language_model(folder, dtype, device)
    wide = _width(lm)
    seeing = load_video_llama_vision(vision, vision_config or VideoLlamaVisionConfig(llama_width=wide)).to(device)
    hearing = None
    if isinstance(audio, Path) or len(audio):
        hearing = load_video_llama_audio(audio, audio_config or VideoLlamaAudioConfig(llama_width=wide)).to(device)
    return VideoLLM(VideoLlamaFrontEnd(seeing, hearing, template), lm, tokenizer)


def load_video_llava_llm(
    folder: Path,
    config: VideoLlavaConfig | None = None,
    dtype: torch.dtype = torch.float32,
    *,
    device: str = "cpu",
) -> VideoLLM:
    """A whole Video-LLaVA: language model, towers and projector of one folder.

    The folder is the original one, or the port of the transformers library, whose numbers are not the published ones
    (`encoders.reference.video_llava.model.hf_config`).

    Args:
        config: default: the released sizes, as wide as the language model.

    Raises:
        WeightsError: as `load_language_model` and `load_video_llava`.
    """
    lm, tokenizer = load_language_model(folder, dtype, device)
    said = read_json(folder, "config.json")
    ported = said.get("model_type") == _PORT
    if config is None:
        config = replace(_ported_config(said, folder) if ported else VideoLlavaConfig(), hidden_size=_width(lm))
    model = load_video_llava(folder, config).to(device)
    return VideoLLM(VideoLlavaFrontEnd(model, ported), lm, tokenizer)


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


def _width(lm: Any) -> int:
    return int(lm.get_input_embeddings().weight.shape[1])


def _ported_config(said: Mapping[str, Any], folder: Path) -> VideoLlavaConfig:
    """Both towers as the port's ``config.json`` says them; neither has attention over time."""
    vision, config = said.get("vision_config") or {}, hf_config()
    fields = (
        "hidden_size",
        "intermediate_size",
        "num_hidden_layers",
        "num_attention_heads",
        "patch_size",
        "hidden_act",
    )
    changes = {field: vision[field] for field in fields if field in vision}
    # As the library does where the file leaves it out: it was written without what equals its defaults.
    act: Literal["gelu", "quick_gelu"] = changes.setdefault("hidden_act", "quick_gelu")
    if act not in ("gelu", "quick_gelu"):
        raise WeightsError("corrupt", f"{folder / 'config.json'}: an activation {act!r} is none of Video-LLaVA's.")
    return replace(config, image=replace(config.image, **changes), video=replace(config.video, **changes))

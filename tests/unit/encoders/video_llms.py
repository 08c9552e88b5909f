"""Tiny video language models with random weights, laid out as their releases are."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch
import transformers
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from encoders.reference.languagebind.vision import VisionConfig
from encoders.reference.qformer.eva_vit import EvaVitConfig
from encoders.reference.qformer.layers import QFormerConfig
from encoders.reference.valley.model import Valley, ValleyConfig
from encoders.reference.valley.prompts import VISUAL_TOKENS as VALLEY_TOKENS
from encoders.reference.video_llama.audio import VideoLlamaAudio, VideoLlamaAudioConfig
from encoders.reference.video_llama.imagebind_audio import ImageBindAudioConfig
from encoders.reference.video_llama.vision import VideoLlamaVision, VideoLlamaVisionConfig
from encoders.reference.video_llava.model import VideoLlava, VideoLlavaConfig
from encoders.reference.video_llm.loading import load_language_model

WORDS = [
    "<unk>",
    "<s>",
    "</s>",
    "###",
    *"human assistent user : . what happens in the video a dog runs and cat sleeps".split(),
]
HIDDEN, FEATURES = 32, 16
TOWER = {
    "hidden_size": FEATURES,
    "intermediate_size": 8,
    "num_hidden_layers": 3,
    "num_attention_heads": 2,
    "image_size": 224,
    "patch_size": 14,
}
_NARROW = {"width": 16, "layers": 2, "heads": 2, "inner": 24, "text": False}
VISION = VideoLlamaVisionConfig(
    vision=EvaVitConfig(size=224, patch=56, width=12, depth=1, heads=2),
    qformer=QFormerConfig(source_width=12, **_NARROW),
    video_qformer=QFormerConfig(source_width=16, cross_every=1, **_NARROW),
    queries=3,
    video_queries=4,
    llama_width=HIDDEN,
)
AUDIO = VideoLlamaAudioConfig(
    imagebind=ImageBindAudioConfig(width=8, blocks=1, heads=2, embed_dim=10),
    qformer=QFormerConfig(source_width=10, cross_every=1, **_NARROW),
    queries=2,
    llama_width=HIDDEN,
)
_VIDEO = VisionConfig(12, 20, 3, 3, (224, 224), 56)
LLAVA = VideoLlavaConfig(replace(_VIDEO, num_frames=1, add_time_attn=False), _VIDEO, HIDDEN)


def save_tokenizer(folder: Path, added: Sequence[str] = (), *, begins: bool = False) -> None:
    """A word a token; with ``begins``, ``<s>`` comes before everything, as LLaMA's tokenizer does."""
    tokenizer = Tokenizer(models.WordLevel({word: index for index, word in enumerate(WORDS)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    if begins:
        tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    fast = transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", unk_token="<unk>"
    )
    fast.add_tokens(list(added), special_tokens=True)
    fast.save_pretrained(folder)


def write_llama(folder: Path, *, begins: bool = False) -> Path:
    """A LLaMA of two small layers and its tokenizer."""
    torch.manual_seed(5)
    save_tokenizer(folder, begins=begins)
    transformers.LlamaForCausalLM(llama_config(len(WORDS))).save_pretrained(folder)
    return folder


def llama_config(vocabulary: int) -> transformers.LlamaConfig:
    return transformers.LlamaConfig(
        vocab_size=vocabulary, hidden_size=HIDDEN, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4,
        max_position_embeddings=1024, bos_token_id=1, eos_token_id=2, initializer_range=0.4,
    )  # fmt: skip


def write_tower(folder: Path) -> Path:
    """A CLIP vision model of 256 patches and 3 small blocks."""
    torch.manual_seed(0)
    transformers.CLIPVisionModel(transformers.CLIPVisionConfig(**TOWER)).save_pretrained(folder)
    return folder


def write_valley(folder: Path, llama: Path, tower: Path | None = None) -> Path:
    """A release of VALLEY: language model, projector and tower weights in one file, its own model type."""
    torch.manual_seed(3)
    lm, _ = load_language_model(llama)
    lm.resize_token_embeddings(len(WORDS) + len(VALLEY_TOKENS), mean_resizing=False)
    lm.save_pretrained(folder)
    save_tokenizer(folder, VALLEY_TOKENS)
    retype(folder, model_type="valley", architectures=["ValleyLlamaForCausalLM"], mm_vision_select_layer=-2)
    retype(folder, mm_hidden_size=FEATURES, use_mm_proj=True, use_patch_importance_pooling=False)
    front = Valley(ValleyConfig(HIDDEN, FEATURES)).state_dict()
    state = load_file(folder / "model.safetensors") | {f"model.{name}": 3 * tensor for name, tensor in front.items()}
    if tower is None:
        state["model.vision_tower.vision_model.embeddings.class_embedding"] = torch.zeros(FEATURES)
    else:
        for name, tensor in load_file(tower / "model.safetensors").items():
            state[f"model.vision_tower.vision_model.{name.removeprefix('vision_model.')}"] = tensor
    save_file(state, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


def write_projection(path: Path) -> Path:
    """Video-ChatGPT's projection file, with the two trained delimiters."""
    torch.manual_seed(4)
    state = {
        "model.mm_projector.weight": torch.randn(HIDDEN, FEATURES),
        "model.mm_projector.bias": torch.randn(HIDDEN),
        "model.embed_tokens.weight": torch.randn(2, HIDDEN),
    }
    torch.save(state, path)
    return path


def write_video_llama(folder: Path) -> Path:
    """Video-LLaMA's two branches in one file each, and the tower of one in a file of its own."""
    vision, audio = _random(VideoLlamaVision(VISION), 6), _random(VideoLlamaAudio(AUDIO), 7)
    tower = {name: t for name, t in vision.items() if name.startswith("visual_encoder.")}
    torch.save({name.removeprefix("visual_encoder."): t for name, t in tower.items()}, folder / "eva.pth")
    torch.save({"model": {name: t for name, t in vision.items() if name not in tower}}, folder / "vl.pth")
    torch.save({"model": audio}, folder / "al.pth")
    return folder


def write_video_llava(folder: Path, llama: Path) -> Path:
    """A release of Video-LLaVA: language model, towers and projector in one file, the original names."""
    lm, _ = load_language_model(llama)
    lm.save_pretrained(folder)
    save_tokenizer(folder, begins=True)
    retype(folder, model_type="llava", architectures=["LlavaLlamaForCausalLM"])
    state = load_file(folder / "model.safetensors")
    for name, tensor in _random(VideoLlava(LLAVA), 8, 0.15).items():
        part = name.partition(".")[0]
        state[f"model.{name.replace(f'{part}.', f'{part}.{part}.', 1) if 'tower' in part else name}"] = tensor
    save_file(state, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


def retype(folder: Path, **changes: object) -> None:
    """Change the folder's config.json."""
    file = folder / "config.json"
    config = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps(config | changes), encoding="utf-8")


def _random(module: torch.nn.Module, seed: int, deviation: float = 0.3) -> dict[str, torch.Tensor]:
    """Weights that let inputs through, and let them differ."""
    torch.manual_seed(seed)
    return {
        name: deviation * torch.randn(tensor.shape) + (name.endswith("weight") and tensor.ndim == 1)
        for name, tensor in module.state_dict().items()
    }

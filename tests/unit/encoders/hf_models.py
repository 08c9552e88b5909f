"""Tiny models with random weights in the folder layout of Hugging Face, and what loaders are told about them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import (
    BlipConfig,
    BlipForConditionalGeneration,
    BlipForImageTextRetrieval,
    CLIPConfig,
    CLIPModel,
    DFineConfig,
    DFineForObjectDetection,
    RTDetrResNetConfig,
    RTDetrV2Config,
    RTDetrV2ForObjectDetection,
    Siglip2Config,
    Siglip2Model,
    SiglipConfig,
    SiglipModel,
)

from encoders.bundle import Encoders
from encoders.registry.loading import LoadContext
from encoders.registry.specs import ModelSpec

WORDS = "a photo of cat dog red bus on the street ! . ,".split()
LENGTH = 10
_SMALL = {"hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 2, "num_attention_heads": 2}


def context(folder: Path, dim: int = 0, **preprocessing: object) -> LoadContext:
    spec = ModelSpec(
        name="tiny",
        task="image",
        loader="encoders.adapters.hf_clip:load",
        files=(),
        licence="MIT",
        dim=dim,
        revision="00000000",
        preprocessing=preprocessing,
        citation="",
        limits="",
    )
    return Encoders.open("embedded", device="cpu").context(spec, {"folder": folder})


def put(folder: Path, name: str, content: object) -> None:
    (folder / name).write_text(json.dumps(content), encoding="utf-8")


def changed(folder: Path, name: str, **changes: object) -> None:
    put(folder, name, json.loads((folder / name).read_text(encoding="utf-8")) | changes)


def lively(model: torch.nn.Module, std: float = 0.3) -> torch.nn.Module:
    """Weights large enough that outputs of different inputs differ clearly, as trained ones do."""
    torch.manual_seed(1)
    for name, parameter in model.named_parameters():
        if parameter.ndim > 1:
            torch.nn.init.normal_(parameter, std=std)
        elif name.endswith("bias"):
            torch.nn.init.normal_(parameter, std=0.1)
    return model.eval()


def tokenizer(specials: list[str], start: list[str], end: str) -> Tokenizer:
    """A word a token; special tokens have the lowest numbers but the end token, which has the highest."""
    vocabulary = {word: i for i, word in enumerate([*specials, *WORDS, end])}
    made = Tokenizer(models.WordLevel(vocabulary, unk_token=specials[0]))
    made.normalizer = normalizers.Lowercase()
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    made.post_processor = processors.TemplateProcessing(
        single=" ".join([*start, "$A", end]), special_tokens=[(token, vocabulary[token]) for token in [*start, end]]
    )
    return made


def clip(folder: Path) -> CLIPModel:
    """CLIP of dimension 12 for pictures of 32 × 32."""
    made = tokenizer(["<unk>", "<s>"], ["<s>"], "</s>")
    end = made.token_to_id("</s>")
    config = CLIPConfig(
        text_config=_SMALL
        | {
            "vocab_size": made.get_vocab_size(),
            "max_position_embeddings": LENGTH,
            "eos_token_id": end,
            "bos_token_id": 1,
            "pad_token_id": end,
        },
        vision_config=_SMALL | {"image_size": 32, "patch_size": 8},
        projection_dim=12,
    )
    model = lively(CLIPModel(config))
    folder.mkdir(exist_ok=True)
    model.save_pretrained(folder)
    made.save(str(folder / "tokenizer.json"))
    put(
        folder,
        "preprocessor_config.json",
        {
            "crop_size": 32,
            "do_center_crop": True,
            "do_normalize": True,
            "do_resize": True,
            "image_mean": [0.48145466, 0.4578275, 0.40821073],
            "image_std": [0.26862954, 0.26130258, 0.27577711],
            "resample": 3,
            "size": 32,
        },
    )
    return model


def siglip(folder: Path, version: int = 1) -> SiglipModel | Siglip2Model:
    """SigLIP for pictures of 32 × 32, or SigLIP 2 NaFlex for 16 patches of 8 × 8; dimension 16."""
    made = tokenizer(["<unk>", "<pad>"], [], "</s>")
    text = _SMALL | {"vocab_size": made.get_vocab_size(), "max_position_embeddings": LENGTH, "projection_size": 16}
    processor: dict[str, object] = {
        "do_normalize": True,
        "do_rescale": True,
        "do_resize": True,
        "image_mean": [0.5, 0.5, 0.5],
        "image_std": [0.5, 0.5, 0.5],
        "rescale_factor": 1 / 255,
    }
    if version == 1:
        vision = _SMALL | {"image_size": 32, "patch_size": 8}
        model = lively(SiglipModel(SiglipConfig(text_config=text, vision_config=vision)))
        processor |= {"resample": 3, "size": {"height": 32, "width": 32}}
    else:
        vision = _SMALL | {"num_patches": 16, "patch_size": 8}
        model = lively(Siglip2Model(Siglip2Config(text_config=text, vision_config=vision)))
        processor |= {"resample": 2, "patch_size": 8, "max_num_patches": 16}
    folder.mkdir(exist_ok=True)
    model.save_pretrained(folder)
    made.save(str(folder / "tokenizer.json"))
    put(folder, "tokenizer_config.json", {"pad_token": {"content": "<pad>"}, "tokenizer_class": "SiglipTokenizer"})
    put(folder, "preprocessor_config.json", processor)
    return model


def detector(folder: Path, kind: str) -> RTDetrV2ForObjectDetection | DFineForObjectDetection:
    """A detector of ``rt_detr_v2`` or ``d_fine`` for pictures of 64 × 64, with 20 queries and five labels."""
    backbone = RTDetrResNetConfig(
        embedding_size=8, hidden_sizes=[8, 8, 16, 16], depths=[1, 1, 1, 1], layer_type="basic", out_indices=[2, 3, 4]
    )
    common: dict[str, Any] = {
        "backbone_config": backbone,
        "encoder_hidden_dim": 16,
        "encoder_in_channels": [8, 16, 16],
        "encoder_ffn_dim": 24,
        "encoder_attention_heads": 2,
        "d_model": 16,
        "num_queries": 20,
        "decoder_in_channels": [16, 16, 16],
        "decoder_ffn_dim": 24,
        "decoder_layers": 2,
        "decoder_attention_heads": 2,
        "id2label": {0: "person", 1: "motorbike", 2: "LABEL_2", 3: "Sofa", 4: "hair drier"},
    }
    if kind == "rt_detr_v2":
        model = RTDetrV2ForObjectDetection(RTDetrV2Config(**common))
    else:
        model = DFineForObjectDetection(DFineConfig(**common))
    lively(model, 0.2).save_pretrained(folder)  # from 0.3 on D-FINE makes much of the last bits of its input
    put(
        folder,
        "preprocessor_config.json",
        {
            "do_normalize": False,
            "do_pad": False,
            "do_rescale": True,
            "do_resize": True,
            "image_mean": [0.485, 0.456, 0.406],
            "image_std": [0.229, 0.224, 0.225],
            "resample": 2,
            "rescale_factor": 1 / 255,
            "size": {"height": 64, "width": 64},
        },
    )
    return model


BLIP_WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "picture", "of", "dog", "cat", "red", "bus"]
"""vocab.txt of the tiny BLIPs; [DEC] and [ENC] come behind."""


def blip(folder: Path, kind: type[BlipForConditionalGeneration] | type[BlipForImageTextRetrieval]) -> Any:
    """A BLIP for pictures of 8 × 8 as the hub has it, its weights both as safetensors and as PyTorch's file."""
    end = len(BLIP_WORDS)
    config = BlipConfig(
        text_config={
            "vocab_size": end + 2,
            "hidden_size": 12,
            "encoder_hidden_size": 8,
            "intermediate_size": 24,
            "num_hidden_layers": 2,
            "num_attention_heads": 3,
            "max_position_embeddings": 32,
            "bos_token_id": end,
            "sep_token_id": 3,
            "eos_token_id": 3,
            "pad_token_id": 0,
        },
        vision_config={
            "hidden_size": 8,
            "intermediate_size": 32,
            "num_hidden_layers": 1,
            "num_attention_heads": 2,
            "image_size": 8,
            "patch_size": 4,
            "layer_norm_eps": 1e-6,
        },
        image_text_hidden_size=6,
    )
    model = lively(kind(config), 0.5)
    folder.mkdir(exist_ok=True)
    model.save_pretrained(folder)
    torch.save(model.state_dict(), folder / "pytorch_model.bin")
    (folder / "vocab.txt").write_text("\n".join(BLIP_WORDS) + "\n", encoding="utf-8")
    return model

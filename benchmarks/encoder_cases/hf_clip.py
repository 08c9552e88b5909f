"""The Hugging Face adapters for CLIP and SigLIP, from frames and texts to vectors, against transformers' processors.

transformers has two image processors; the one on torchvision cannot be imported without it, so the one on Pillow it is.
"""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.encoder_cases.case import Case, Setting, Side

_PICTURES, _TEXTS = (8, 64), (16, 256)  # on a CPU, on a GPU
_LENGTHS = {"clip": 77, "siglip": 64}
_DIMS = {"clip": 512, "siglip": 768}
_WORDS = ["a", "photo", "of", "cat", "dog", "red", "bus", "on", "the", "street"]


def _tokenizer(size: int) -> Any:
    """One token per word, padded to the official size of the vocabulary; CLIP's end token has the highest number."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors

    words = ["<pad>", *_WORDS]
    words += [f"w{number}" for number in range(size - len(words) - 1)] + ["</s>"]
    made = Tokenizer(models.WordLevel({word: number for number, word in enumerate(words)}, unk_token="w0"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    made.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", size - 1)])
    return made


def _prepare(folder: Path, kind: str) -> None:
    from transformers import CLIPConfig, CLIPModel, SiglipConfig, SiglipModel

    from benchmarks.encoder_cases.folders import keep

    processor = {"do_resize": True, "do_rescale": True, "rescale_factor": 1 / 255, "do_normalize": True, "resample": 3}
    if kind == "clip":
        end = 49_407
        network: Any = CLIPModel(CLIPConfig(text_config={"eos_token_id": end, "bos_token_id": end, "pad_token_id": 0}))
        processor |= {"size": {"shortest_edge": 224}, "crop_size": {"height": 224, "width": 224}}
        processor |= {"do_center_crop": True, "image_mean": [0.48, 0.46, 0.41], "image_std": [0.27, 0.26, 0.28]}
    else:
        network = SiglipModel(SiglipConfig())
        processor |= {"size": {"height": 224, "width": 224}, "image_mean": [0.5] * 3, "image_std": [0.5] * 3}
    keep(folder, network, processor)
    _tokenizer(network.config.text_config.vocab_size).save(str(folder / "tokenizer.json"))
    (folder / "tokenizer_config.json").write_text(json.dumps({"pad_token": "<pad>"}), encoding="utf-8")


def _texts(setting: Setting) -> list[str]:
    """Texts of 8 to 23 words."""
    return [
        " ".join((_WORDS * 3)[number % 5 : number % 5 + 8 + number % 16]) for number in range(setting.count(*_TEXTS))
    ]


def _ours(setting: Setting, kind: str, what: str) -> Side:
    import torch

    from benchmarks.encoder_cases import networks
    from benchmarks.encoder_cases.folders import context
    from encoders.adapters.hf_clip import load

    encoder = load(context(setting, "image", "encoders.adapters.hf_clip:load", _DIMS[kind]))
    network: Any = encoder._network
    if what == "texts":
        texts = _texts(setting)
        ids = torch.from_numpy(encoder._texts.numbers(texts)).to(setting.device)
        bare = partial(networks.compiled, lambda: network.get_text_features(input_ids=ids).pooler_output)
        return Side(lambda: encoder.encode_passages(texts), networks.as_numbers, len(texts), bare)
    frames = networks.frames(setting.count(*_PICTURES))
    given = encoder._pixels(frames)
    bare = partial(networks.compiled, lambda: network.get_image_features(**given).pooler_output)
    return Side(lambda: encoder.encode(frames).vectors, networks.as_numbers, len(frames), bare)


def _theirs(setting: Setting, kind: str, what: str) -> Side:
    import torch
    from torch.nn.functional import normalize
    from transformers import AutoModel, PreTrainedTokenizerFast

    from benchmarks.encoder_cases import networks
    from encoders.runtime.device import chosen_dtype

    dtype = chosen_dtype(setting.device)
    network = AutoModel.from_pretrained(setting.folder, dtype=dtype).eval().to(setting.device)
    if what == "texts":
        texts = _texts(setting)
        tokenizer = PreTrainedTokenizerFast(
            tokenizer_file=str(setting.folder / "tokenizer.json"),
            pad_token="</s>" if kind == "clip" else "<pad>",
            model_max_length=_LENGTHS[kind],
            model_input_names=["input_ids"],
        )
        padding = True if kind == "clip" else "max_length"

        def run() -> Any:
            ids = tokenizer(texts, padding=padding, truncation=True, return_tensors="pt").input_ids
            with torch.inference_mode():
                return normalize(network.get_text_features(input_ids=ids.to(setting.device)).pooler_output, dim=-1)

        return Side(run, networks.as_numbers, len(texts))
    processor = _processor(kind).from_pretrained(setting.folder)
    frames = list(networks.frames(setting.count(*_PICTURES)))

    def look() -> Any:
        pixels = processor(frames, return_tensors="pt").pixel_values
        with torch.inference_mode():
            seen = network.get_image_features(pixel_values=pixels.to(setting.device, dtype))
            return normalize(seen.pooler_output, dim=-1)

    return Side(look, networks.as_numbers, len(frames))


def _processor(kind: str) -> Any:
    if kind == "clip":
        from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

        return CLIPImageProcessorPil
    from transformers.models.siglip.image_processing_pil_siglip import SiglipImageProcessorPil

    return SiglipImageProcessorPil


CASES = tuple(
    Case(
        f"hf-{kind}-{what}",
        "hf_clip",
        f"transformers {model} and its {'Pillow image processor' if what == 'pictures' else 'tokenizer'}",
        what,
        partial(_ours, kind=kind, what=what),
        partial(_theirs, kind=kind, what=what),
        prepare=partial(_prepare, kind=kind),
    )
    for kind, model in (("clip", "CLIPModel"), ("siglip", "SiglipModel"))
    for what in ("pictures", "texts")
)

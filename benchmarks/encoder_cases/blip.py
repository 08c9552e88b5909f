"""BLIP base: vectors, matching and captions against transformers' Blip models."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from benchmarks.encoder_cases.case import Case, Setting, Side

if TYPE_CHECKING:
    from torch import Tensor

_SIZE, _LENGTH, _PADDING = 384, 35, 10
_PAIRS = (1, 64)  # on a CPU, on a GPU
# Of the official model (models/vit.py, configs/med_config.json); transformers' defaults are 1e-5 and 8.
_EPSILON, _HEADS = 1e-6, 12
_PROMPT = (30_522, 1037, 3861, 1997)  # [DEC] a picture of
_SEP = 102
_LONGEST, _SHORTEST = 20, 5  # encoders.blip.generation.GenerationConfig
# transformers' names, as salesforce/BLIP calls them.
_NAMES = (
    (r"^vision_model\.embeddings\.class_embedding", "visual_encoder.cls_token"),
    (r"^vision_model\.embeddings\.position_embedding", "visual_encoder.pos_embed"),
    (r"^vision_model\.embeddings\.patch_embedding", "visual_encoder.patch_embed.proj"),
    (r"^vision_model\.post_layernorm", "visual_encoder.norm"),
    (r"^vision_model\.encoder\.layers", "visual_encoder.blocks"),
    (r"self_attn\.projection", "attn.proj"),
    (r"self_attn\.", "attn."),
    (r"layer_norm(\d)", r"norm\1"),
)


def _words(setting: Setting) -> tuple[Tensor, Tensor]:
    """Ids and mask of texts that end in padding, one for each picture."""
    import torch

    count = setting.count(*_PAIRS)
    ids = torch.randint(1000, 30_000, (count, _LENGTH), generator=torch.Generator().manual_seed(0))
    mask = torch.ones_like(ids)
    ids[:, -_PADDING:], mask[:, -_PADDING:] = 0, 0
    return ids.to(setting.device), mask.to(setting.device)


def _pictures(setting: Setting) -> Tensor:
    from benchmarks.encoder_cases.networks import noise

    return noise(setting, setting.count(*_PAIRS), 3, _SIZE, _SIZE)


def _reference(kind: str, setting: Setting) -> Any:
    import transformers

    from benchmarks.encoder_cases.networks import placed
    from benchmarks.encoder_cases.weights import fill, under_other_names

    config = transformers.BlipConfig(
        vision_config={"layer_norm_eps": _EPSILON}, text_config={"num_attention_heads": _HEADS}
    )
    return placed(fill(getattr(transformers, kind)(config), under_other_names(_NAMES)), setting)


def _ours_retrieval(setting: Setting, matching: bool) -> Side:
    from benchmarks.encoder_cases import networks
    from benchmarks.encoder_cases.weights import fill
    from encoders.reference.blip.retrieval import BlipConfig, BlipRetrieval

    # transformers leaves [CLS] where pairs are matched, as the official blip_itm.py does.
    model = networks.placed(fill(BlipRetrieval(BlipConfig(replace_cls=False))), setting)
    pixels, (ids, mask) = _pictures(setting), _words(setting)

    def match() -> Tensor:
        return model.match_logits(model.picture_tokens(pixels), ids, mask)

    def compare() -> Tensor:
        return model.picture_vectors(model.picture_tokens(pixels)) @ model.text_vectors(ids, mask).T

    return networks.side(match if matching else compare, len(pixels))


def _their_retrieval(setting: Setting, matching: bool) -> Side:
    import torch

    from benchmarks.encoder_cases import networks

    model = _reference("BlipForImageTextRetrieval", setting)
    pixels, (ids, mask) = _pictures(setting), _words(setting)

    def score() -> Tensor:
        with torch.device(setting.device):  # it makes a mask wherever tensors are made
            return model(input_ids=ids, pixel_values=pixels, attention_mask=mask, use_itm_head=matching).itm_score

    return networks.side(score, len(pixels))


def _our_captions(setting: Setting, beams: int) -> Side:
    import torch

    from benchmarks.encoder_cases import networks
    from benchmarks.encoder_cases.weights import fill
    from encoders.reference.blip.decoder import BlipDecoder, DecoderConfig
    from encoders.reference.blip.generation import GenerationConfig

    model = networks.placed(fill(BlipDecoder(DecoderConfig())), setting)
    pixels, prompt = _pictures(setting), torch.tensor(_PROMPT, device=setting.device)
    # With more beams than one, transformers counts other tokens for the penalty than the official code did.
    config = GenerationConfig(max_length=_LONGEST, min_length=_SHORTEST, beams=beams, length_penalty=0.0)
    return _captions(lambda: model.generate(model.visual_encoder(pixels), prompt, config), len(pixels))


def _their_captions(setting: Setting, beams: int) -> Side:
    import torch

    model = _reference("BlipForConditionalGeneration", setting)
    pixels = _pictures(setting)
    prompt = torch.tensor([[*_PROMPT, _SEP]] * len(pixels), device=setting.device)
    options = {"max_length": _LONGEST, "min_length": _SHORTEST, "num_beams": beams, "do_sample": False}
    if beams > 1:
        options["length_penalty"] = 0.0
    return _captions(lambda: model.generate(pixel_values=pixels, input_ids=prompt.clone(), **options), len(pixels))


def _captions(call: Any, count: int) -> Side:
    """A side of token ids; compiling a loop of this kind is not what a bare forward is."""
    import torch

    from benchmarks.encoder_cases.networks import as_numbers

    def run() -> Tensor:
        with torch.inference_mode():
            ids: Tensor = call()
            return ids

    return Side(run, as_numbers, count)


CASES = (
    Case(
        "blip-itc",
        "blip",
        "transformers BlipForImageTextRetrieval",
        "pairs",
        lambda setting: _ours_retrieval(setting, False),
        lambda setting: _their_retrieval(setting, False),
    ),
    Case(
        "blip-itm",
        "blip",
        "transformers BlipForImageTextRetrieval",
        "pairs",
        lambda setting: _ours_retrieval(setting, True),
        lambda setting: _their_retrieval(setting, True),
    ),
    *(
        Case(
            name,
            "blip",
            "transformers BlipForConditionalGeneration",
            "captions",
            partial(_our_captions, beams=beams),
            partial(_their_captions, beams=beams),
            tolerance=0,  # token numbers are equal or not
        )
        for name, beams in (("blip-captioner", 1), ("blip-captioner-3-beams", 3))
    ),
)

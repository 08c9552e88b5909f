"""Tensors of BLIP's checkpoints on the Hugging Face hub in the official names.

Source: transformers, models/blip/convert_blip_original_pytorch_to_hf.py, read backwards: only the picture side was
renamed. Files of safetensors leave out what is tied to another tensor; it is put back.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from torch import Tensor

_RENAMED = (
    (r"vision_model\.embeddings\.class_embedding$", "visual_encoder.cls_token"),
    (r"vision_model\.embeddings\.position_embedding$", "visual_encoder.pos_embed"),
    (r"vision_model\.embeddings\.patch_embedding\.", "visual_encoder.patch_embed.proj."),
    (r"vision_model\.post_layernorm\.", "visual_encoder.norm."),
    (r"vision_model\.encoder\.layers\.(\d+)\.self_attn\.projection\.", r"visual_encoder.blocks.\1.attn.proj."),
    (r"vision_model\.encoder\.layers\.(\d+)\.self_attn\.qkv\.", r"visual_encoder.blocks.\1.attn.qkv."),
    (r"vision_model\.encoder\.layers\.(\d+)\.layer_norm(\d)\.", r"visual_encoder.blocks.\1.norm\2."),
    (r"vision_model\.encoder\.layers\.(\d+)\.mlp\.", r"visual_encoder.blocks.\1.mlp."),
)
_TIED = (
    ("text_decoder.cls.predictions.decoder.weight", "text_decoder.bert.embeddings.word_embeddings.weight"),
    ("text_decoder.cls.predictions.decoder.bias", "text_decoder.cls.predictions.bias"),
)


def official_names(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors of a checkpoint of the hub in the official names; one in these names already stays what it is."""
    if not any(name.startswith("vision_model.") for name in state):
        return dict(state)
    renamed = {_official(name): tensor for name, tensor in state.items()}
    for tied, source in _TIED:
        if tied not in renamed and source in renamed:
            renamed[tied] = renamed[source]
    return renamed


def _official(name: str) -> str:
    for pattern, replacement in _RENAMED:
        renamed, count = re.subn(f"^{pattern}", replacement, name)
        if count:
            return renamed
    return name

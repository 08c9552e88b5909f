"""Official Video-LLaVA checkpoints: towers and projector out of files that also hold the language model.

Source: LanguageBind/Video-LLaVA-7B and LanguageBind/Video-LLaVA-7B-hf on the Hugging Face hub.
"""

from __future__ import annotations

import re
from pathlib import Path

from encoders.reference.video_llava.model import VideoLlava, VideoLlavaConfig
from encoders.registry.checkpoints import load_strictly, read_checkpoint

_OTHERS = (r"(model\.)?(language_model|embed_tokens|layers|norm)\..*", r"lm_head\..*", r".*\.position_ids")
_HF_PROJECTOR = {
    "multi_modal_projector.linear_1.": "mm_projector.0.",
    "multi_modal_projector.linear_2.": "mm_projector.2.",
}
_TOWER = re.compile(r"(image|video)_tower\.(?:\1_tower|vision_model)\.")


def load_video_llava(path: Path, config: VideoLlavaConfig) -> VideoLlava:
    """Towers and projector, in eval mode, without gradients, float32.

    Args:
        path: a file, or a folder of shards, in the names of the original code or of the transformers library, for
            which `hf_config` gives the sizes. What belongs to the language model is left out.

    Raises:
        WeightsError: ``missing`` without the file; ``corrupt`` if tensors are missing, extra or misshapen.
    """
    model = VideoLlava(config)
    load_strictly(model, read_checkpoint(path), str(path), rename=_renamed, ignore=_OTHERS)
    return model.requires_grad_(False).eval()


def _renamed(name: str) -> str:
    name = name.removeprefix("model.")
    for theirs, ours in _HF_PROJECTOR.items():
        if name.startswith(theirs):
            return ours + name.removeprefix(theirs)
    return _TOWER.sub(r"\1_tower.", name, count=1)

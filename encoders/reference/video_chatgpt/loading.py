"""Official Video-ChatGPT checkpoints: the projector, and the embeddings of the placeholder tokens beside it."""

from __future__ import annotations

from pathlib import Path

from torch import Tensor

from encoders.reference.video_chatgpt.model import VideoChatGPT, VideoChatGPTConfig
from encoders.registry.checkpoints import load_strictly, read_checkpoint

_EMBEDDINGS = "model.embed_tokens.weight"
_OTHERS = (r"(model\.)?(vision_tower|embed_tokens|layers|norm)\..*", r"lm_head\..*")


def load_video_chatgpt(path: Path, config: VideoChatGPTConfig) -> VideoChatGPT:
    """The projector of a checkpoint, in eval mode, without gradients, float32.

    Args:
        path: the projection file, or a file or a folder of shards of the whole model (names begin with
            ``model.``). What belongs to the language model is left out.

    Raises:
        WeightsError: ``missing`` without the file; ``corrupt`` if tensors are missing, extra or misshapen.
    """
    model = VideoChatGPT(config)
    load_strictly(
        model,
        read_checkpoint(path),
        str(path),
        rename=lambda name: name.removeprefix("model."),
        ignore=_OTHERS,
    )
    return model.requires_grad_(False).eval()


def stored_embeddings(path: Path) -> Tensor | None:
    """The token embeddings (v, h) in a projection file, which replace the language model's; None without.

    They hold the trained ``<vid_start>`` and ``<vid_end>``; some files have the whole vocabulary, some those two rows.

    Raises:
        WeightsError: ``missing`` without the file; ``corrupt`` if it holds no tensors.
    """
    return read_checkpoint(path).get(_EMBEDDINGS)

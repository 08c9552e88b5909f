"""CLIP4Clip by the name of its head, and its official checkpoints."""

from __future__ import annotations

from pathlib import Path

from encoders.reference.clip4clip.base import Clip4Clip, Clip4ClipConfig, Head
from encoders.reference.clip4clip.lstm import LstmClip4Clip
from encoders.reference.clip4clip.mean import MeanClip4Clip
from encoders.reference.clip4clip.tight import TightClip4Clip
from encoders.reference.clip4clip.transformer import TransformerClip4Clip
from encoders.registry.checkpoints import load_strictly, read_checkpoint

_HEADS: dict[Head, type[Clip4Clip]] = {
    "meanP": MeanClip4Clip,
    "seqTransf": TransformerClip4Clip,
    "seqLSTM": LstmClip4Clip,
    "tightTransf": TightClip4Clip,
}


def clip4clip(config: Clip4ClipConfig) -> Clip4Clip:
    """The model with the head that ``config`` names, weights at random.

    Raises:
        ValueError: if there is no such head.
    """
    if config.head not in _HEADS:
        raise ValueError(f"there is no head {config.head!r}, only {', '.join(_HEADS)}")
    return _HEADS[config.head](config)


def load_clip4clip(path: Path, config: Clip4ClipConfig) -> Clip4Clip:
    """The model with an official checkpoint's weights (``pytorch_model.bin.N``: CLIP in half precision, heads in full).

    The model is in float32 and eval mode, without gradients.

    Raises:
        ValueError: if the configuration is impossible.
        WeightsError: ``missing`` if there is no such file; ``corrupt`` if it is not this model, naming the tensors.
    """
    model = clip4clip(config)
    load_strictly(model, read_checkpoint(path), str(path))
    model.requires_grad_(False)
    return model.eval()

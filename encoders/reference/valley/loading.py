"""Official VALLEY checkpoints: the front end out of a file that also holds vision tower and language model."""

from __future__ import annotations

from pathlib import Path

from encoders.reference.valley.model import Valley, ValleyConfig
from encoders.registry.checkpoints import load_strictly, read_checkpoint

ORPHANS = (r"(model\.)?transforemr_adding_layer\..*",)
"""Tensors of v3 checkpoints that the official forward never uses: the layer that the encoder copied when it was made.

Source: official code RupertLuo/Valley, valley/model/valley_model.py; the misspelling is theirs.
"""

_OTHERS = (r"(model\.)?(vision_tower|embed_tokens|layers|norm)\..*", r"lm_head\..*")


def load_valley(path: Path, config: ValleyConfig) -> Valley:
    """Projector and pooling of a checkpoint, in eval mode, without gradients, float32.

    Args:
        path: a file, or a folder of shards, of the whole model (names begin with ``model.``) or of its
            projector and pooling alone. What belongs to the vision tower and the language model is left out.

    Raises:
        WeightsError: ``missing`` without the file; ``corrupt`` if tensors are missing, extra or misshapen.
    """
    model = Valley(config)
    load_strictly(
        model,
        read_checkpoint(path),
        str(path),
        rename=lambda name: name.removeprefix("model."),
        ignore=(*ORPHANS, *_OTHERS),
    )
    return model.requires_grad_(False).eval()

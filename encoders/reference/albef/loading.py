"""Official ALBEF checkpoints.

Source: official code salesforce/ALBEF, Retrieval.py: weights lie under ``model``; those of pre-training put the text
encoder below ``text_encoder.bert.`` and have a language head beside it.
"""

from __future__ import annotations

from pathlib import Path

from encoders.reference.albef.model import Albef, AlbefConfig
from encoders.reference.blip.vit import fitted
from encoders.registry.checkpoints import load_strictly, read_checkpoint

_TRAINING = (
    r"(visual_encoder|text_encoder|vision_proj|text_proj)_m\..*",
    r"(image|text|idx)_queue|queue_ptr|temp",
    r".*\.position_ids",
    r"text_encoder\.cls\..*",
)
_BERT = "text_encoder.bert."


def load_albef(path: Path, config: AlbefConfig) -> Albef:
    """The model with an official checkpoint's weights (pre-training or retrieval), in eval mode, without gradients.

    Positions are resized to the pictures of ``config``.

    Raises:
        WeightsError: ``missing`` if there is no such file; ``corrupt`` if it is not this model, naming the tensors.
    """
    model = Albef(config)
    state = fitted(read_checkpoint(path), config.vision, str(path))
    load_strictly(model, state, str(path), rename=_renamed, ignore=_TRAINING)
    model.requires_grad_(False)
    return model.eval()


def _renamed(name: str) -> str:
    return f"text_encoder.{name.removeprefix(_BERT)}" if name.startswith(_BERT) else name

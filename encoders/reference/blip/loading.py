"""BLIP checkpoints: the official ones, and those of the Hugging Face hub.

Source: official code salesforce/BLIP: files hold the weights under ``model``. The official loader drops every tensor
of another shape in silence; here only what inference does not need is left, the rest must fit.
"""

from __future__ import annotations

from pathlib import Path

from encoders.reference.blip.decoder import BlipDecoder, DecoderConfig
from encoders.reference.blip.names import official_names
from encoders.reference.blip.retrieval import BlipConfig, BlipRetrieval
from encoders.reference.blip.vit import fitted
from encoders.registry.checkpoints import load_strictly, read_checkpoint

TRAINING = (
    r"(visual_encoder|text_encoder|vision_proj|text_proj)_m\..*",
    r"(image|text|idx|ptr)_queue|queue_ptr|ptr_queue|temp",
    r".*\.position_ids",
)
"""What only training needs: momentum copies, queues and their pointers, temperature; and recomputed indices."""

_DECODER = (r"text_decoder\..*",)
_ENCODER = (r"text_encoder\..*", r"(vision_proj|text_proj|itm_head)\..*")


def load_blip_retrieval(path: Path, config: BlipConfig) -> BlipRetrieval:
    """The retrieval model with a checkpoint's weights, in eval mode, without gradients.

    Checkpoints of retrieval (``model_base_retrieval_coco.pth``) and of pre-training (``model_base.pth``, whose decoder
    is left) fit. Positions are resized to the pictures of ``config``.

    Raises:
        WeightsError: ``missing`` if there is no such file; ``corrupt`` if it is not this model, naming the tensors.
    """
    model = BlipRetrieval(config)
    state = fitted(official_names(read_checkpoint(path)), config.vision, str(path))
    load_strictly(model, state, str(path), ignore=(*TRAINING, *_DECODER))
    model.requires_grad_(False)
    return model.eval()


def load_blip_decoder(path: Path, config: DecoderConfig) -> BlipDecoder:
    """The captioning model with a checkpoint's weights, in eval mode, without gradients.

    Checkpoints of captioning (``model_base_capfilt_large.pth``, ``model_base_caption.pth``) and of pre-training fit.

    Raises:
        WeightsError: ``missing`` if there is no such file; ``corrupt`` if it is not this model, naming the tensors.
    """
    model = BlipDecoder(config)
    state = fitted(official_names(read_checkpoint(path)), config.vision, str(path))
    load_strictly(model, state, str(path), ignore=(*TRAINING, *_ENCODER))
    model.requires_grad_(False)
    return model.eval()

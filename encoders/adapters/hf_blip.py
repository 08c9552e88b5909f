"""Does a text describe a picture, and what would describe it: BLIP's matching head and captioner, from its files.

The networks are `encoders.reference.blip`; here they are put together from what the registry names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from encoders.reference.blip.captioning import Captioner
from encoders.reference.blip.decoder import DecoderConfig
from encoders.reference.blip.generation import GenerationConfig
from encoders.reference.blip.loading import load_blip_decoder, load_blip_retrieval
from encoders.reference.blip.med import MedConfig
from encoders.reference.blip.preprocessing import preprocess
from encoders.reference.blip.retrieval import BlipConfig, BlipRetrieval
from encoders.reference.blip.text import BlipTokenizer
from encoders.reference.blip.vit import VitConfig
from encoders.runtime.device import BatchSize, batched
from encoders.types import Pixels, WeightsError

if TYPE_CHECKING:
    from encoders.registry.loading import LoadContext

VISIONS: Mapping[str, VitConfig] = {
    "base": VitConfig(),
    "large": VitConfig(embed_dim=1024, depth=24, num_heads=16),
}
"""Sizes of the picture side. Source: official code salesforce/BLIP, models/blip.py, create_vit."""
TEXT = MedConfig()
"""Sizes of the text side, the same in all official checkpoints (configs/med_config.json)."""
EMBED_DIM = 256
"""Width of the vectors beside the matching head (official code, models/blip_retrieval.py)."""

# Pictures of one forward pass to begin with, as in encoders/adapters/hf_clip.py.
_BATCH = {"cpu": 1, "cuda": 16}


class BlipMatcher:
    """How likely a text describes each of some pictures, looking at both at once: for the best few of a search.

    Args:
        model: in eval mode.
        size: side of the square that pictures are made.
    """

    def __init__(self, model: BlipRetrieval, tokenizer: BlipTokenizer, size: int, name: str, batch: BatchSize) -> None:
        self._model = model
        self._device = next(model.parameters()).device
        self._tokenizer = tokenizer
        self._size = size
        self._name = name
        self._batch = batch

    @property
    def name(self) -> str:
        """Name in the registry."""
        return self._name

    def match(self, pixels: Pixels, texts: Sequence[str]) -> NDArray[np.float32]:
        """Probabilities (n, t) float32 that each of t texts describes each of the pictures (n, h, w, 3) uint8.

        Raises:
            ValueError: if ``pixels`` has another type or shape, or a text is empty.
            MemoryError: if there is not even memory for one picture.
        """
        if not all(text.strip() for text in texts):
            raise ValueError("an empty text describes nothing")
        encoded = [self._tokenizer.encode([text]) for text in texts]
        words = [(each.ids.to(self._device), each.mask.to(self._device)) for each in encoded]

        def probabilities(start: int, end: int) -> NDArray[np.float32]:
            found = np.empty((end - start, len(words)), np.float32)
            with torch.inference_mode():
                tokens = self._model.picture_tokens(preprocess(pixels[start:end], self._size).to(self._device))
                for column, (ids, mask) in enumerate(words):
                    logits = self._model.match_logits(tokens, ids.expand(len(tokens), -1), mask.expand(len(tokens), -1))
                    found[:, column] = torch.softmax(logits.float(), dim=1)[:, 1].cpu().numpy()
            return found

        preprocess(pixels[:0], self._size)  # says what is wrong with pixels of another kind, also with none of them
        none = np.zeros((0, len(words)), np.float32)
        return np.concatenate([none, *batched(probabilities, len(pixels), self._batch)])


class BlipCaptioner:
    """One English sentence for each picture; the same picture always gets the same.

    Args:
        captioner: drawing nothing by chance.
        device: where its network is.
        size: side of the square that pictures are made.
    """

    def __init__(self, captioner: Captioner, device: str, size: int, name: str, batch: BatchSize) -> None:
        self._captioner = captioner
        self._device = device
        self._size = size
        self._name = name
        self._batch = batch

    @property
    def name(self) -> str:
        """Name in the registry."""
        return self._name

    def caption(self, pixels: Pixels) -> list[str]:
        """Captions of pictures (n, h, w, 3) uint8, without the prompt they begin with.

        Raises:
            ValueError: if ``pixels`` has another type or shape.
            MemoryError: if there is not even memory for one picture.
        """

        def captions(start: int, end: int) -> list[str]:
            return self._captioner.caption(preprocess(pixels[start:end], self._size).to(self._device))

        preprocess(pixels[:0], self._size)
        return [caption for batch in batched(captions, len(pixels), self._batch) for caption in batch]


def load_matcher(context: LoadContext) -> BlipMatcher:
    """BLIP's matching head from the roles ``weights`` (official, or of the hub) and ``vocabulary`` (BERT's).

    The registry entry's ``preprocessing`` may hold ``vision`` (a key of `VISIONS`; base), ``size`` (side of pictures;
    384) and ``batch`` (pictures at a time).

    Raises:
        WeightsError: ``missing`` if a role or file is not there; ``corrupt``, naming the tensors, if they do not fit,
            or if an option is not of its kind.
    """
    vision, batch = _options(context)
    tokenizer = BlipTokenizer(_path(context, "vocabulary"))
    text = replace(TEXT, vocab_size=tokenizer.size, encoder_width=vision.embed_dim)
    config = BlipConfig(vision, text, embed_dim=EMBED_DIM, enc_token=tokenizer.enc)
    torch.set_num_threads(context.threads)
    model = load_blip_retrieval(_path(context, "weights"), config).to(context.device)
    return BlipMatcher(model, tokenizer, vision.img_size, context.spec.name, batch)


def load_captioner(context: LoadContext) -> BlipCaptioner:
    """BLIP's captioner from the roles ``weights`` and ``vocabulary``.

    Options are those of `load_matcher` and ``beams`` (`encoders.reference.blip.beams`; 1, the likeliest token each
    time).

    Raises:
        WeightsError: as `load_matcher`.
    """
    vision, batch = _options(context)
    tokenizer = BlipTokenizer(_path(context, "vocabulary"))
    text = replace(TEXT, vocab_size=tokenizer.size, encoder_width=vision.embed_dim)
    config = DecoderConfig(vision, text, dec_token=tokenizer.dec, end_token=tokenizer.end)
    torch.set_num_threads(context.threads)
    beams = context.spec.preprocessing.get("beams", 1)
    if not isinstance(beams, int) or beams < 1:
        raise WeightsError("corrupt", f"{context.spec.name}: beams must be 1 or more, not {beams!r}.")
    decoder = load_blip_decoder(_path(context, "weights"), config).to(context.device)
    captioner = Captioner(decoder, tokenizer, GenerationConfig(beams=beams))
    return BlipCaptioner(captioner, context.device, vision.img_size, context.spec.name, batch)


def _options(context: LoadContext) -> tuple[VitConfig, BatchSize]:
    options, name = context.spec.preprocessing, context.spec.name
    vision, batch = options.get("vision", "base"), options.get("batch", _BATCH.get(context.device, _BATCH["cpu"]))
    if vision not in VISIONS:
        raise WeightsError("corrupt", f"{name}: vision must be {' or '.join(VISIONS)}, not {vision!r}.")
    chosen = VISIONS[str(vision)]
    size = options.get("size", chosen.img_size)
    if not isinstance(size, int) or size < 1 or size % chosen.patch_size or not isinstance(batch, int) or batch < 1:
        raise WeightsError("corrupt", f"{name}: size must be a multiple of {chosen.patch_size} and batch at least 1.")
    return replace(chosen, img_size=size), BatchSize(batch)


def _path(context: LoadContext, role: str) -> Path:
    if role not in context.paths:
        raise WeightsError("missing", f"The registry names no {role} for {context.spec.name}.")
    return context.paths[role]

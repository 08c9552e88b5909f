"""LanguageBind's picture tower and text tower as encoders of the registry, out of the official folders."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from encoders.reference.languagebind.loading import load_languagebind
from encoders.reference.languagebind.model import LanguageBindModel
from encoders.reference.languagebind.preprocessing import image
from encoders.reference.languagebind.tokenizer import TextTokenizer
from encoders.registry.hf_folder import model_folder
from encoders.runtime.device import BatchSize, batched, chosen_dtype
from encoders.texts import clean_texts
from encoders.types import PictureFeatures, Pixels, Vectors, WeightsError, check_frames
from encoders.vectors import unit

if TYPE_CHECKING:
    from encoders.registry.loading import LoadContext

# Inputs of one forward pass to begin with, as in encoders/adapters/hf_clip.py.
_BATCH = {"cpu": 2, "cuda": 32}


class LanguageBindEncoder:
    """Image and text encoder of one space.

    Args:
        model: of images, in eval mode, on its device.
        batch: inputs of one forward pass.
    """

    def __init__(self, model: LanguageBindModel, tokenizer: TextTokenizer, name: str, batch: BatchSize) -> None:
        self._model = model
        self._parameter = next(model.parameters())
        self._tokenizer = tokenizer
        self._name = name
        self._batch = batch

    @property
    def name(self) -> str:
        """Name in the registry."""
        return self._name

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return self._model.config.projection_dim

    @property
    def scale(self) -> float:
        """What cosines were multiplied with in training."""
        return float(self._model.logit_scale.detach().float().exp())

    def encode(self, frames: Pixels) -> PictureFeatures:
        """Vectors (n, dim) of n frames; the visual features are the same vectors, and there are no classes.

        Raises:
            ValueError: if ``frames`` is not uint8 of shape (n, h, w, 3) with h, w > 0.
            MemoryError: if there is not even memory for one frame.
        """
        check_frames(frames)

        def vectors(start: int, end: int) -> Vectors:
            with torch.inference_mode():
                return _numbers(self._model.encode_pixels(image(frames[start:end]).to(self._parameter)))

        found = self._joined(batched(vectors, len(frames), self._batch))
        return PictureFeatures(found, np.zeros((len(frames), 0), np.float32), found)

    def encode_sequence(self, frames: Pixels) -> PictureFeatures:
        """The same; that frames follow each other saves nothing here.

        Raises:
            ValueError, MemoryError: as `encode`.
        """
        return self.encode(frames)

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Unit rows (n, dim) float32 of texts; what the network has no positions for is cut off.

        Raises:
            ValueError: if a text is empty.
            MemoryError: as `encode`.
        """
        clean = clean_texts(texts)

        def vectors(start: int, end: int) -> Vectors:
            ids, mask = self._tokenizer(clean[start:end])
            device = self._parameter.device
            with torch.inference_mode():
                return _numbers(self._model.encode_text(ids.to(device), mask.to(device)))

        return self._joined(batched(vectors, len(clean), self._batch))

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """The same: the model makes no difference between what is looked for and what is looked through.

        Raises:
            ValueError, MemoryError: as `encode_queries`.
        """
        return self.encode_queries(texts)

    def _joined(self, found: list[Vectors]) -> Vectors:
        return unit(np.concatenate(found)) if found else np.zeros((0, self.dim), np.float32)


def load(context: LoadContext) -> LanguageBindEncoder:
    """The encoder of an official folder: config.json, weights and tokenizer.json.

    The registry entry's ``preprocessing`` may hold ``batch`` (inputs at a time).

    Raises:
        WeightsError: ``missing`` if a file is not there; ``corrupt`` if they do not fit, the model is not one of single
            pictures, vectors have another length than the registry says, or an option is not of its kind.
    """
    folder = model_folder(context)
    batch = context.spec.preprocessing.get("batch", _BATCH[context.device])
    if not isinstance(batch, int) or batch < 1:
        raise WeightsError("corrupt", f"{context.spec.name}: batch must be at least 1.")
    torch.set_num_threads(context.threads)
    model = load_languagebind(folder)
    if model.config.vision.add_time_attn or model.config.projection_dim != context.spec.dim:
        raise WeightsError("corrupt", f"{folder} is no model of single pictures with vectors of {context.spec.dim}.")
    tokenizer = TextTokenizer(folder, model.config.text.max_position_embeddings)
    placed = model.to(context.device, chosen_dtype(context.device))
    return LanguageBindEncoder(placed, tokenizer, context.spec.name, BatchSize(batch))


def _numbers(features: Tensor) -> Vectors:
    return np.asarray(features.float().cpu().numpy(), np.float32)

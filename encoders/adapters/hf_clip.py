"""Pictures and texts into one space: CLIP, SigLIP and SigLIP 2, out of a folder on disk."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from weakref import WeakValueDictionary

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from transformers import AutoModel

from encoders.adapters.hf_texts import ClipTokens, SiglipTokens
from encoders.pixels import PatchInput, SquareInput, read_input
from encoders.registry.hf_folder import load_network, model_folder, model_kind
from encoders.runtime.device import BatchSize, batched, chosen_dtype
from encoders.texts import clean_texts
from encoders.types import PictureFeatures, Pixels, Vectors, WeightsError, check_frames
from encoders.vectors import unit

if TYPE_CHECKING:
    from encoders.registry.loading import LoadContext

KINDS = frozenset({"clip", "siglip", "siglip2"})
"""``model_type`` of the networks that this module runs."""

# Inputs of one forward pass to begin with; chosen, not measured. Half as many are tried where memory is short.
_BATCH = {"cpu": 8, "cuda": 64}
# Texts that go together where one picture does: they have a quarter of its tokens or less.
_TEXTS_A_PICTURE = 4
# Queries of up to so many words are taken for names of things; chosen.
_TEMPLATE_WORDS = 3


class _Tokens(Protocol):
    def numbers(self, texts: Sequence[str]) -> NDArray[np.int64]: ...


class HfClip:
    """Image and text encoder of one space.

    Args:
        network: a model of transformers with ``get_image_features`` and ``get_text_features``.
        pictures, texts: how pictures and texts become its input.
        dim: length of a vector.
        batch: pictures of one forward pass; of texts, which are shorter, four times as many.
        template: goes around short English queries, e.g. ``a photo of {}.``; None for none.
        template_words: words of the longest query that it goes around.
    """

    def __init__(
        self,
        network: nn.Module,
        pictures: SquareInput | PatchInput,
        texts: _Tokens,
        dim: int,
        name: str,
        batch: BatchSize,
        template: str | None = None,
        template_words: int = _TEMPLATE_WORDS,
    ) -> None:
        self._network: Any = network
        self._parameter = next(network.parameters())
        self._pictures = pictures
        self._texts = texts
        self._dim = dim
        self._name = name
        self._batch = batch
        self._texts_batch = BatchSize(_TEXTS_A_PICTURE * batch.value)
        self._template = template
        self._template_words = template_words

    @property
    def name(self) -> str:
        """Name in the registry."""
        return self._name

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return self._dim

    @property
    def scale(self) -> float:
        """What cosines were multiplied with in training, before the loss; what a softmax over texts takes."""
        return float(self._network.logit_scale.detach().float().exp())

    @property
    def projection(self) -> Vectors | None:
        """The matrix (dim, width) that takes pictures into the common space, by which one CLIP is known from another;
        None for SigLIP, which has none."""
        last = getattr(self._network, "visual_projection", None)
        return None if last is None else np.asarray(last.weight.detach().float().cpu().numpy(), np.float32)

    def token_numbers(self, texts: Sequence[str]) -> NDArray[np.int64]:
        """Numbers (n, longest) of the texts' tokens, for another network with the same tokens; no template.

        Behind the end of a text of CLIP its end token is repeated.

        Raises:
            ValueError: if a text is empty.
        """
        return self._texts.numbers(clean_texts(texts))

    def encode(self, frames: Pixels) -> PictureFeatures:
        """Vectors (n, dim) of n frames of any one size; the visual features are the same vectors, and there are no
        classes.

        Raises:
            ValueError: if ``frames`` is not uint8 of shape (n, h, w, 3) with h, w > 0.
            MemoryError: if there is not even memory for one frame.
        """
        check_frames(frames)

        def features(start: int, end: int) -> Any:
            return self._network.get_image_features(**self._pixels(frames[start:end]))

        pooled = self._pooled(features, len(frames), self._batch)
        vectors = unit(pooled)
        lengths = np.asarray(np.linalg.norm(pooled, axis=1), np.float32)
        return PictureFeatures(vectors, np.zeros((len(frames), 0), np.float32), vectors, lengths)

    def encode_sequence(self, frames: Pixels) -> PictureFeatures:
        """The same; that frames follow each other saves nothing here.

        Raises:
            ValueError, MemoryError: as `encode`.
        """
        return self.encode(frames)

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """What somebody looks for: unit rows (n, dim) float32, short queries within the template.

        Raises:
            ValueError: if a text is empty.
            MemoryError: as `encode`.
        """
        return self._encode_texts([self._in_template(text) for text in clean_texts(texts)])

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """What is looked through: unit rows (n, dim) float32. What the network has no positions for is cut off.

        Raises:
            ValueError: if a text is empty.
            MemoryError: as `encode`.
        """
        return self._encode_texts(clean_texts(texts))

    def _in_template(self, text: str) -> str:
        # The template is English; around a word of another language it would mix two.
        short = text.isascii() and len(text.split()) <= self._template_words
        return self._template.replace("{}", text) if self._template is not None and short else text

    def _encode_texts(self, texts: list[str]) -> Vectors:
        def features(start: int, end: int) -> Any:
            numbers = torch.from_numpy(self._texts.numbers(texts[start:end]))
            return self._network.get_text_features(input_ids=numbers.to(self._parameter.device))

        return unit(self._pooled(features, len(texts), self._texts_batch))

    def _pixels(self, frames: Pixels) -> dict[str, Tensor]:
        given = {name: torch.from_numpy(array) for name, array in self._pictures.pixels(frames).items()}
        given["pixel_values"] = given["pixel_values"].to(self._parameter.dtype)
        return {name: tensor.to(self._parameter.device) for name, tensor in given.items()}

    def _pooled(self, features: Any, count: int, batch: BatchSize) -> Vectors:
        def rows(start: int, end: int) -> Vectors:
            with torch.inference_mode():
                pooled: Tensor = features(start, end).pooler_output
                return np.asarray(pooled.float().cpu().numpy(), np.float32)

        found = batched(rows, count, batch)
        return np.concatenate(found) if found else np.zeros((0, self._dim), np.float32)


_networks: WeakValueDictionary[tuple[Path, str], nn.Module] = WeakValueDictionary()
_loading = threading.Lock()


def load(context: LoadContext) -> HfClip:
    """The encoder of a folder with config.json, weights, preprocessor_config.json and tokenizer.json.

    Where one folder serves pictures and texts, its network is loaded once. The registry entry's ``preprocessing`` may
    hold ``template`` (text with ``{}``), ``template_words`` (how many words a query may have to get it; 3) and
    ``batch`` (pictures at a time).

    Raises:
        WeightsError: ``missing`` if the folder or one of its files is not there; ``corrupt``, naming the folder, if it
            holds another kind of model, tensors are missing, unexpected or misshapen, vectors have another length
            than the registry says, or an option is not of its kind.
    """
    folder = model_folder(context).resolve()
    kind = model_kind(folder, KINDS)
    options = context.spec.preprocessing
    template, words = options.get("template"), options.get("template_words", _TEMPLATE_WORDS)
    batch = options.get("batch", _BATCH.get(context.device.partition(":")[0], _BATCH["cpu"]))
    if template is not None and (not isinstance(template, str) or "{}" not in template):
        raise WeightsError("corrupt", f"{context.spec.name}: the template {template!r} has no place {{}} for a text.")
    if not isinstance(words, int) or not isinstance(batch, int) or batch < 1:
        raise WeightsError("corrupt", f"{context.spec.name}: template_words or batch is no number.")
    pictures = read_input(folder)
    torch.set_num_threads(context.threads)
    with _loading:
        network = _networks.get((folder, context.device))
        if network is None:
            network = load_network(folder, AutoModel, context.device, chosen_dtype(context.device))
            _networks[folder, context.device] = network
    config: Any = network.config
    if isinstance(pictures, PatchInput) != (kind == "siglip2"):
        raise WeightsError("corrupt", f"{folder}: pictures are not prepared as a {kind} network takes them.")
    texts: _Tokens
    if kind == "clip":
        texts = ClipTokens(folder, config.text_config.max_position_embeddings, config.text_config.eos_token_id)
        dim = int(config.projection_dim)
    else:
        texts = SiglipTokens(folder, config.text_config.max_position_embeddings)
        dim = int(config.vision_config.hidden_size)
    if dim != context.spec.dim:
        raise WeightsError("corrupt", f"{folder} makes vectors of length {dim}, not {context.spec.dim}.")
    return HfClip(network, pictures, texts, dim, context.spec.name, BatchSize(batch), template, words)

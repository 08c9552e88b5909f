"""What a picture model with a text tower of its own makes of the concepts: their vectors in its space.

Such a model has no classes. It is given some by their names: each name goes into the sentences that the model was
trained on, and the vectors of those say where the class lies. Source: Radford et al. 2021, CLIP, arXiv:2103.00020,
section 3.1.4 (prompts, ensembles).

Cosines of pictures with texts are on another scale than those of texts with each other, and some pictures are near to
every text. What is usual for a picture is therefore told by its cosines with all concepts, which serve as a bank of
queries. Source: Bogolin et al. 2022, Cross Modal Retrieval with Querybank Normalisation, arXiv:2112.12777, section 3.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from encoders.concepts import TABLES, Concept, read_concepts, table_hashes
from encoders.registry.specs import ModelSpec
from encoders.types import TextEncoder, Vectors, WeightsError
from stores.core.archives import UNREADABLE

_log = logging.getLogger(__name__)
_PLAIN = ("{}",)
_TEXTS = 64  # put into the model at a time


class PictureTexts(TextEncoder, Protocol):
    """The text tower of a picture model; ``scale`` is what it multiplies cosines with before a softmax over texts."""

    @property
    def scale(self) -> float:
        """At least 0; a softmax over texts takes it."""


@dataclass(frozen=True, slots=True)
class Usual:
    """What is usual for each of n pictures, over all concepts.

    Attributes:
        mean, deviation: (n,) of its cosines.
        best: (n,) standard deviations by which the nearest concept lies above the mean.
    """

    mean: NDArray[np.float32]
    deviation: NDArray[np.float32]
    best: NDArray[np.float32]


class ZeroShot:
    """The concepts in the space of one picture model.

    Args:
        prototypes: (c, d) float32 unit rows in the order of `encoders.concepts.read_concepts`.
        classes: how many of them, from the first, are classes of pictures.
        scale: what cosines are multiplied with before the softmax.
        revision: of everything that the prototypes depend on.
    """

    def __init__(self, prototypes: Vectors, classes: int, scale: float, revision: str) -> None:
        self.prototypes = prototypes
        self.revision = revision
        self._classes = classes
        self._scale = np.float32(scale)

    def classify(self, vectors: Vectors) -> NDArray[np.float32]:
        """Probabilities (n, classes) float32 of ImageNet's classes for pictures (n, d), unit rows.

        A softmax over cosines at the temperature that the model was trained with.
        """
        logits = self._scale * (vectors @ self.prototypes[: self._classes].T)
        logits -= logits.max(axis=1, keepdims=True)
        odds = np.exp(logits)
        return np.asarray(odds / odds.sum(axis=1, keepdims=True), np.float32)

    def usual(self, vectors: Vectors) -> Usual:
        """What is usual for pictures (n, d), unit rows."""
        cosines = vectors @ self.prototypes.T
        mean = cosines.mean(axis=1, dtype=np.float32)
        deviation = np.maximum(cosines.std(axis=1, dtype=np.float32), np.float32(1e-6))
        return Usual(mean, deviation, np.asarray((cosines.max(axis=1) - mean) / deviation, np.float32))


def zero_shot_revision(spec: ModelSpec) -> str:
    """8 hex digits that change with the model, its prompts and the concepts' names. Loads nothing.

    Args:
        spec: of the model whose text tower it is.

    Raises:
        WeightsError: as `prompts_of` and `encoders.concepts.table_hashes`.
    """
    parts = [spec.name, spec.identity.partition("@")[2], *prompts_of(spec), *table_hashes().values()]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:8]


def prompts_of(spec: ModelSpec) -> tuple[str, ...]:
    """The sentences that names of classes go into, each with ``{}``: ``preprocessing.prompts``, else the bare name.

    Raises:
        WeightsError: ``corrupt`` if they are not of that kind.
    """
    prompts = spec.preprocessing.get("prompts", _PLAIN)
    if not isinstance(prompts, Sequence) or isinstance(prompts, str) or not prompts:
        raise WeightsError("corrupt", f"{spec.name}: preprocessing.prompts must be a list of texts.")
    if not all(isinstance(prompt, str) and "{}" in prompt for prompt in prompts):
        raise WeightsError("corrupt", f"{spec.name}: each of preprocessing.prompts needs a place {{}} for a name.")
    return tuple(prompts)


def load_zero_shot(texts: PictureTexts, spec: ModelSpec, cache: Path) -> ZeroShot:
    """The concepts in the space of ``texts``; made once, then read from the cache.

    Args:
        texts: the text tower of the model that ``spec`` describes.
        cache: where they are kept; a folder that cannot be written means only that they are made again next time.

    Raises:
        WeightsError: as `prompts_of`.
    """
    concepts, revision = read_concepts(), zero_shot_revision(spec)
    classes = sum(concept.concept_id.startswith(TABLES[0]) for concept in concepts)
    path = cache / "concepts" / f"{spec.name}-{revision}.npz"
    prototypes = _kept(path, (len(concepts), texts.dim))
    if prototypes is None:
        _log.warning("encoding the names of %d concepts with the model %s, once", len(concepts), spec.name)
        prototypes = _made(texts, concepts, prompts_of(spec))
        _keep(path, prototypes)
    return ZeroShot(prototypes, classes, texts.scale, revision)


def _made(texts: PictureTexts, concepts: Sequence[Concept], prompts: Sequence[str]) -> Vectors:
    """Unit rows (c, d): of each concept, the mean over the prompts of its name's unit vectors."""
    total = np.zeros((len(concepts), texts.dim), np.float32)
    for prompt in prompts:
        sentences = [prompt.replace("{}", concept.name) for concept in concepts]
        for start in range(0, len(sentences), _TEXTS):
            total[start : start + _TEXTS] += texts.encode_passages(sentences[start : start + _TEXTS])
    return np.asarray(total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-6), np.float32)


def _kept(path: Path, shape: tuple[int, int]) -> Vectors | None:
    """What was kept, if it is whole."""
    with contextlib.suppress(*UNREADABLE):
        # Opened here, since NumPy leaves a file open that it cannot read.
        with path.open("rb") as stored, np.load(stored, allow_pickle=False) as file:
            prototypes: Vectors = file["prototypes"]
        if prototypes.shape == shape and prototypes.dtype == np.float32 and np.isfinite(prototypes).all():
            return prototypes
    return None


def _keep(path: Path, prototypes: Vectors) -> None:
    """Write beside and rename, so that nobody ever reads half of it."""
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".half-", delete=False) as half:
            try:
                np.savez(half, allow_pickle=False, prototypes=prototypes)
                half.close()
                Path(half.name).replace(path)
            finally:
                Path(half.name).unlink(missing_ok=True)

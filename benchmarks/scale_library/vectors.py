"""Vectors that lie as those of real clips do: in clusters, most clips of a video about the same topic.

Everything is made from the number of its block, so that any part can be made again without the others.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from encoders.concepts import PROTOTYPES

MANY = 10_000
"""Videos beyond which a library has fewer clips a video, and only the picture collection."""

WINDOWS = 4
"""Vectors of what is said in a video."""

BLOCK = 500
"""Videos that are made and committed together."""

TOPICS = 2_000
LIKENESS_DIM = 1280
NOISE = 0.5
"""Length of what tells a vector from the centre of its cluster, the centre's being 1."""

Vectors = NDArray[np.float32]
_MIXTURE = np.array([0.5, 0.2, 0.12, 0.1, 0.08], np.float32)
"""Shares of the concepts that a picture's vector is a mixture of, as ConSE mixes them."""


def unit(vectors: Vectors) -> Vectors:
    """Rows of length 1."""
    return (vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)).astype(np.float32)


@cache
def topic_concepts() -> NDArray[np.int64]:
    """The five concepts of each topic, strongest first: (`TOPICS`, 5)."""
    return np.random.default_rng(42).integers(0, len(_prototypes()), size=(TOPICS, len(_MIXTURE)))


def clips_of(videos: int) -> int:
    """How many clips each video has in a library of that many: a million clips in the largest."""
    return 12 if videos <= MANY else 10


def topics_of(block: int, clips: int) -> NDArray[np.int64]:
    """The topic of every clip of a block's videos, (`BLOCK`, clips): the video's own, or one of three others."""
    rng = np.random.default_rng([5, block])
    main, others = rng.integers(0, TOPICS, size=(BLOCK, 1)), rng.integers(0, TOPICS, size=(BLOCK, 3))
    beside = np.take_along_axis(others, rng.integers(0, 3, size=(BLOCK, clips)), axis=1)
    return np.where(rng.random((BLOCK, clips)) < 0.6, main, beside)


def picture_vectors(block: int, clips: int) -> Vectors:
    """One vector a clip, (`BLOCK` x clips, 384), in the text encoder's space."""
    return _scattered(_picture_centres()[topics_of(block, clips).ravel()], [1, block])


def object_vectors(block: int, clips: int) -> Vectors:
    """What the detector might have seen in each clip, (`BLOCK` x clips, 384)."""
    return _scattered(_prototypes()[topic_concepts()[topics_of(block, clips).ravel(), 0]], [2, block])


def likeness_vectors(block: int, clips: int) -> Vectors:
    """Pooled features of each clip, none below 0, (`BLOCK` x clips, `LIKENESS_DIM`); clips of a video are alike."""
    rng = np.random.default_rng([3, block])
    own = unit(np.maximum(rng.standard_normal((BLOCK, LIKENESS_DIM), np.float32), 0))
    centres = _likeness_centres()[topics_of(block, clips).ravel()]
    mixed = 0.5 * centres + 0.9 * np.repeat(own, clips, axis=0) - 0.4 * 0.022
    noise = rng.standard_normal(mixed.shape, np.float32) * np.float32(NOISE / LIKENESS_DIM**0.5)
    return unit(np.maximum(mixed + noise, 0))


def text_vectors(block: int, centres: Vectors) -> Vectors:
    """Vectors of what is said, (`BLOCK` x `WINDOWS`, 384), around ``centres`` of real lines."""
    rng = np.random.default_rng([4, block])
    return _scattered(centres[rng.integers(0, len(centres), size=BLOCK * WINDOWS)], [6, block])


def _scattered(centres: Vectors, seed: list[int]) -> Vectors:
    noise = np.random.default_rng(seed).standard_normal(centres.shape, np.float32)
    return unit(centres + noise * np.float32(NOISE / centres.shape[1] ** 0.5))


@cache
def _prototypes() -> Vectors:
    with np.load(PROTOTYPES) as arrays:
        return unit(arrays["prototypes"].astype(np.float32))


@cache
def _picture_centres() -> Vectors:
    return unit((_prototypes()[topic_concepts()] * _MIXTURE[None, :, None]).sum(axis=1))


@cache
def _likeness_centres() -> Vectors:
    return unit(np.maximum(np.random.default_rng(43).standard_normal((TOPICS, LIKENESS_DIM), np.float32), 0))

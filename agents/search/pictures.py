"""How well texts fit pictures, on a scale that means the same for every picture model.

If pictures are embedded in the space of the text encoder (ConSE), each text has its own scale: `agents.search.scoring`.
A model with its own text tower (CLIP, SigLIP) embeds pictures apart from texts, so cosines between texts say nothing
about those with pictures. There each picture has its own scale: by how many standard deviations a text is nearer to it
than the names of all concepts are, and which share that is of what the nearest name reaches. On both scales 1 means
"as surely there as anything can be" and 0 means "nothing to do with the picture", so that
`agents.search.scoring.MATCH_RATIO` and `agents.tagging.recall.pictures.PICTURE_CENTRE` mean the same. They were set on
ConSE alone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agents.questions.keystrokes import only_strange_words
from agents.search.scoring import LEAST_BEST, QueryScale, picture_scale, query_scales
from encoders.bundle import Encoders
from encoders.types import Vectors, WeightsError
from stores.library_store import LibraryStore
from stores.vectors.store import VectorHit

LIKENESS = 0.8
"""Cosine of two clips' mean visual features from which they show the same material. Measured with EfficientNet's
features on 24 videos: 0.87 for the one pair in which a video is a re-encoded cut of the other, 0.70 for the nearest of
all other pairs. Models with features on another scale have theirs in the registry."""

_TEXTS = 8192  # put beside all pictures at a time: some MB for a video of hundreds of clips


@dataclass(frozen=True, slots=True)
class PictureCollection:
    """A collection of picture vectors, and the encoders that they are of."""

    store: LibraryStore
    encoders: Encoders
    name: str


def near_pictures(
    query: str,
    pictures: PictureCollection,
    k: int,
    video_ids: Sequence[str] | None = None,
    query_vector: Vectors | None = None,
) -> list[tuple[VectorHit, float]]:
    """The ``k`` pictures nearest to a query, each with its ratio (see `agents.search.scoring`); most of the ratios are
    noise.

    Args:
        video_ids: search these videos only.
        query_vector: of the query (1, d) in the space of the pictures, if it is known already.
    """
    encoders, vectors = pictures.encoders, pictures.store.vectors
    if query_vector is None:
        query_vector = encoders.image_text.encode_queries([query])
    hits = vectors.query(pictures.name, query_vector[0], k, video_ids=video_ids)
    space = encoders.zero_shot
    if space is None:
        (scale,) = query_scales(query_vector, encoders.concepts)
        scale = pictured(query, scale, encoders)
        return [(hit, scale.ratio(scale.z(hit.similarity))) for hit in hits]
    values = vectors.values(pictures.name, [hit.vector_id for hit in hits])
    there = [hit for hit in hits if hit.vector_id in values]  # one may have been replaced between the two calls
    if not there:
        return []
    usual = space.usual(np.stack([values[hit.vector_id] for hit in there]))
    z = (np.array([hit.similarity for hit in there]) - usual.mean) / usual.deviation
    ratios = z / np.maximum(usual.best, LEAST_BEST)
    return [(hit, float(ratio)) for hit, ratio in zip(there, ratios, strict=True)]


def pictured(query: str, scale: QueryScale, encoders: Encoders) -> QueryScale:
    """The scale on which pictures and objects are compared with a query, by that of its vector."""
    return picture_scale(query, scale, encoders.concepts, only_strange_words(query, encoders))


def best_fits(
    encoders: Encoders,
    texts: Vectors,
    pictures: Vectors,
    scales: tuple[NDArray[np.float32], NDArray[np.float32]] | None = None,
    least: float = -math.inf,
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """By how many standard deviations each text lies above usual for the picture that it fits best, and which that is.

    Args:
        texts: (t, d) vectors of `Encoders.image_text`.
        pictures: (n, d) of the same encoders, n > 0.
        scales: mean and standard deviation of each text's scale, both (t,), where they are known already.
        least: z from which the picture is looked for. Finding out which one it is costs more than how near it is, and
            nearly all of a large vocabulary is near none.

    Returns:
        z (t,) and rows of ``pictures`` (t,), -1 below ``least``.
    """
    space = encoders.zero_shot
    usual = space.usual(pictures) if space else None
    if usual is None and scales is None:
        made = query_scales(texts, encoders.concepts)
        scales = np.array([s.mean for s in made], np.float32), np.array([s.deviation for s in made], np.float32)
    z, rows = np.empty(len(texts)), np.full(len(texts), -1, np.int64)
    for start in range(0, len(texts), _TEXTS):
        some = slice(start, start + _TEXTS)
        cosines = pictures @ texts[some].T
        if usual is not None:
            cosines -= usual.mean[:, None]
            cosines /= usual.deviation[:, None]
        z[some] = cosines.max(axis=0)
        if usual is None and scales is not None:
            z[some] = (z[some] - scales[0][some]) / scales[1][some]
        near = np.flatnonzero(z[some] >= least)
        rows[start + near] = cosines[:, near].argmax(axis=0)
    return z, rows


def least_likeness(encoders: Encoders) -> float:
    """Cosine of two clips' visual features from which they show the same material: `LIKENESS`, or the model's own.

    Raises:
        WeightsError: ``corrupt`` if the registry's ``preprocessing.likeness`` is no cosine.
    """
    spec = encoders.spec("image")
    likeness = spec.preprocessing.get("likeness", LIKENESS)
    if not isinstance(likeness, float) or not 0.0 < likeness < 1.0:
        raise WeightsError("corrupt", f"{spec.name}: preprocessing.likeness must lie between 0 and 1.")
    return likeness

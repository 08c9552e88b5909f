"""Video-to-text retrieval in the manner of Socratic Models: what is seen times what was said.

A video is compared with groups of captions twice: its frames by CLIP, and a language model's summary of its transcript
by sentence embeddings. The summaries are given; the paper's language model is retired.

Source: Zeng et al. 2022, arXiv:2204.00598, section on MSR-VTT; official code google-research/google-research,
socraticmodels. Sums are in float64, so that equal captions score equal, and come out as float32.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from encoders.types import Vectors

TOP = 100
"""Candidates by CLIP that are scored again (official code)."""


@dataclass(frozen=True, slots=True)
class Reranked:
    """Groups of captions for each of v videos.

    Attributes:
        candidates: (v, k) int64, the best by CLIP, best first.
        order: (v, k) int64, the same by the whole score, best first.
    """

    candidates: NDArray[np.int64]
    order: NDArray[np.int64]

    def ranks(self, own: NDArray[np.int64]) -> NDArray[np.int64]:
        """0-based place (v,) of each video's right group ``own`` (v,); the list's length where it is not listed."""
        hits = self.order == own[:, None]
        return np.asarray(np.where(hits.any(axis=1), hits.argmax(axis=1), self.order.shape[1]), np.int64)


def video_vectors(frames: Vectors, mask: NDArray[np.integer]) -> Vectors:
    """Unit vectors (v, d): the mean of each video's unit frame vectors (v, f, d), scaled to length 1 again.

    Args:
        mask: (v, f), 1 for a frame and 0 for padding.

    Raises:
        ValueError: if a video has no frames, or a frame or a mean no direction.
    """
    if not mask.any(axis=1).all():
        raise ValueError("a video has no frames")
    unit = np.zeros(frames.shape, np.float64)
    unit[mask > 0] = _unit(frames[mask > 0])
    return _unit(unit.sum(axis=1) / mask.sum(axis=1, keepdims=True)).astype(np.float32)


def best_of_groups(queries: Vectors, captions: Vectors, mask: NDArray[np.integer]) -> Vectors:
    """Cosine (v, g) of each query (v, d) with the captions (g, c, d) of each group: the largest one.

    ``s_clip`` of video vectors and CLIP's text vectors; ``s_lm`` of the summaries' and the captions' sentence
    embeddings. Vectors may have any length.

    Args:
        mask: (g, c), 1 for a caption and 0 for padding.

    Raises:
        ValueError: if a group has no captions, or a vector no direction.
    """
    if not mask.any(axis=1).all():
        raise ValueError("a group has no captions")
    unit = np.zeros(captions.shape, np.float64)
    unit[mask > 0] = _unit(captions[mask > 0])
    cosines = np.einsum("vd,gcd->vgc", _unit(queries), unit)
    return np.asarray(np.where(mask > 0, cosines, -np.inf).max(axis=2), np.float32)


def scores(seen: Vectors, said: Vectors, transcribed: NDArray[np.bool_]) -> Vectors:
    """``s_clip · s_lm`` (v, g), or ``s_clip`` alone where a video has no transcript.

    Raw cosines are multiplied, as in the paper: two negative ones give a positive score.

    Args:
        seen: ``s_clip``, (v, g).
        said: ``s_lm``, (v, g); not read where ``transcribed`` (v,) is false.
    """
    return np.where(transcribed[:, None], seen * said, seen).astype(np.float32)


def rerank(seen: Vectors, whole: Vectors, top: int = TOP) -> Reranked:
    """The ``top`` groups by ``seen`` (v, g), put in order of ``whole`` (v, g).

    Ties are broken as the official code does: a stable ascending sort, turned round, so that the later one comes
    first; in the second sort "later" means later in the list of candidates.

    Raises:
        ValueError: if shapes differ or ``top < 1``.
    """
    if seen.shape != whole.shape or seen.ndim != 2:
        raise ValueError(f"both scores must be (v, g), not {seen.shape} and {whole.shape}")
    if top < 1:
        raise ValueError(f"top must be at least 1, not {top}")
    candidates = _descending(seen)[:, :top]
    places = _descending(np.take_along_axis(whole, candidates, axis=1))
    return Reranked(candidates, np.take_along_axis(candidates, places, axis=1))


def _descending(values: Vectors) -> NDArray[np.int64]:
    return np.asarray(values.argsort(axis=1, kind="stable")[:, ::-1], np.int64)


def _unit(vectors: NDArray[np.floating]) -> NDArray[np.float64]:
    wide = vectors.astype(np.float64)
    lengths = np.linalg.norm(wide, axis=-1, keepdims=True)
    if not (lengths > 0).all():
        raise ValueError("a vector is zero: it has no direction")
    return np.asarray(wide / lengths, np.float64)

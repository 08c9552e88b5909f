"""Recall and rank of text-video retrieval exactly as papers report them, with the official code's way of ties.

For comparison with published numbers only. What `kinodex evaluate` reports is measured differently.

Source: official code ArrowLuo/CLIP4Clip, metrics.py (compute_metrics, tensor_text_to_video_metrics,
tensor_video_to_text_sim); the protocol of several captions is that of Portillo-Quintero et al. 2021, arXiv:2102.12443.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Similarities = NDArray[np.floating]
Ranks = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class RetrievalMetrics:
    """Share of ranks within the first 1, 5 and 10, in per cent, and median and mean of ranks counted from 1."""

    recall_at_1: float
    recall_at_5: float
    recall_at_10: float
    median_rank: float
    mean_rank: float


def paired_metrics(similarities: Similarities) -> RetrievalMetrics:
    """Metrics of (n, n) similarities, where column i is right for row i. Texts as rows: text to video.

    Raises:
        ValueError: as `paired_ranks`.
    """
    ranks = paired_ranks(similarities)
    return _metrics(ranks, float(np.median(ranks + 1)))


def paired_ranks(similarities: Similarities) -> Ranks:
    """0-based ranks of the right columns, row by row.

    A right column that ties with k others counts k + 1 times, once for each place they share; so the list can be
    longer than n.

    Raises:
        ValueError: if ``similarities`` is not (n, n) with n > 0, or has NaN.
    """
    if similarities.ndim != 2 or similarities.shape[0] != similarities.shape[1] or not similarities.size:
        raise ValueError(f"similarities must be (n, n) with n > 0, not {similarities.shape}")
    if np.isnan(similarities).any():
        raise ValueError("similarities have NaN, which has no rank")
    falling = -np.sort(-similarities, axis=1)
    return np.nonzero(falling == np.diagonal(similarities)[:, None])[1].astype(np.int64)


def captions_to_videos(similarities: Similarities) -> RetrievalMetrics:
    """Text-to-video metrics of (n, c, n) similarities: caption j of video i with each video. Every caption counts once.

    Rows of captions that a video does not have are -inf. The median is the lower of two middle ranks, as PyTorch's is.

    Raises:
        ValueError: if ``similarities`` is not (n, c, n), or no caption is real.
    """
    _check_captions(similarities)
    order = np.argsort(-similarities, axis=2, kind="stable")
    places = np.argsort(order, axis=2, kind="stable")
    own = np.arange(len(similarities))
    ranks = places[own, :, own][np.isfinite(similarities[own, :, own])].astype(np.int64)
    if not len(ranks):
        raise ValueError("there are no captions: all similarities are -inf")
    return _metrics(ranks, float(np.sort(ranks)[(len(ranks) - 1) // 2] + 1))


def videos_to_captions(similarities: Similarities) -> RetrievalMetrics:
    """Video-to-text metrics of the same input: each video ranks the videos by their best caption.

    Raises:
        ValueError: if ``similarities`` is not (n, c, n).
    """
    return paired_metrics(best_captions(similarities))


def best_captions(similarities: Similarities) -> Similarities:
    """(n, n), rows videos: the similarity of each with the best caption of each, of (n, c, n) as above.

    Raises:
        ValueError: if ``similarities`` is not (n, c, n).
    """
    _check_captions(similarities)
    return np.asarray(np.where(np.isnan(similarities), -np.inf, similarities).max(axis=1).T)


def _check_captions(similarities: Similarities) -> None:
    if similarities.ndim != 3 or similarities.shape[0] != similarities.shape[2] or not similarities.size:
        raise ValueError(f"similarities must be (n, c, n) with n > 0, not {similarities.shape}")


def _metrics(ranks: Ranks, median: float) -> RetrievalMetrics:
    one, five, ten = (100 * float(np.mean(ranks < k)) for k in (1, 5, 10))
    return RetrievalMetrics(one, five, ten, median, float(np.mean(ranks)) + 1)

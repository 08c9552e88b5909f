"""From many frame vectors to one or a few per video, without training.

Source: Portillo-Quintero et al. 2021, A Straightforward Framework for Video Retrieval Using CLIP,
arXiv:2102.12443, section 3: single frame, mean, and k-means of frame vectors.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from encoders.types import Vectors

SINGLE_FRAME = 29  # the paper's single frame is the 30th
_LLOYD_STEPS = 100  # ours: a bound only; some hundred unit vectors converge in about ten steps


@dataclass(frozen=True, slots=True)
class Clusters:
    """Centroids (k, d) float32 and the cluster of every frame, (n,) int64."""

    centroids: Vectors
    labels: NDArray[np.int64]


def single_frame(vectors: Vectors, index: int = SINGLE_FRAME) -> Vectors:
    """The vector (d,) of frame ``index``, or of the last frame where there are fewer.

    Raises:
        ValueError: if ``vectors`` is not (n, d) with n > 0, or ``index`` is negative.
    """
    frames = _checked(vectors)
    if index < 0:
        raise ValueError(f"frame {index} does not exist")
    return np.array(frames[min(index, len(frames) - 1)], np.float32)


def mean(vectors: Vectors) -> Vectors:
    """Mean (d,) of the frames' unit vectors, scaled to length 1 again.

    Raises:
        ValueError: if ``vectors`` is not (n, d) with n > 0, or has no direction (its rows cancel out).
    """
    return _unit(_unit(_checked(vectors)).mean(axis=0))


def kmeans_centroids(vectors: Vectors, k: int, *, start: Vectors | None = None, normalise: bool = True) -> Clusters:
    """At most k centres of the frames' unit vectors, by Lloyd's iterations; the same for the same input.

    Args:
        vectors: (n, d) frame vectors.
        k: wanted clusters; fewer come back where there are fewer different frames.
        start: (k, d) first centres. Default: the frame nearest to the mean, then again and again the frame
            farthest from all centres so far (Gonzalez 1985), which needs no random numbers.
        normalise: scale the centroids to length 1. The paper's code does not, so that a loose cluster scores lower; an
            index by cosine would undo that anyway, so that unit centroids are our default and its choice an option.

    Raises:
        ValueError: if ``vectors`` is not (n, d) with n > 0, ``k < 1``, or a centroid has no direction.
    """
    frames = _unit(_checked(vectors))
    if k < 1:
        raise ValueError(f"k must be at least 1, not {k}")
    centres = _farthest_points(frames, k) if start is None else np.array(start, np.float32)
    if centres.ndim != 2 or centres.shape[1] != frames.shape[1]:
        raise ValueError(f"start must be (k, {frames.shape[1]}), not {centres.shape}")
    labels = _nearest(frames, centres)
    for _ in range(_LLOYD_STEPS):
        # A cluster that lost all its frames keeps its centre.
        for j in np.unique(labels):
            centres[j] = frames[labels == j].mean(axis=0)
        previous, labels = labels, _nearest(frames, centres)
        if np.array_equal(previous, labels):
            break
    used, labels = np.unique(labels, return_inverse=True)
    centroids = centres[used]
    return Clusters(_unit(centroids) if normalise else centroids, labels.astype(np.int64))


def best_similarity(queries: Vectors, centroids: Vectors) -> Vectors:
    """Score (q,) of each query (q, d): the largest dot product with any centroid (k, d)."""
    return np.asarray((queries @ centroids.T).max(axis=1), np.float32)


def _checked(vectors: Vectors) -> Vectors:
    frames = np.asarray(vectors, np.float32)
    if frames.ndim != 2 or not len(frames):
        raise ValueError(f"vectors must be (n, d) with n > 0, not {frames.shape}")
    return frames


def _unit(vectors: Vectors) -> Vectors:
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    # Below this a float32 mean of unit vectors is rounding noise, not a direction.
    if not np.all(lengths > 1e-6):
        raise ValueError("vectors cancel out or are zero: they have no direction")
    return np.asarray(vectors / lengths, np.float32)


def _farthest_points(frames: Vectors, k: int) -> Vectors:
    chosen = [int(_squared_distances(frames, frames.mean(axis=0, keepdims=True)).argmin())]
    distances = _squared_distances(frames, frames[chosen])[:, 0]
    while len(chosen) < k:
        farthest = int(distances.argmax())
        if distances[farthest] < 1e-8:  # only copies of chosen frames are left
            break
        chosen.append(farthest)
        distances = np.minimum(distances, _squared_distances(frames, frames[[farthest]])[:, 0])
    return frames[chosen].copy()


def _nearest(frames: Vectors, centres: Vectors) -> NDArray[np.int64]:
    return np.asarray(_squared_distances(frames, centres).argmin(axis=1), np.int64)


def _squared_distances(frames: Vectors, centres: Vectors) -> Vectors:
    # Not by |a|^2 - 2ab + |b|^2, whose rounding would call copies of one frame different.
    return np.stack([((frames - centre) ** 2).sum(axis=1) for centre in centres], axis=1)

"""Pictures into text space by what they show: ConSE, a convex combination of semantic embeddings.

A classifier's posteriors weigh the text vectors of its classes: ``f(x) = sum_c p(c | x) s(c)``.

Source: Norouzi et al. 2014, arXiv:1312.5650, equation 3, where only the T most probable classes count; here all
1000 do, which found more in our measurements than T = 10 (centred vectors of unlikely classes cancel out).
"""

from __future__ import annotations

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from encoders.concepts import ConceptSpace
from encoders.e5 import unit
from encoders.efficientnet_lite import CLASSES, SIZE, EfficientNetLite
from encoders.types import PictureFeatures, Pixels

# Input scaling and crop border belong to the weights (tensorflow/tpu, efficientnet/preprocessing: CROP_PADDING).
_MEAN, _STD, _CROP_PADDING = 127.0, 128.0, 32
# Frames of one forward pass, two views each. Source: measured on one core of an AMD EPYC, ms a frame: 1 frame 113,
# 2 frames 124, 8 frames 170, as larger batches fall out of the cache; 2 leaves something to share to more threads.
_BATCH = 2
_FEATURES = 1280


class ConseEncoder:
    """Image encoder of the embedded profile.

    Each frame is looked at twice, as the centre crop the classifier was trained on and as the whole frame squashed
    to a square, which shows what stands at the sides of a wide picture; the two posteriors are averaged.

    Args:
        network: classifier over ImageNet's 1000 classes.
        space: prototypes of the classes; its first 1000 rows.
    """

    def __init__(self, network: EfficientNetLite, space: ConceptSpace, name: str = "conse-lite2-e5") -> None:
        self._network = network
        self._prototypes = space.prototypes[space.imagenet]
        self._name = name

    @property
    def name(self) -> str:
        """Name in the registry."""
        return self._name

    @property
    def dim(self) -> int:
        """Length of a vector: that of the text encoder."""
        return int(self._prototypes.shape[1])

    def encode(self, frames: Pixels) -> PictureFeatures:
        """Vectors (n, 384), posteriors (n, 1000) and visual features (n, 1280) of n frames of any one size.

        The features are those of the whole frame.

        Raises:
            ValueError: if ``frames`` is not uint8 of shape (n, h, w, 3) with h, w > 0.
        """
        if frames.dtype != np.uint8 or frames.ndim != 4 or frames.shape[3] != 3 or 0 in frames.shape[1:]:
            raise ValueError(f"frames must be uint8 (n, h, w, 3), not {frames.dtype} {frames.shape}")
        count = len(frames)
        probabilities = np.empty((count, CLASSES), np.float32)
        features = np.empty((count, _FEATURES), np.float32)
        for start in range(0, count, _BATCH):
            batch = frames[start : start + _BATCH]
            views = np.stack([centre_crop(frame) for frame in batch] + [squashed(frame) for frame in batch])
            with torch.inference_mode():
                pixels = (torch.from_numpy(views).permute(0, 3, 1, 2).float() - _MEAN) / _STD
                logits, pooled = self._network(pixels.contiguous(memory_format=torch.channels_last))
                posteriors = torch.softmax(logits, dim=1).numpy()
            n = len(batch)
            probabilities[start : start + n] = (posteriors[:n] + posteriors[n:]) / 2
            features[start : start + n] = pooled[n:].numpy()
        return PictureFeatures(unit(probabilities @ self._prototypes), probabilities, unit(features))


def centre_crop(frame: Pixels) -> NDArray[np.uint8]:
    """The middle square of a frame, without the border that the classifier never saw, as (260, 260, 3)."""
    height, width = frame.shape[:2]
    side = max(1, int(SIZE / (SIZE + _CROP_PADDING) * min(height, width)))
    top, left = (height - side + 1) // 2, (width - side + 1) // 2
    return _resized(frame[top : top + side, left : left + side])


def squashed(frame: Pixels) -> NDArray[np.uint8]:
    """The whole frame as (260, 260, 3), its aspect lost."""
    return _resized(frame)


def _resized(frame: Pixels) -> NDArray[np.uint8]:
    shrinking = min(frame.shape[:2]) >= SIZE
    interpolation = cv2.INTER_AREA if shrinking else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(frame, (SIZE, SIZE), interpolation=interpolation), np.uint8)

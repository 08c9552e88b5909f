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

from encoders.adapters.efficientnet_lite import CLASSES, SIZE, EfficientNetLite, load_efficientnet_lite
from encoders.concepts import ConceptSpace
from encoders.registry.loading import LoadContext
from encoders.types import PictureFeatures, Pixels, check_frames
from encoders.vectors import unit

# Input scaling and crop border belong to the weights (tensorflow/tpu, efficientnet/preprocessing: CROP_PADDING).
_MEAN, _STD, _CROP_PADDING = 127.0, 128.0, 32
# Views of one forward pass. Source: measured on one core of an AMD EPYC, ms a view: 39 for 1, 34 for 2, 38 for 4,
# 49 for 8, as larger batches fall out of the cache.
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
        _check(frames)
        crops = self._look([centre_crop(frame) for frame in frames])
        whole = self._look([squashed(frame) for frame in frames])
        return self._features((crops[0] + whole[0]) * np.float32(0.5), whole[1])

    def encode_sequence(self, frames: Pixels) -> PictureFeatures:
        """The same for frames in time order, each seen in one view only: crop, whole, crop, whole, …

        Neighbours mostly show the same, so a clip is still seen in both views, at half the cost. Source: measured
        on 24 clips at one frame a second, retrieval by clip centroids was not worse (R@1 0.61 against 0.56, R@5 0.87
        against 0.89 of 54 queries). A single frame is seen in both.

        Raises:
            ValueError: as `encode`.
        """
        _check(frames)
        if len(frames) < 2:
            return self.encode(frames)
        views = [squashed(frame) if i % 2 else centre_crop(frame) for i, frame in enumerate(frames)]
        return self._features(*self._look(views))

    def _look(self, views: list[NDArray[np.uint8]]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Posteriors (n, 1000) and pooled features (n, 1280) of n views (260, 260, 3)."""
        posteriors = np.empty((len(views), CLASSES), np.float32)
        features = np.empty((len(views), _FEATURES), np.float32)
        for start in range(0, len(views), _BATCH):
            batch = np.stack(views[start : start + _BATCH])
            with torch.inference_mode():
                pixels = (torch.from_numpy(batch).permute(0, 3, 1, 2).float() - _MEAN) / _STD
                logits, pooled = self._network(pixels.contiguous(memory_format=torch.channels_last))
                posteriors[start : start + len(batch)] = torch.softmax(logits, dim=1).numpy()
                features[start : start + len(batch)] = pooled.numpy()
        return posteriors, features

    def _features(self, posteriors: NDArray[np.float32], features: NDArray[np.float32]) -> PictureFeatures:
        return PictureFeatures(unit(posteriors @ self._prototypes), posteriors, unit(features))


def load(context: LoadContext) -> ConseEncoder:
    """The picture encoder of the registry; torch and OpenCV are limited to its threads for the whole process.

    Raises:
        WeightsError: ``corrupt`` if the weights are not those of the network.
    """
    torch.set_num_threads(context.threads)
    cv2.setNumThreads(context.threads)
    network = load_efficientnet_lite(context.paths["weights"])
    return ConseEncoder(network, context.concepts, context.spec.name)


def _check(frames: Pixels) -> None:
    check_frames(frames)


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

"""Photograph, drawing, rendering or screen: a linear head on the features of the picture classifier.

A frame's scores are ``s = x W + b``, where x is the square root of its features, of unit length: so small features
count as well. Frames of a clip speak together, ``p = softmax(2 mean(s) + ln common)``. What is drawn is mostly named
like the real thing by the classifier, whose last features still tell the two apart.

Source: our own training, `encoders.training.styles.build`; pictures out of packages, ``data/visual-styles.tsv``.
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from encoders.types import Vectors, WeightsError
from stores.core.archives import arrays_of

STYLES = ("photograph", "drawing", "rendering", "screen")
"""What a picture is: taken by a camera; drawn or painted by hand, flat; a picture of a model in three dimensions; or of
a screen, a slide or a card with text. In the order of all columns."""

COMMON = (0.78, 0.06, 0.06, 0.10)
"""How common each style is among clips of videos: most of them are filmed. Ours; in training all are as common."""

FRAMES = 2.0
"""Independent frames that those of a clip are worth: they show much the same. Source: with one, animated videos of a
development set of 34 clips, which is no part of the project, are at 0.3 to 0.5 and all others below 0.1; with two, at
0.5 to 0.9 and below 0.1."""

ENCODER = "conse-lite2-e5@9656183e"
"""Name and revision of the picture encoder whose features the shipped head reads."""

REVISION = "38da3dcb"
"""First 8 hex digits of the hash of the shipped head. Both are written down, so that a file that is damaged is an error
of the one stage that reads it."""

HEAD = Path(str(resources.files("encoders").joinpath("data/visual-styles.npz")))


class VisualStyles:
    """The head.

    Args:
        weights: (e, 4); bias: (4,).
        encoder: name and revision of the weights of the picture encoder whose features it reads.
    """

    def __init__(self, weights: NDArray[np.float32], bias: NDArray[np.float32], encoder: str) -> None:
        self.weights, self.bias, self.encoder = weights, bias, encoder

    @classmethod
    def load(cls, path: Path = HEAD) -> VisualStyles:
        """The shipped head.

        Raises:
            WeightsError: ``missing`` if it is not there, ``corrupt`` if it cannot be read.
        """
        rebuild = "Install Kinodex again."
        try:
            arrays = arrays_of(path.read_bytes(), "weights", "bias", "encoder")
        except FileNotFoundError as error:
            raise WeightsError("missing", f"{path} is not there.", rebuild) from error
        if arrays is None:
            raise WeightsError("corrupt", f"{path} cannot be read.", rebuild)
        weights, bias = arrays["weights"].astype(np.float32), arrays["bias"].astype(np.float32)
        if weights.ndim != 2 or (weights.shape[1], *bias.shape) != (len(STYLES), len(STYLES)):
            raise WeightsError("corrupt", f"{path} holds {weights.shape} weights and {bias.shape} biases.", rebuild)
        return cls(weights, bias, str(arrays["encoder"]))

    def probabilities(self, features: Vectors) -> NDArray[np.float32]:
        """(4,) in the order of `STYLES`, sum 1, of a clip by likeness features (n, e) of its frames, of any length."""
        scores = FRAMES * (spread(features) @ self.weights + self.bias).mean(0) + np.log(COMMON)
        raised = np.exp(scores - scores.max())
        return np.asarray(raised / raised.sum(), np.float32)


def spread(features: Vectors) -> Vectors:
    """(n, e) of unit length: the square roots of features (n, e), which a rectifier made, so that none is negative.

    Source: the Hellinger kernel (Arandjelović & Zisserman 2012, Three things everyone should know, section 3.1). On
    sources left out, 0.708 nats instead of 0.718.
    """
    roots = np.sqrt(np.maximum(features, 0.0))
    return np.asarray(roots / np.maximum(np.linalg.norm(roots, axis=1, keepdims=True), 1e-6), np.float32)


@cache
def shipped_styles() -> VisualStyles:
    """The shipped head, read once. Raises as `VisualStyles.load`."""
    return VisualStyles.load()

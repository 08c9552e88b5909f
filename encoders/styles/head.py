"""Photograph, drawing, rendering or screen: a linear head on the features of the picture classifier.

A frame's scores are ``s = x W + b``, where x is the square root of its features, of unit length: so small features
count as well. Frames of a clip speak together, ``p = softmax(2 mean(s) + ln common)``. What is drawn is mostly named
like the real thing by the classifier, whose last features still tell the two apart.

Source: our own training, `encoders.training.styles.build`; pictures out of packages, ``data/visual-styles.tsv``.
"""

from __future__ import annotations

import hashlib
from functools import cache
from importlib import resources
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from encoders.types import Vectors, WeightsError

STYLES = ("photograph", "drawing", "rendering", "screen")
"""What a picture is: taken by a camera; drawn or painted by hand, flat; a picture of a model in three dimensions; or of
a screen, a slide or a card with text. In the order of all columns."""

COMMON = (0.78, 0.06, 0.06, 0.10)
"""How common each style is among clips of videos: most of them are filmed. Ours; in training all are as common."""

FRAMES = 2.0
"""Independent frames that those of a clip are worth: they show much the same. Source: with one, animated videos of a
development set of 34 clips, which is no part of the project, are at 0.3 to 0.5 and all others below 0.1; with two, at
0.5 to 0.9 and below 0.1."""

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
            with np.load(path, allow_pickle=False) as file:
                weights, bias = file["weights"].astype(np.float32), file["bias"].astype(np.float32)
                encoder = str(file["encoder"])
        except FileNotFoundError as error:
            raise WeightsError("missing", f"{path} is not there.", rebuild) from error
        except (OSError, ValueError, KeyError) as error:
            raise WeightsError("corrupt", f"{path} cannot be read: {error}", rebuild) from error
        return cls(weights, bias, encoder)

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


@cache
def styles_revision(path: Path = HEAD) -> str:
    """First 8 hex digits of the hash of the shipped head.

    Raises:
        WeightsError: ``missing`` if the file is not there.
    """
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()[:8]
    except FileNotFoundError as error:
        raise WeightsError("missing", f"{path} is not there.", "Install Kinodex again.") from error

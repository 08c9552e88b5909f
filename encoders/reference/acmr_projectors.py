"""ACMR's networks: projectors of picture and text features into one space, and the two classifiers that train them.

Source: Wang et al. 2017, Adversarial Cross-Modal Retrieval, ACM Multimedia; sizes and names of the public demo
sunpeng981712364/ACMR_demo, models/adv_crossmodal_triplet_wiki.py. The losses are in `encoders.reference.acmr`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from torch import Tensor, nn

from encoders.reference.acmr import reverse_gradient
from encoders.registry.checkpoints import load_strictly, read_checkpoint

_SLIM = {"/weights": ".weight", "/biases": ".bias"}  # variables of TensorFlow's slim, and PyTorch's names


@dataclass(frozen=True, slots=True)
class AcmrSizes:
    """Widths; the defaults are the demo's for the Wikipedia articles.

    Attributes:
        visual, text: of the given features of a picture and of a text.
        visual_hidden, text_hidden: of the two hidden layers of each projector.
        embedding: of the common space.
        classes: of labels.
    """

    visual: int = 4096
    text: int = 5000
    visual_hidden: tuple[int, int] = (512, 100)
    text_hidden: tuple[int, int] = (40, 100)
    embedding: int = 40
    classes: int = 10


class AcmrProjectors(nn.Module):
    """Features into the common space, where they are told apart by label, and should not be by kind."""

    def __init__(self, sizes: AcmrSizes) -> None:
        super().__init__()
        self.sizes = sizes
        width = sizes.embedding
        self._chain("vf_fc", (sizes.visual, *sizes.visual_hidden, width))
        self._chain("le_fc", (sizes.text, *sizes.text_hidden, width))
        self._chain("lc_fc", (width, sizes.classes))
        self._chain("dc_fc", (width, width // 2, width // 4, 2))

    def pictures(self, features: Tensor) -> Tensor:
        """(n, embedding) of (n, visual) features, each number within (-1, 1).

        Raises:
            ValueError: if the features have another shape.
        """
        return self._projected("vf_fc", features, self.sizes.visual)

    def texts(self, features: Tensor) -> Tensor:
        """The same of (n, text) features.

        Raises:
            ValueError: if the features have another shape.
        """
        return self._projected("le_fc", features, self.sizes.text)

    def labels(self, embedded: Tensor) -> Tensor:
        """Logits (n, classes) of the common space's (n, embedding); one layer, whose tensors the losses take too."""
        logits: Tensor = self.get_submodule("lc_fc_0")(embedded)
        return logits

    def kinds(self, embedded: Tensor, weight: float) -> Tensor:
        """Logits (n, 2) of picture or text, by a classifier to which features come through `reverse_gradient`.

        Its layers have no activation between them (official code).
        """
        x = reverse_gradient(embedded, weight)
        for number in range(3):
            x = self.get_submodule(f"dc_fc_{number}")(x)
        return x

    def _chain(self, name: str, widths: Sequence[int]) -> None:
        for number, (before, after) in enumerate(pairwise(widths)):
            self.add_module(f"{name}_{number}", nn.Linear(before, after))

    def _projected(self, name: str, features: Tensor, width: int) -> Tensor:
        if features.ndim != 2 or features.shape[1] != width:
            raise ValueError(f"features must be (n, {width}), not {tuple(features.shape)}")
        for number in range(3):
            features = self.get_submodule(f"{name}_{number}")(features).tanh()
        return features


def load_acmr(path: Path, sizes: AcmrSizes) -> AcmrProjectors:
    """The networks with the weights of a state dict, in eval mode, without gradients, float32.

    Args:
        path: with PyTorch's names (``vf_fc_0.weight``), or TensorFlow's variables as they are (``vf_fc_0/weights``,
            whose matrices stand the other way round).

    Raises:
        WeightsError: ``missing`` without the file; ``corrupt`` if tensors are missing, extra or misshapen.
    """
    model = AcmrProjectors(sizes)
    state = {
        name: tensor.T if name.endswith("/weights") and tensor.ndim == 2 else tensor
        for name, tensor in read_checkpoint(path).items()
    }
    load_strictly(model, state, str(path), rename=_ours)
    return model.requires_grad_(False).eval()


def _ours(name: str) -> str:
    for theirs, ours in _SLIM.items():
        if name.endswith(theirs):
            return name.removesuffix(theirs) + ours
    return name

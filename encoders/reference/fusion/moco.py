"""Momentum contrast: a queue of past keys as negatives, and a key encoder that follows the query encoder slowly.

Source: He et al. 2020, arXiv:1911.05722, algorithm 1; official code facebookresearch/moco, moco/builder.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from encoders.registry.checkpoints import load_strictly, read_checkpoint


@dataclass(frozen=True, slots=True)
class MocoConfig:
    """Official defaults of version 1; version 2 has a temperature of 0.2 and a deeper head on its encoders.

    Attributes:
        width: of the encoders' output.
        keys: length of the queue; a multiple of the batch.
        momentum: share of itself that the key encoder keeps in every step.
    """

    width: int = 128
    keys: int = 65_536
    momentum: float = 0.999
    temperature: float = 0.07


class MomentumContrast(nn.Module):
    """Two encoders of the same form and the queue; the key encoder begins as a copy of the query encoder.

    In one process. The official code moreover shuffles the batch among GPUs before the keys are computed, so that
    batch norm cannot tell which key belongs to which query; on one GPU that changes nothing.
    """

    queue: Tensor
    queue_ptr: Tensor

    def __init__(self, encoder_q: nn.Module, encoder_k: nn.Module, config: MocoConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder_q, self.encoder_k = encoder_q, encoder_k
        follow(encoder_k, encoder_q, momentum=0.0)
        encoder_k.requires_grad_(False)
        self.register_buffer("queue", functional.normalize(torch.randn(config.width, config.keys), dim=0))
        self.register_buffer("queue_ptr", torch.zeros(1, dtype=torch.long))

    def forward(self, queries: Tensor, keys: Tensor) -> Tensor:
        """Logits (n, 1 + keys) of two views (n, ...) of the same n pictures; the right answer is always column 0.

        One step of training: the key encoder moves first, then the keys are computed without gradient, and
        afterwards they take the oldest places of the queue.

        Raises:
            ValueError: if the queue's length is no multiple of n.
        """
        if self.config.keys % len(queries):
            raise ValueError(f"a queue of {self.config.keys} keys is no multiple of a batch of {len(queries)}")
        q = functional.normalize(self.encoder_q(queries), dim=1)
        with torch.no_grad():
            follow(self.encoder_k, self.encoder_q, self.config.momentum)
            k = functional.normalize(self.encoder_k(keys), dim=1)
        logits = contrast(q, k, self.queue.clone(), self.config.temperature)
        self._enqueue(k)
        return logits

    def _enqueue(self, keys: Tensor) -> None:
        start = int(self.queue_ptr)
        self.queue[:, start : start + len(keys)] = keys.T
        self.queue_ptr[0] = (start + len(keys)) % self.config.keys


@torch.no_grad()
def follow(key: nn.Module, query: nn.Module, momentum: float) -> None:
    """``key ← momentum · key + (1 - momentum) · query``, parameters only: running statistics stay its own.

    Raises:
        ValueError: if the two have not the same parameters.
    """
    for mine, other in zip(key.parameters(), query.parameters(), strict=True):
        mine.mul_(momentum).add_(other, alpha=1 - momentum)


def contrast(queries: Tensor, keys: Tensor, queue: Tensor, temperature: float) -> Tensor:
    """Logits (n, 1 + K): each unit query (n, d) by its own unit key (n, d), then by all columns of ``queue`` (d, K)."""
    own = (queries * keys).sum(dim=1, keepdim=True)
    return torch.cat([own, queries @ queue], dim=1) / temperature


def contrastive_loss(logits: Tensor) -> Tensor:
    """Mean cross-entropy of `MomentumContrast`'s logits, whose right column is 0. Source: arXiv:1911.05722, eq. 1."""
    return functional.cross_entropy(logits, torch.zeros(len(logits), dtype=torch.long, device=logits.device))


def load_moco(path: Path, encoder_q: nn.Module, encoder_k: nn.Module, config: MocoConfig) -> MomentumContrast:
    """Encoders and queue of an official checkpoint, in eval mode, without gradients.

    Raises:
        WeightsError: ``missing`` without the file; ``corrupt`` if tensors are missing, extra or misshapen.
    """
    model = MomentumContrast(encoder_q, encoder_k, config)
    load_strictly(model, read_checkpoint(path), str(path))
    return model.requires_grad_(False).eval()

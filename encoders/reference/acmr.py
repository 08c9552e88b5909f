"""Losses of adversarial cross-modal retrieval: pictures and texts in one space, told apart by label, not by kind.

A projector is trained to keep pairs together and labels apart while a classifier that should tell pictures from texts
fails; a gradient that is turned round does both in one step.

Source: Wang et al. 2017, Adversarial Cross-Modal Retrieval, ACM Multimedia. Whether the paper squares its distances
could not be confirmed: `AcmrConfig.squared` chooses, and true is our choice. The public demo
(sunpeng981712364/ACMR_demo) lets the turned gradient never reach the projector; that is not followed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional


@dataclass(frozen=True, slots=True)
class AcmrConfig:
    """Weights of the terms; none has a default, for the paper's values are not confirmed.

    Attributes:
        margin: distance beyond which a negative no longer counts (μ).
        push: weight of the negatives within a triplet (λ).
        alpha: weight of the triplets.
        beta: weight of the label loss.
        decay: weight of the label classifier's squared weights.
        squared: squared Euclidean distances, or plain ones.
    """

    margin: float
    push: float
    alpha: float
    beta: float
    decay: float
    squared: bool = True


@dataclass(frozen=True, slots=True)
class EmbeddingLoss:
    """Terms of the embedding loss, scalars: triplets with pictures and with texts as anchors, labels, weight decay."""

    pictures: Tensor
    texts: Tensor
    labels: Tensor
    decay: Tensor
    total: Tensor


def embedding_loss(
    pictures: Tensor,
    texts: Tensor,
    labels: Tensor,
    wrong_texts: Tensor,
    wrong_pictures: Tensor,
    classifier: tuple[Tensor, Tensor],
    config: AcmrConfig,
) -> EmbeddingLoss:
    """``α (L_V + L_T) + β L_label + L_reg`` of n pairs.

    Args:
        pictures, texts: (n, d) projected features; row i of both is a pair.
        labels: (n,) int64 classes.
        wrong_texts: (n,) for each picture the index of a text with another label; ``wrong_pictures`` for each text.
        classifier: weight (c, d) and bias (c,) of the label classifier.
    """
    weight, bias = classifier
    seen = triplet_loss(pictures, texts, texts[wrong_texts], config)
    said = triplet_loss(texts, pictures, pictures[wrong_pictures], config)
    named = label_loss(functional.linear(pictures, weight, bias), functional.linear(texts, weight, bias), labels)
    decay = config.decay * weight.square().sum()
    return EmbeddingLoss(seen, said, named, decay, config.alpha * (seen + said) + config.beta * named + decay)


def triplet_loss(anchors: Tensor, positives: Tensor, negatives: Tensor, config: AcmrConfig) -> Tensor:
    """Sum over rows of ``d(a, p) + λ · max(0, μ - d(a, n))``, all (n, d)."""
    near, far = _distance(anchors, positives, config.squared), _distance(anchors, negatives, config.squared)
    return (near + config.push * (config.margin - far).relu()).sum()


def label_loss(pictures: Tensor, texts: Tensor, labels: Tensor) -> Tensor:
    """Mean cross-entropy of the logits (n, c) of pictures, plus that of texts, with ``labels`` (n,)."""
    return functional.cross_entropy(pictures, labels) + functional.cross_entropy(texts, labels)


def modality_loss(pictures: Tensor, texts: Tensor) -> Tensor:
    """Mean cross-entropy of a classifier of kinds: logits (n, 2) of pictures are class 0, those of texts class 1.

    The classifier minimises it and the projector maximises it: give it features through `reverse_gradient`.
    """
    classes = torch.arange(2, device=pictures.device)[:, None].expand(2, len(pictures))
    return functional.cross_entropy(pictures, classes[0]) + functional.cross_entropy(texts, classes[1])


def batch_triplet_loss(
    anchors: Tensor, positives: Tensor, negatives: Tensor, margin: float = 0.1, weight: float = 5.0
) -> Tensor:
    """The demo's other form: ``max(0, margin + weight · P - N)``, P and N half squared distances summed over the batch.

    The hinge acts on the whole batch, not on each row. Source: ACMR_demo, adv_crossmodal_triplet_wiki.py.
    """
    near, far = (_distance(anchors, other, squared=True).sum() / 2 for other in (positives, negatives))
    return (margin + weight * near - far).relu()


def hard_negatives(features: Tensor, labels: Tensor) -> Tensor:
    """For each row of (n, d) the index (n,) of the most similar row with another label, by cosine.

    Source: ACMR_demo, which takes the counterpart, in the other kind, of that row as the negative.

    Raises:
        ValueError: if all labels are the same.
    """
    same = labels[:, None] == labels
    if bool(same.all()):
        raise ValueError("all labels are the same: there are no negatives")
    unit = functional.normalize(features.detach(), dim=1)
    return (unit @ unit.T).masked_fill(same, -torch.inf).argmax(dim=1)


def reversal_weight(progress: float) -> float:
    """Weight of `reverse_gradient` at ``progress`` 0 to 1 of the training: from 0 to nearly 1.

    Source: Ganin et al. 2016, arXiv:1505.07818, section 5.2, with γ = 10, as in ACMR_demo.
    """
    return 2 / (1 + math.exp(-10 * progress)) - 1


def reverse_gradient(x: Tensor, weight: float) -> Tensor:
    """``x`` as it is; its gradient is multiplied by ``-weight`` on the way back."""
    out: Tensor = _Reversal.apply(x, weight)  # type: ignore[no-untyped-call]
    return out


class _Reversal(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: float) -> Tensor:
        ctx.weight = weight
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return -ctx.weight * gradients[0], None


def _distance(one: Tensor, other: Tensor, squared: bool) -> Tensor:
    difference = one - other
    return difference.square().sum(dim=1) if squared else difference.norm(dim=1)

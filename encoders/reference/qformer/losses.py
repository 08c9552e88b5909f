"""The three losses of BLIP-2's first stage: contrastive, matching, captioning.

Source: arXiv:2301.12597, section 3.2; official code salesforce/LAVIS,
lavis/models/blip2_models/blip2_qformer.py (forward). One process; the official code gathers candidates of all.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from encoders.reference.qformer.blip2 import Blip2, similarity

_SMOOTHING = 0.1  # label smoothing of the contrastive and the caption loss, official code
_OWN = -10_000.0  # similarity that keeps a pair from being its own negative, official code
_IGNORED = -100


@dataclass(frozen=True, slots=True)
class Blip2Losses:
    """Scalars; the official loss is their sum."""

    contrastive: Tensor
    matching: Tensor
    caption: Tensor

    @property
    def total(self) -> Tensor:
        """Sum with equal weights."""
        return self.contrastive + self.matching + self.caption


def contrastive_loss(scores: Tensor, reverse: Tensor, positives: Tensor | None = None) -> Tensor:
    """Mean cross-entropy of pictures to texts, ``scores`` (n, n), and of texts to pictures, ``reverse`` (n, n).

    Both are cosines by temperature, and pair i is right for row i, smoothed by 0.1.

    Args:
        positives: (n, n), true where a column is right for a row too (several captions of one picture). Then the
            targets are those of fine-tuning on COCO: 0.9 shared among the positives, 0.1 among all.
    """
    if positives is None:
        targets = torch.arange(len(scores), device=scores.device)
        one, two = (functional.cross_entropy(s, targets, label_smoothing=_SMOOTHING) for s in (scores, reverse))
    else:
        share = positives.to(scores.dtype)
        soft = (1 - _SMOOTHING) * share / share.sum(dim=1, keepdim=True) + _SMOOTHING / share.shape[1]
        one, two = (functional.cross_entropy(s, soft) for s in (scores, reverse))
    return (one + two) / 2


def hard_negatives(scores: Tensor, generator: torch.Generator | None = None) -> Tensor:
    """For each row of ``scores`` (n, n) the column (n,) of a wrong partner, drawn by softmax of the scores.

    Raises:
        ValueError: if there is no wrong partner: fewer than two pairs.
    """
    if len(scores) < 2:
        raise ValueError("hard negatives need at least two pairs")
    own = torch.eye(len(scores), dtype=torch.bool, device=scores.device)
    return torch.multinomial(scores.detach().masked_fill(own, _OWN).softmax(dim=1), 1, generator=generator)[:, 0]


def matching_loss(
    model: Blip2, tokens: Tensor, ids: Tensor, mask: Tensor, wrong_pictures: Tensor, wrong_texts: Tensor
) -> Tensor:
    """Cross-entropy of "matches" for n pairs, and of "does not match" for each with a wrong picture and a wrong text.

    Args:
        tokens: (n, M, vision width) picture tokens; ``ids`` and ``mask`` (n, L) the texts.
        wrong_pictures: (n,) for each text the index of a picture that is not its own.
        wrong_texts: (n,) for each picture the index of a text that is not its own.
    """
    logits = model.match_logits(
        torch.cat([tokens, tokens[wrong_pictures], tokens]),
        torch.cat([ids, ids, ids[wrong_texts]]),
        torch.cat([mask, mask, mask[wrong_texts]]),
    )
    labels = torch.zeros(len(logits), dtype=torch.long, device=logits.device)
    labels[: len(tokens)] = 1
    return functional.cross_entropy(logits, labels)


def caption_loss(logits: Tensor, ids: Tensor, pad: int = 0) -> Tensor:
    """Cross-entropy, smoothed by 0.1, of ``logits`` (B, L, vocabulary) at each token with the next of ``ids`` (B, L).

    Padding is not counted.
    """
    targets = ids[:, 1:].masked_fill(ids[:, 1:] == pad, _IGNORED)
    return functional.cross_entropy(
        logits[:, :-1].flatten(0, 1), targets.flatten(), ignore_index=_IGNORED, label_smoothing=_SMOOTHING
    )


def pretraining_losses(
    model: Blip2, pictures: Tensor, ids: Tensor, mask: Tensor, generator: torch.Generator | None = None
) -> Blip2Losses:
    """All three losses of n >= 2 pairs of pictures (n, 3, s, s) and texts ``ids`` and ``mask`` (n, L).

    Raises:
        ValueError: if there are fewer than two pairs, or shapes do not fit.
    """
    tokens = model.picture_tokens(pictures)
    seen = model.picture_vectors(model.query_states(tokens))
    said = model.text_vectors(model.text_states(ids, mask))
    scores = similarity(seen, said) / model.temp
    reverse = scores.T
    wrong_pictures = hard_negatives(reverse, generator)
    wrong_texts = hard_negatives(scores, generator)
    return Blip2Losses(
        contrastive=contrastive_loss(scores, reverse),
        matching=matching_loss(model, tokens, ids, mask, wrong_pictures, wrong_texts),
        caption=caption_loss(model.caption_logits(tokens, ids, mask), ids, model.config.pad),
    )

"""Recall by vectors, then a closer look at the best: how BLIP and ALBEF retrieve.

Source: official code salesforce/BLIP, train_retrieval.py and eval_retrieval_video.py, and salesforce/ALBEF,
Retrieval.py (evaluation): the k nearest by cosine get the raw match logit, BLIP adds the cosine to it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import torch
from torch import Tensor

VIDEO_K, FLICKR_K, COCO_K = 128, 128, 256
"""How many candidates a query's closer look takes: official configurations for videos, Flickr30k and COCO."""

UNSEEN = -100.0
"""Score of candidates that got no closer look, official code."""

_BATCH = 32  # ours: pairs at once; a pair with a video of eight frames has 4616 tokens


class Matcher(Protocol):
    """A model that looks at pairs: tokens (B, M, width), ids and mask (B, L) to logits (B, 2), class 1 = match."""

    def match_logits(self, tokens: Tensor, ids: Tensor, mask: Tensor) -> Tensor:
        """Logits (B, 2) of B pairs."""
        ...


def rerank(
    similarities: Tensor, match: Callable[[int, Tensor], Tensor], k: int = VIDEO_K, *, add_similarity: bool = True
) -> Tensor:
    """Scores (q, c): for each query's ``k`` most similar candidates, match logit plus similarity; else -100.

    Args:
        similarities: (q, c) cosines, not divided by a temperature.
        match: query index and candidate indices (m,) to logits (m,) of class 1.
        k: candidates a query; all where there are fewer.
        add_similarity: BLIP's rule; False is ALBEF's, which takes the logit alone.

    Raises:
        ValueError: if ``similarities`` is no matrix or ``k < 1``.
    """
    if similarities.ndim != 2 or k < 1:
        raise ValueError(f"similarities must be (q, c) and k positive, not {tuple(similarities.shape)} and {k}")
    scores = torch.full_like(similarities, UNSEEN)
    best = similarities.topk(min(k, similarities.shape[1]), dim=1)
    for query, (candidates, cosines) in enumerate(zip(best.indices, best.values, strict=True)):
        matched = torch.cat([match(query, part) for part in candidates.split(_BATCH)]).to(scores.dtype)
        scores[query, candidates] = matched + cosines if add_similarity else matched
    return scores


@torch.no_grad()
def rerank_pictures(
    model: Matcher,
    tokens: Tensor,
    ids: Tensor,
    mask: Tensor,
    similarities: Tensor,
    k: int = VIDEO_K,
    *,
    add_similarity: bool = True,
) -> Tensor:
    """Scores (t, p) of pictures or videos for each text.

    Args:
        tokens: (p, M, width) picture tokens, or video tokens one after another.
        ids: (t, L) the texts; ``mask`` alike.
        similarities: (t, p) cosines.

    Raises:
        ValueError: if ``similarities`` is not (t, p).
    """
    _check(similarities, len(ids), len(tokens))

    def match(text: int, pictures: Tensor) -> Tensor:
        rows = [text] * len(pictures)
        return model.match_logits(tokens[pictures], ids[rows], mask[rows])[:, 1]

    return rerank(similarities, match, k, add_similarity=add_similarity)


@torch.no_grad()
def rerank_texts(
    model: Matcher,
    tokens: Tensor,
    ids: Tensor,
    mask: Tensor,
    similarities: Tensor,
    k: int = VIDEO_K,
    *,
    add_similarity: bool = True,
) -> Tensor:
    """Scores (p, t) of texts for each picture or video; arguments as for `rerank_pictures`, similarities (p, t).

    Raises:
        ValueError: if ``similarities`` is not (p, t).
    """
    _check(similarities, len(tokens), len(ids))

    def match(picture: int, texts: Tensor) -> Tensor:
        rows = [picture] * len(texts)
        return model.match_logits(tokens[rows], ids[texts], mask[texts])[:, 1]

    return rerank(similarities, match, k, add_similarity=add_similarity)


def _check(similarities: Tensor, queries: int, candidates: int) -> None:
    if similarities.shape != (queries, candidates):
        raise ValueError(f"similarities must be ({queries}, {candidates}), not {tuple(similarities.shape)}")

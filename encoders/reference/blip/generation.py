"""Texts token by token: the likeliest token each time, or drawn from the nucleus (`encoders.reference.blip.beams`: the
likeliest texts).

Source: official code salesforce/BLIP, models/blip.py, BLIP_Decoder.generate, which calls the generation of
huggingface/transformers; the order of the steps is that library's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

NUCLEUS = 0.9
"""Share of probability kept for drawing captions (arXiv:2201.12086, section 4.3)."""

NUCLEUS_PENALTY = 1.1
"""Repetition penalty when captions are drawn, official code."""


@dataclass(frozen=True, slots=True)
class GenerationConfig:
    """How to choose tokens.

    Attributes:
        max_length: tokens at most, with the prompt (20: official configs/caption_coco.yaml).
        min_length: tokens, with the prompt, before which a text may not end (5: the same).
        beams: beginnings of texts that are followed side by side (3: the same); 1: always the likeliest token.
        length_penalty: of `encoders.reference.blip.beams`: a text's log probability is divided by its length to this
            power.
        top_p: draw from the fewest tokens that hold this share of probability; None: always the likeliest token.
        top_k: draw from this many likeliest tokens at most; 0: all. 50 is the default of transformers, which the
            official code leaves as it is.
        repetition_penalty: logits of tokens that were there already are divided by it if positive, else multiplied.
    """

    max_length: int = 20
    min_length: int = 5
    beams: int = 1
    length_penalty: float = 1.0
    top_p: float | None = None
    top_k: int = 50
    repetition_penalty: float = 1.0

    def __post_init__(self) -> None:
        """Check.

        Raises:
            ValueError: if a number makes no sense.
        """
        if not 0 <= self.min_length <= self.max_length:
            raise ValueError(f"lengths must be 0 <= {self.min_length} <= {self.max_length}")
        if self.beams < 1 or (self.beams > 1 and self.top_p is not None):
            raise ValueError(f"{self.beams} beams cannot be, or not with tokens that are drawn")
        if self.top_p is not None and not 0 < self.top_p <= 1:
            raise ValueError(f"top_p must be in (0, 1], not {self.top_p}")
        if self.top_k < 0 or self.repetition_penalty <= 0:
            raise ValueError(
                f"neither top_k = {self.top_k} nor repetition_penalty = {self.repetition_penalty} may be so"
            )

    def check_prompt(self, prompt: Tensor) -> None:
        """Check what texts are to go on from.

        Raises:
            ValueError: if the prompt is not (B, P) with P > 0, or leaves no room below ``max_length``.
        """
        if prompt.ndim != 2 or not 1 <= prompt.shape[1] < self.max_length:
            raise ValueError(f"the prompt must be (B, P) with 1 <= P < {self.max_length}, not {tuple(prompt.shape)}")


def nucleus_config() -> GenerationConfig:
    """How CapFilt draws its captions: nucleus 0.9, repetition penalty 1.1, 5 to 20 tokens."""
    return GenerationConfig(top_p=NUCLEUS, repetition_penalty=NUCLEUS_PENALTY)


@torch.no_grad()
def generate(
    next_logits: Callable[[Tensor], Tensor],
    prompt: Tensor,
    config: GenerationConfig,
    *,
    end: int,
    pad: int = 0,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Token ids (B, <= max_length) that go on from ``prompt`` (B, P); after ``end``, ``pad``.

    Args:
        next_logits: ids (B, L) to the logits (B, vocabulary) of the token that follows.
        generator: where random numbers come from; with the same seed, the same texts.

    Raises:
        ValueError: if the prompt is empty or leaves no room below ``max_length``.
    """
    config.check_prompt(prompt)
    ids, ended = prompt, torch.zeros(len(prompt), dtype=torch.bool, device=prompt.device)
    while ids.shape[1] < config.max_length and not bool(ended.all()):
        logits = penalised(next_logits(ids), ids, config.repetition_penalty)
        if ids.shape[1] < config.min_length:
            logits[:, end] = -torch.inf
        if config.top_p is None:
            chosen = logits.argmax(dim=1)
        else:
            shares = nucleus(logits, config.top_p, config.top_k)
            chosen = torch.multinomial(shares, 1, generator=generator)[:, 0]
        chosen = chosen.masked_fill(ended, pad)
        ids = torch.cat([ids, chosen[:, None]], dim=1)
        ended = ended | (chosen == end)
    return ids


def nucleus(logits: Tensor, top_p: float, top_k: int = 0) -> Tensor:
    """Probabilities (B, V) of ``logits`` (B, V) without what lies outside the ``top_k`` and then the nucleus.

    The token with which the sum reaches ``top_p`` still belongs to it.
    """
    if 0 < top_k < logits.shape[1]:
        logits = logits.masked_fill(logits < logits.topk(top_k, dim=1).values[:, -1:], -torch.inf)
    ordered, order = logits.sort(dim=1, descending=True)
    shares = ordered.softmax(dim=1)
    outside = shares.cumsum(dim=1) - shares > top_p
    return logits.masked_fill(torch.zeros_like(outside).scatter(1, order, outside), -torch.inf).softmax(dim=1)


def penalised(logits: Tensor, ids: Tensor, penalty: float) -> Tensor:
    """A copy of ``logits`` (B, V), or of their log softmax, with those of all tokens in ``ids`` made smaller."""
    found = logits.gather(1, ids)
    return logits.scatter(1, ids, torch.where(found < 0, found * penalty, found / penalty))

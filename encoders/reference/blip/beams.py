"""Texts token by token, several at a time: the likeliest beginnings go on (beam search).

A text that ends is kept with its log probability over its length to the power of ``length_penalty``; the best one is
the answer. The length counts the prompt and not the token that ends a text, and a search is over when no beginning can
beat the worst text kept, both as in the library's version that the official code names.

Source: official code salesforce/BLIP, models/blip.py, BLIP_Decoder.generate (``num_beams=3``), which calls
huggingface/transformers 4.15, generation_utils.py (beam_search) and generation_beam_search.py.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor

from encoders.reference.blip.generation import GenerationConfig, penalised

_NEVER = -1e9  # all beams begin alike: all but one must not be chosen at first


@dataclass(slots=True)
class _Texts:
    """The best texts of one picture that have ended, with their scores."""

    most: int
    length_penalty: float
    over: bool = False
    kept: list[tuple[float, Tensor]] = field(default_factory=list)

    def add(self, ids: Tensor, log_probability: float) -> None:
        self.kept.append((self.score(log_probability, len(ids)), ids))
        # Of equal ones the first stays, by a sort that is stable.
        self.kept = sorted(self.kept, key=lambda one: -one[0])[: self.most]

    def score(self, log_probability: float, length: int) -> float:
        return log_probability / float(length**self.length_penalty)

    def is_final(self, best: float, length: int) -> bool:
        """Whether nothing that goes on, the best of which has so great a log probability, can come among them."""
        return len(self.kept) == self.most and self.kept[-1][0] >= self.score(best, length)


@torch.no_grad()
def beam_search(
    next_logits: Callable[[Tensor], Tensor],
    prompt: Tensor,
    config: GenerationConfig,
    *,
    end: int,
    pad: int = 0,
    reorder: Callable[[Tensor], None] = lambda _rows: None,
) -> Tensor:
    """Token ids (B, <= max_length) that go on from ``prompt`` (B, P); after ``end``, ``pad``.

    Args:
        next_logits: ids (B · beams, L), those of one picture next to each other, to the logits (B · beams, vocabulary)
            of the token that follows.
        reorder: told, before `next_logits` is asked again, the rows (B · beams,) of the former call that the texts go
            on from; for what was kept of them.

    Raises:
        ValueError: if the prompt is empty or leaves no room below ``max_length``, or the vocabulary is smaller than
            twice the beams.
    """
    config.check_prompt(prompt)
    count, beams = len(prompt), config.beams
    ids = prompt.repeat_interleave(beams, dim=0)
    scores = torch.full((count, beams), _NEVER, device=prompt.device)
    scores[:, 0] = 0.0
    texts = [_Texts(beams, config.length_penalty) for _ in range(count)]
    if not texts:
        return prompt
    while ids.shape[1] < config.max_length and not all(each.over for each in texts):
        logits = next_logits(ids)
        shares = penalised(logits.float().log_softmax(dim=1), ids, config.repetition_penalty)
        if ids.shape[1] < config.min_length:
            shares[:, end] = -torch.inf
        size = shares.shape[1]
        if size < 2 * beams:
            raise ValueError(f"{beams} beams need a vocabulary of {2 * beams} at least, not {size}")
        # Twice as many as needed: as many as there are beams may end here.
        best, places = (scores[:, :, None] + shares.view(count, beams, size)).flatten(1).topk(2 * beams, dim=1)
        rows, tokens = places // size, places % size
        chosen_rows, chosen_tokens = torch.zeros_like(rows[:, :beams]), torch.full_like(rows[:, :beams], pad)
        scores = torch.zeros_like(scores)
        for picture, kept in enumerate(texts):
            if kept.over:
                continue
            going_on = 0
            for rank, (score, row, token) in enumerate(
                zip(best[picture].tolist(), rows[picture].tolist(), tokens[picture].tolist(), strict=True)
            ):
                if token == end:
                    if rank < beams:
                        kept.add(ids[picture * beams + row], score)
                    continue
                chosen_rows[picture, going_on], chosen_tokens[picture, going_on] = row, token
                scores[picture, going_on] = score
                going_on += 1
                if going_on == beams:
                    break
            kept.over = kept.is_final(float(best[picture, 0]), ids.shape[1])
        from_rows = (chosen_rows + beams * torch.arange(count, device=ids.device)[:, None]).flatten()
        reorder(from_rows)
        ids = torch.cat([ids[from_rows], chosen_tokens.flatten()[:, None]], dim=1)
    for picture, kept in enumerate(texts):
        if not kept.over:
            for row in range(beams):
                kept.add(ids[picture * beams + row], float(scores[picture, row]))
    return _padded([each.kept[0][1] for each in texts], config.max_length, end, pad)


def _padded(texts: list[Tensor], longest: int, end: int, pad: int) -> Tensor:
    """(B, L) of texts of different lengths, each with ``end`` behind it if there is room."""
    width = min(max(map(len, texts)) + 1, longest)
    ids = torch.full((len(texts), width), pad, dtype=texts[0].dtype, device=texts[0].device)
    for row, text in enumerate(texts):
        ids[row, : len(text)] = text
        if len(text) < width:
            ids[row, len(text)] = end
    return ids

"""Visual tokens between the text tokens of a language model's input, in place of placeholders.

Source: official code PKU-YuanGroup/Video-LLaVA, videollava/model/llava_arch.py,
prepare_inputs_labels_for_multimodal.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

PLACEHOLDER = -200
"""Stands for one block of visual tokens; no token of the tokenizer. Source: official code, constants.py."""

IGNORED = -100
"""Label of what the loss leaves out: visual tokens and padding. Source: as before."""

MAX_LENGTH = 3072
"""The longest input of the released model (tokenizer_model_max_length)."""


@dataclass(frozen=True, slots=True)
class Spliced:
    """A batch for the language model, padded on one side.

    Attributes:
        embeddings: (b, l, h), padding 0.
        labels: (b, l) int64, visual tokens and padding -100.
        attention_mask: (b, l) bool, true where no padding is.
        position_ids: (b, l) int64, counted from 0 in each row, padding 0.
    """

    embeddings: Tensor
    labels: Tensor
    attention_mask: Tensor
    position_ids: Tensor


def blocks_of(visuals: Sequence[Tensor]) -> list[Tensor]:
    """One block (n, h) for each placeholder: an image (n, h) is one, a video (t, n, h) one for each frame.

    Raises:
        ValueError: if a visual has another number of dimensions.
    """
    if any(visual.ndim not in (2, 3) for visual in visuals):
        raise ValueError("an image must be (n, h), a video (t, n, h)")
    return [block for visual in visuals for block in (visual if visual.ndim == 3 else [visual])]


def splice(
    ids: Sequence[Tensor],
    blocks: Sequence[Tensor],
    embedding: Callable[[Tensor], Tensor],
    *,
    labels: Sequence[Tensor] | None = None,
    max_length: int | None = MAX_LENGTH,
    left_padding: bool = False,
) -> Spliced:
    """Rows of token ids with a block of visual tokens in place of each placeholder, in order over the whole batch.

    Args:
        ids: rows (l,) int64 without padding.
        blocks: (n, h) each, as `blocks_of` gives them. As officially, a row without a placeholder uses one up, of
            which nothing is taken.
        embedding: of the language model, ids (n,) to (n, h).
        labels: of each row's ids; default: all ignored.
        max_length: longer rows are cut at their end; no limit if None.
        left_padding: put the padding before the rows, not behind them.

    Raises:
        ValueError: if there is no row, blocks and placeholders do not fit in number, a block has another width than
            the language model, or a row's labels have another length.
    """
    if not len(ids):
        raise ValueError("there is no row")
    needed = sum(max(int((row == PLACEHOLDER).sum()), 1) for row in ids)
    if needed != len(blocks):
        raise ValueError(f"the rows need {needed} blocks, not {len(blocks)}; rows without placeholder use one up")
    given = [torch.full_like(row, IGNORED) for row in ids] if labels is None else list(labels)
    if [row.shape for row in given] != [row.shape for row in ids] or any(row.ndim != 1 for row in ids):
        raise ValueError("rows must be (l,), each with as many labels as ids")
    remaining = list(blocks)
    rows, targets = [], []
    for row, target in zip(ids, given, strict=True):
        count = int((row == PLACEHOLDER).sum())
        taken, remaining = remaining[:count], remaining[max(count, 1) :]
        embeddings, label = _row(row, target, taken, embedding)
        rows.append(embeddings[:max_length])
        targets.append(label[:max_length])
    side = "left" if left_padding else "right"
    counts = [torch.arange(len(row), device=row.device) for row in rows]
    return Spliced(
        pad_sequence(rows, batch_first=True, padding_side=side),
        pad_sequence(targets, batch_first=True, padding_value=IGNORED, padding_side=side),
        pad_sequence(
            [torch.ones_like(count, dtype=torch.bool) for count in counts], batch_first=True, padding_side=side
        ),
        pad_sequence(counts, batch_first=True, padding_side=side),
    )


def _row(
    ids: Tensor, labels: Tensor, blocks: Sequence[Tensor], embedding: Callable[[Tensor], Tensor]
) -> tuple[Tensor, Tensor]:
    places = torch.where(ids == PLACEHOLDER)[0].tolist()
    text = embedding(ids[ids != PLACEHOLDER])
    if any(block.ndim != 2 or block.shape[1] != text.shape[1] for block in blocks):
        raise ValueError(f"visual tokens must be (n, {text.shape[1]}), as wide as the language model")
    parts, targets, begin = [], [], 0
    for passed, (place, block) in enumerate(zip(places, blocks, strict=True)):
        parts += [text[begin - passed : place - passed], block.to(text)]
        targets += [labels[begin:place], labels.new_full((len(block),), IGNORED)]
        begin = place + 1
    return torch.cat([*parts, text[begin - len(places) :]]), torch.cat([*targets, labels[begin:]])

"""Visual tokens into the embeddings of a tokenised prompt, where its placeholders are.

The placeholder of a video is ``<im_start>`` p · ``<im_patch>`` ``<im_end>`` ``<vi_start>`` t · ``<vi_frame>``
``<vi_end>``; that of an image is the first part alone.

Source: official code RupertLuo/Valley, valley/model/valley_model.py (forward).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from encoders.reference.valley.model import ValleyTokens


@dataclass(frozen=True, slots=True)
class ValleyTokenIds:
    """The tokenizer's ids of the six placeholder tokens."""

    im_patch: int
    im_start: int
    im_end: int
    vi_start: int
    vi_end: int
    vi_frame: int


def splice(
    ids: Tensor, embeddings: Tensor, videos: Sequence[ValleyTokens], tokens: ValleyTokenIds, *, lenient: bool = False
) -> Tensor:
    """Embeddings (b, l, h) with every patch and frame slot filled, in the dtype of ``embeddings``.

    Rows without patch slots stay as they are and take no video. Several images in one row all receive the same
    pooled tokens.

    Args:
        ids: (b, l) token ids.
        embeddings: (b, l, h) embeddings of these ids; not changed.
        videos: one per row that has patch slots, in the order of the rows.
        lenient: do as the official code where the frame slots do not fit the frames: leave their untrained token
            embeddings in place, without a word. Otherwise that is an error.

    Raises:
        ValueError: if slots and videos do not fit: a prompt was cut or made for another number of frames.
    """
    if embeddings.ndim != 3 or ids.shape != embeddings.shape[:2]:
        raise ValueError(f"ids {tuple(ids.shape)} and embeddings {tuple(embeddings.shape)} do not belong together")
    visual = [row for row, line in enumerate(ids) if bool((line == tokens.im_patch).any())]
    if len(visual) != len(videos):
        raise ValueError(f"{len(visual)} rows have slots for a video, but there are {len(videos)} videos")
    if any(video.pooled.shape[-1] != embeddings.shape[-1] for video in videos):
        raise ValueError(f"video tokens must have the {embeddings.shape[-1]} channels of the language model")
    result = embeddings.clone()
    for row, video in zip(visual, videos, strict=True):
        line = ids[row]
        for start in _starts(line, tokens.im_start, tokens.im_end, len(video.pooled), "patch"):
            result[row, start : start + len(video.pooled)] = video.pooled.to(result)
        try:
            starts = _frame_starts(line, tokens, len(video.frames))
        except ValueError:
            if not lenient:
                raise
            starts = []
        for start in starts:
            result[row, start : start + len(video.frames)] = video.frames.to(result)
    return result


def _frame_starts(line: Tensor, tokens: ValleyTokenIds, frames: int) -> list[int]:
    slots = int((line == tokens.vi_frame).sum())
    starts = _starts(line, tokens.vi_start, tokens.vi_end, frames, "frame")
    if slots != frames and (slots or starts):
        raise ValueError(f"the prompt has {slots} frame slots for {frames} frames")
    return starts


def _starts(line: Tensor, start: int, end: int, slots: int, kind: str) -> list[int]:
    """Positions of the first slot after each ``start``, with an ``end`` right after the last slot."""
    starts = torch.where(line == start)[0].tolist()
    if len(starts) != int((line == end).sum()):
        raise ValueError(f"the prompt has {len(starts)} starts but {int((line == end).sum())} ends of {kind} slots")
    for place in starts:
        if place + slots + 1 >= len(line) or int(line[place + slots + 1]) != end:
            raise ValueError(f"the {slots} {kind} slots from position {place} have no end: the prompt seems cut")
    return [place + 1 for place in starts]

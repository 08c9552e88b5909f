"""Video embeddings into the embeddings of a tokenised prompt, where its placeholders are.

Source: official code mbzuai-oryx/Video-ChatGPT, video_chatgpt/model/video_chatgpt.py (forward).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class VideoTokenIds:
    """The tokenizer's ids of the placeholder tokens; without ``start`` and ``end`` the slots stand alone."""

    patch: int
    start: int | None = None
    end: int | None = None


def splice(ids: Tensor, embeddings: Tensor, videos: Sequence[Tensor], tokens: VideoTokenIds) -> Tensor:
    """Embeddings (b, l, h) with the slots filled, in the dtype of ``embeddings``.

    Args:
        ids: (b, l) token ids.
        embeddings: (b, l, h) embeddings of these ids; not changed.
        videos: b tensors (n, h). As officially, rows without slots use one up too, which is not looked at.

    Raises:
        ValueError: if slots and videos do not fit: there are fewer videos than rows, a prompt was cut or made
            for another number of tokens, or a row has several videos (of which the official code would keep the last).
    """
    if embeddings.ndim != 3 or ids.shape != embeddings.shape[:2]:
        raise ValueError(f"ids {tuple(ids.shape)} and embeddings {tuple(embeddings.shape)} do not belong together")
    if len(videos) != len(ids):
        raise ValueError(f"{len(ids)} rows need as many videos, not {len(videos)}; rows without slots count too")
    if any(video.ndim != 2 or video.shape[-1] != embeddings.shape[-1] for video in videos):
        raise ValueError(f"video tokens must have the {embeddings.shape[-1]} channels of the language model")
    result = embeddings.clone()
    for row, (line, video) in enumerate(zip(ids, videos, strict=True)):
        if bool((line == tokens.patch).any()):
            first = _first_slot(line, len(video), tokens)
            result[row, first : first + len(video)] = video.to(result)
    return result


def _first_slot(line: Tensor, slots: int, tokens: VideoTokenIds) -> int:
    if tokens.start is None or tokens.end is None:
        places = torch.where(line == tokens.patch)[0]
        if len(places) != slots:
            raise ValueError(f"the prompt has {len(places)} slots for {slots} video tokens")
        if int(places[-1] - places[0]) != slots - 1:
            raise ValueError("the slots of the video do not follow each other")
        return int(places[0])
    starts, ends = torch.where(line == tokens.start)[0], torch.where(line == tokens.end)[0]
    if len(starts) != 1 or len(ends) != 1:
        raise ValueError(f"the prompt must have one video, but has {len(starts)} starts and {len(ends)} ends")
    if int(ends[0]) != int(starts[0]) + slots + 1:
        raise ValueError(f"the end must come right after {slots} slots: the prompt seems cut")
    return int(starts[0]) + 1

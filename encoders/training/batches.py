"""Judged pairs as tensors, as many as are looked at together."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from encoders.training.cross_modal import CrossModalRanker
from encoders.training.fusion import RecalledTags
from encoders.training.pairs import PairData

TOGETHER = 8
"""Pairs of one video that follow each other, as far as it has so many: what was recalled for it is then read once for
all of them. Source: our choice: a batch still has dozens of videos."""


class Evidence(NamedTuple):
    """What was recalled for the u videos of a batch, and which tags are asked about.

    Attributes:
        texts: (t, text) of all tags among these, each once; facets: (t,).
        which: (u, k) rows of them; scores: (u, k, sources); known: (u, k) bool, false for padding.
        asked: (u, q) rows of them, padded with any.
        first: (u,) a pair of each video; video, place: (b,) where in ``asked`` each pair is.
    """

    texts: Tensor
    facets: Tensor
    which: Tensor
    scores: Tensor
    known: Tensor
    asked: Tensor
    first: Tensor
    video: Tensor
    place: Tensor


class Batch(NamedTuple):
    """b pairs of a video and a tag.

    Attributes:
        clips: (b, m, visual); there: (b, m) bool, false for padding.
        tags: (b, text).
        evidence: None for a network that reads clips alone.
    """

    clips: Tensor
    there: Tensor
    tags: Tensor
    evidence: Evidence | None

    def logits(self, model: CrossModalRanker, seen: Tensor, tags: Tensor) -> Tensor:
        """(b,) by clips and evidence.

        Args:
            seen: (b, m, width) and tags: (b, width), projected.
        """
        said: Tensor = model(seen, self.there, tags)
        if model.fusion is None or self.evidence is None:
            return said
        read, named = self.evidence, model.fusion.names(self.evidence.texts)
        recalled = RecalledTags(named[read.which], read.facets[read.which], read.scores, read.known)
        clips, there = seen[read.first], self.there[read.first]
        fused: Tensor = model.fusion(clips, there, recalled, named[read.asked], read.facets[read.asked])
        return said + fused[read.video, read.place]


def by_video(order: NDArray[np.int64], video: NDArray[np.int64]) -> NDArray[np.int64]:
    """The same pairs, `TOGETHER` of a video one after another; else as they were.

    Args:
        order: (n,) pairs; video: of all pairs.
    """
    its = video[order]
    sorted_ = np.argsort(its, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(its[sorted_]) != 0])
    place = np.arange(len(order)) - np.repeat(starts, np.diff(np.r_[starts, len(order)]))
    # Each group stands where its first pair stood.
    first = sorted_[np.arange(len(order)) - place % TOGETHER]
    return order[sorted_[np.lexsort((place, first))]]


def batch_of(data: PairData, rows: NDArray[np.int64], device: str, evidence: bool) -> Batch:
    """Pairs (b,) as tensors.

    Args:
        evidence: with what was recalled for the videos.
    """
    videos, tags = np.asarray(data.video[rows]), np.asarray(data.tag[rows])
    clips, there = clips_of(data, videos, device)
    texts = torch.from_numpy(np.array(data.tags[tags], np.float32)).to(device)
    if not evidence:
        return Batch(clips, there, texts, None)
    its, first, video = np.unique(videos, return_index=True, return_inverse=True)
    order = np.argsort(video, kind="stable")
    counts = np.bincount(video, minlength=len(its))
    place = np.empty(len(rows), np.int64)
    place[order] = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
    which = np.array(data.evidence_tag[its])
    which = which[:, : int((which >= 0).sum(axis=1).max(initial=0))]  # padding stands behind what was recalled
    some, of_all = np.unique(np.concatenate([which.clip(min=0).ravel(), tags]), return_inverse=True)
    asked = np.zeros((len(its), int(counts.max(initial=0))), np.int64)
    asked[video, place] = of_all[which.size :]
    made = (
        np.array(data.tags[some], np.float32),
        np.array(data.facet[some]),
        of_all[: which.size].reshape(which.shape),
        np.array(data.evidence_scores[its][:, : which.shape[1]], np.float32),
        which >= 0,
        asked,
        first,
        video,
        place,
    )
    return Batch(clips, there, texts, Evidence(*(torch.from_numpy(one).to(device) for one in made)))


def clips_of(data: PairData, videos: NDArray[np.int64], device: str) -> tuple[Tensor, Tensor]:
    """(b, m, visual) of videos, and (b, m) which of them are no padding."""
    clips = torch.from_numpy(np.array(data.clips[videos], np.float32)).to(device)
    lengths = torch.from_numpy(np.array(data.lengths[videos])).to(device)
    return clips, torch.arange(clips.shape[1], device=device)[None] < lengths[:, None]

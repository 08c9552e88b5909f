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


class Evidence(NamedTuple):
    """What was recalled for the b videos of a batch, and what the asked tags are.

    Attributes:
        texts: (u, text) of all tags among it, each once; which: (b, k) and asked: (b,) rows of them.
        facets: (u,); scores: (b, k, sources); known: (b, k) bool, false for padding.
    """

    texts: Tensor
    which: Tensor
    asked: Tensor
    facets: Tensor
    scores: Tensor
    known: Tensor


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
        asked, facets = named[read.asked][:, None], read.facets[read.asked][:, None]
        fused: Tensor = model.fusion(seen, self.there, recalled, asked, facets)
        return said + fused[:, 0]


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
    which = np.array(data.evidence_tag[videos])
    which = which[:, : int((which >= 0).sum(axis=1).max(initial=0))]  # padding stands behind what was recalled
    some, place = np.unique(np.concatenate([which.clip(min=0).ravel(), tags]), return_inverse=True)
    made = (
        np.array(data.tags[some], np.float32),
        place[: which.size].reshape(which.shape),
        place[which.size :],
        np.array(data.facet[some]),
        np.array(data.evidence_scores[videos][:, : which.shape[1]], np.float32),
        which >= 0,
    )
    return Batch(clips, there, texts, Evidence(*(torch.from_numpy(one).to(device) for one in made)))


def clips_of(data: PairData, videos: NDArray[np.int64], device: str) -> tuple[Tensor, Tensor]:
    """(b, m, visual) of videos, and (b, m) which of them are no padding."""
    clips = torch.from_numpy(np.array(data.clips[videos], np.float32)).to(device)
    lengths = torch.from_numpy(np.array(data.lengths[videos])).to(device)
    return clips, torch.arange(clips.shape[1], device=device)[None] < lengths[:, None]

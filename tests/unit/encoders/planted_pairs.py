"""Judged pairs in which a relation between clips and texts is planted."""

from __future__ import annotations

import numpy as np

from encoders.training.pairs import PairData


def planted_pairs(videos: int = 120, tags: int = 16, clips: int = 2, topics: int = 4, seed: int = 0) -> PairData:
    """A clip shows one topic or none; a tag belongs to one; it is right where a clip of the video shows its topic.
    A third of the videos show none, and so have no tag that could pull them near the texts.

    Pictures and texts know topics by vectors that have nothing to do with each other, and lie far apart: the kinds
    have means of their own.
    """
    rng = np.random.default_rng(seed)
    seen, said = rng.standard_normal((topics, 16)), rng.standard_normal((topics, 12))
    shown = np.stack([rng.permutation(topics)[:clips] for _ in range(videos)])
    of_tag = np.arange(tags) % topics
    shown[::3] = topics
    pictures = np.concatenate([seen, np.zeros((1, 16))])[shown] + 0.3 * rng.standard_normal((videos, clips, 16)) - 1.0
    texts = said[of_tag] + 0.3 * rng.standard_normal((tags, 12)) + 2.0
    video, tag = np.repeat(np.arange(videos), tags), np.tile(np.arange(tags), videos)
    accepted = (shown[video] == of_tag[tag][:, None]).any(axis=1).astype(np.float32)
    share = float(accepted.mean())
    return PairData(
        pictures.astype(np.float32),
        np.full(videos, clips),
        texts.astype(np.float32),
        video,
        tag,
        accepted,
        np.full(len(video), np.log(share / (1 - share)), np.float32),
    )


def some(data: PairData, rows: np.ndarray) -> PairData:
    """Only those pairs."""
    return PairData(
        data.clips, data.lengths, data.tags, data.video[rows], data.tag[rows], data.accepted[rows], data.base[rows]
    )

"""Judged pairs in which a relation between clips and texts is planted."""

from __future__ import annotations

from dataclasses import replace

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
        *nothing_recalled(videos, tags),
    )


def nothing_recalled(videos: int, tags: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Facets and evidence where none is known."""
    return np.zeros(tags, np.int64), np.zeros((videos, 0), np.int64), np.zeros((videos, 0, 0), np.float32)


def some(data: PairData, rows: np.ndarray) -> PairData:
    """Only those pairs."""
    return replace(data, video=data.video[rows], tag=data.tag[rows], accepted=data.accepted[rows], base=data.base[rows])


def planted_facets(videos: int = 300, targets: int = 4, seed: int = 0) -> PairData:
    """Tag X is right where a place and a thing, its own of each, are both recalled, and wrong where only one is or
    none; every place, thing and person is recalled for 7 of 10 videos. The clips show nothing.

    Tags: the targets (facet 1), their places (2), their things (3), and as many persons (4), who tell nothing.
    """
    rng = np.random.default_rng(seed)
    present = rng.random((videos, 3, targets)) < 0.7
    right = present[:, 0] & present[:, 1]
    most = 3 * targets
    names = targets + np.arange(most)
    which = np.full((videos, most), -1)
    for at, there in enumerate(present.reshape(videos, most)):
        its = rng.permutation(names[there])
        which[at, : len(its)] = its
    said = rng.uniform(0.3, 0.9, (videos, most, 2)) * (rng.random((videos, most, 2)) < 0.7)
    accepted = right.astype(np.float32).ravel()
    share = float(accepted.mean())
    return PairData(
        rng.standard_normal((videos, 2, 16)).astype(np.float32),
        np.full(videos, 2),
        rng.standard_normal((targets + most, 12)).astype(np.float32),
        np.repeat(np.arange(videos), targets),
        np.tile(np.arange(targets), videos),
        accepted,
        np.full(len(accepted), np.log(share / (1 - share)), np.float32),
        1 + np.repeat(np.arange(4), targets),
        which,
        (said * (which >= 0)[..., None]).astype(np.float32),
    )

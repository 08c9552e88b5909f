"""Judgements whose truth is known: what is planted must be found, and nothing else."""

from __future__ import annotations

import numpy as np

from agents.tagging.rank.lessons import Evidence, Lessons
from tests.unit.encoders.planted_pairs import planted_facets


def look_alikes(videos: int = 60, seed: int = 0) -> Lessons:
    """Videos of three kinds that look alike within a kind; a kind has its tag, and a second tag that goes with it.

    Sources say as much of wrong tags as of right ones: only looks tell them apart. Each fifth video is a copy of the
    one before it.
    """
    rng = np.random.default_rng(seed)
    kind = np.arange(videos) % 3
    centres = rng.standard_normal((3, 16))
    vectors = centres[kind] + 0.4 * rng.standard_normal((videos, 16))
    groups = np.arange(videos)
    for copy in range(5, videos, 5):
        vectors[copy], kind[copy], groups[copy] = vectors[copy - 1], kind[copy - 1], copy - 1
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    video, tag = np.repeat(np.arange(videos), 6), np.tile(np.arange(6), videos)
    return Lessons(
        videos=tuple(f"v{n:03}" for n in range(videos)),
        tags=tuple(f"t{n}" for n in range(6)),
        sources=("picture", "speech"),
        facets=("what",) * 3 + ("where",) * 3,
        video=video,
        tag=tag,
        accepted=tag % 3 == kind[video],
        scores=rng.uniform(0.3, 0.7, (len(video), 2)) * (rng.random((len(video), 2)) < 0.7),
        vectors=vectors.astype(np.float32),
        groups=groups,
    )


def loud_source(pairs: int = 600, seed: int = 0) -> Lessons:
    """Two sources: what "honest" says is true as often as it says; "loud" says .9 and is right in a fifth of cases.

    Every video stands alone and looks like nothing else.
    """
    rng = np.random.default_rng(seed)
    honest = rng.uniform(0.1, 0.9, pairs)
    speaks = np.arange(pairs) % 2 == 0
    accepted = rng.random(pairs) < np.where(speaks, honest, 0.2)
    videos = pairs // 5
    return Lessons(
        videos=tuple(f"v{n:03}" for n in range(videos)),
        tags=tuple(f"t{n:02}" for n in range(20)),
        sources=("honest", "loud"),
        facets=("what",) * 20,
        video=np.arange(pairs) // 5,
        tag=np.arange(pairs) % 20,
        accepted=accepted,
        scores=np.stack([np.where(speaks, honest, 0.0), np.where(speaks, 0.0, 0.9)], axis=1),
        vectors=np.zeros((videos, 4), np.float32),
        groups=np.arange(videos),
    )


def facets_together(videos: int = 240, targets: int = 4, seed: int = 0) -> Lessons:
    """`tests.unit.encoders.planted_pairs.planted_facets` as judgements of tags that no source recalls, beside what is
    recorded of the other tags of all videos."""
    data = planted_facets(videos, targets, seed)
    names = tuple(f"{'xpts'[at // targets]}{at % targets}" for at in range(len(data.tags)))
    facets = tuple(("how", "where", "what", "who")[at // targets] for at in range(len(data.tags)))
    said = Evidence(
        names[targets:],
        facets[targets:],
        ("picture", "speech"),
        data.tags[targets:],
        np.where(data.evidence_tag >= 0, data.evidence_tag - targets, -1),
        data.evidence_scores,
    )
    return Lessons(
        videos=tuple(f"v{n:03}" for n in range(videos)),
        tags=names[:targets],
        sources=(),
        facets=facets[:targets],
        video=data.video,
        tag=data.tag,
        accepted=data.accepted > 0.5,
        scores=np.zeros((len(data), 0)),
        vectors=np.zeros((videos, 16), np.float32),
        groups=np.arange(videos),
        clips=data.clips,
        lengths=data.lengths,
        texts=data.tags[:targets],
        evidence=said,
    )

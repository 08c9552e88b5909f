"""What people judged, as arrays that rankers learn from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from stores.tags.judgements import Judged

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

PROPOSER = "judgements"
"""Source of a tag that no source recalled, and that a ranker proposes; it teaches nothing."""

FOLDS = 5
"""Source: Hastie, Tibshirani, Friedman 2009, section 7.10: five or ten."""

LEAST, MOST = 1e-4, 1.0 - 1e-4
"""Probabilities are kept within: a single number never makes a thing certain."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was recalled for v videos, judged or not.

    Attributes:
        tags, sources: names; facets: of each tag.
        texts: (t, e) vectors of the tags' names.
        tag: (v, k) indices into the tags, the strongest first, padded with -1.
        scores: (v, k, s) float32 what each source said of them, 0 where it was silent.
    """

    tags: tuple[str, ...]
    facets: tuple[str, ...]
    sources: tuple[str, ...]
    texts: NDArray[np.float32]
    tag: Whole
    scores: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Lessons:
    """n judgements of pairs of a video and a tag.

    Attributes:
        videos, tags, sources: names; facets: of each tag.
        video, tag: (n,) indices into them.
        accepted: (n,) bool.
        scores: (n, sources) what each source said, 0 where it was silent.
        vectors: (videos, d) float32, unit rows; a row of zeros where a video has no vector.
        groups: (videos,) near-duplicates share a number: they are never on both sides of a split.
        clips, lengths: (videos, m, d) what up to m clips of each look like, padded with zeros, and how many there are;
            texts: (tags, e) vectors of the tags' names. None where only vectors are known.
        evidence: of the same videos; None where nothing is recorded.
    """

    videos: tuple[str, ...]
    tags: tuple[str, ...]
    sources: tuple[str, ...]
    facets: tuple[str, ...]
    video: Whole
    tag: Whole
    accepted: NDArray[np.bool_]
    scores: Floats
    vectors: NDArray[np.float32]
    groups: Whole
    clips: NDArray[np.float32] | None = None
    lengths: Whole | None = None
    texts: NDArray[np.float32] | None = None
    evidence: Evidence | None = None

    def __len__(self) -> int:
        return len(self.video)

    @property
    def spoken(self) -> NDArray[np.bool_]:
        """(n,) whether any source spoke for the tag."""
        return np.asarray((self.scores > 0).any(axis=1), np.bool_)

    def some(self, chosen: NDArray[np.bool_]) -> Lessons:
        """Only those judgements, (n,); names and vectors stay."""
        return replace(
            self,
            video=self.video[chosen],
            tag=self.tag[chosen],
            accepted=self.accepted[chosen],
            scores=self.scores[chosen],
        )


def lessons(
    judged: Sequence[Judged],
    facets: Mapping[str, str],
    vectors: Mapping[str, NDArray[np.float32]],
    groups: Mapping[str, int],
) -> Lessons:
    """The judgements that say yes or no; "unsure" teaches nothing.

    Args:
        facets: by tag; judgements about other tags are left out.
        vectors: (d,) by video, where it has one.
        groups: by video; one without is alone.
    """
    sure = [one for one in judged if one.verdict != "unsure" and one.tag_id in facets]
    videos = tuple(sorted({one.video_id for one in sure}))
    tags = tuple(sorted({one.tag_id for one in sure}))
    sources = tuple(sorted({source for one in sure for source, _ in one.scores} - {PROPOSER}))
    of_video, of_tag, of_source = ({name: at for at, name in enumerate(names)} for names in (videos, tags, sources))
    scores = np.zeros((len(sure), len(sources)))
    for row, one in enumerate(sure):
        for source, score in one.scores:
            if source == PROPOSER:
                continue
            scores[row, of_source[source]] = max(scores[row, of_source[source]], score)
    width = len(next(iter(vectors.values()))) if vectors else 0
    rows = np.zeros((len(videos), width), np.float32)
    for video_id, at in of_video.items():
        if video_id in vectors:
            rows[at] = unit(vectors[video_id])
    alone = 1 + max(groups.values(), default=0)
    return Lessons(
        videos,
        tags,
        sources,
        tuple(facets[tag] for tag in tags),
        np.array([of_video[one.video_id] for one in sure], np.int64),
        np.array([of_tag[one.tag_id] for one in sure], np.int64),
        np.array([one.verdict == "accepted" for one in sure], np.bool_),
        scores,
        rows,
        np.array([groups.get(video_id, alone + at) for at, video_id in enumerate(videos)], np.int64),
    )


def shares(lessons: Lessons) -> Floats:
    """(tags,) of all judged videos those with the tag, shrunk: what is likely where no source recalls it.

    What is judged about a tag was recalled before, so its share among its judgements says nothing of videos where it
    was not recalled: there all judged videos count that nobody gave the tag.
    """
    count = len(np.unique(lessons.video))
    accepted = np.bincount(lessons.tag, weights=lessons.accepted, minlength=len(lessons.tags))
    overall = float(lessons.accepted.mean()) if len(lessons) else 0.0
    return np.asarray((accepted + overall / max(1, count)) / (count + 1.0), np.float64)


def folds(lessons: Lessons) -> Whole:
    """(n,) fold of each judgement: near-duplicates share one, and folds have about as many judgements."""
    group = lessons.groups[lessons.video]
    names, counts = np.unique(group, return_counts=True)
    order = np.random.default_rng(0).permutation(len(names))
    order = order[np.argsort(-counts[order], kind="stable")]
    fold, filled = np.zeros(len(names), np.int64), np.zeros(FOLDS, np.int64)
    for at in order:  # the largest first, each to the emptiest
        fold[at] = int(filled.argmin())
        filled[fold[at]] += counts[at]
    return np.asarray(fold[np.searchsorted(names, group)], np.int64)


def unit(vector: NDArray[np.float32]) -> NDArray[np.float32]:
    """The same direction, of length 1; zeros stay."""
    length = float(np.linalg.norm(vector))
    return np.asarray(vector / length if length > 0 else vector, np.float32)


def logit(probability: Floats) -> Floats:
    """Log odds of probabilities, which are kept within `LEAST` and `MOST`."""
    inside = np.clip(probability, LEAST, MOST)
    return np.asarray(np.log(inside) - np.log1p(-inside), np.float64)


def sigmoid(odds: Floats) -> Floats:
    """Probabilities of log odds."""
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * odds)), np.float64)


def log_loss(probability: Floats, accepted: NDArray[np.bool_]) -> Floats:
    """(n,) natural logarithms; the proper score that all rungs are compared by."""
    inside = np.clip(probability, LEAST, MOST)
    return np.asarray(-np.where(accepted, np.log(inside), np.log1p(-inside)), np.float64)

"""What people judge teaches at once: a small correction on top of the library's ranker, made again after every review.

It is the most probable one of a Bayesian logistic regression (Bishop 2006, section 4.5) on what the recall sources say
and on whether people accepted or rejected the tag for videos that look alike (Tip-Adapter's cache, arXiv:2111.03930,
with rejections as the negatives), and then one offset a tag, all shrunk to no change. It is a function of the
judgements, whatever their order; it learns from the newest ones only, and only from those that the ranker, which
`agents.tagging.learning.learn` makes of all of them, has not learned from. Nothing is corrected unless probabilities of
judgements left out become better and no fewer of their tags are decided right.
"""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from agents.tagging.rank.decide import ACCEPT
from agents.tagging.rank.lessons import PROPOSER, Floats, log_loss, logit, sigmoid
from agents.tagging.rank.measures import f1
from agents.tagging.rank.prior import strongest_first
from agents.tagging.rank.ranked import CaseFacts, Ranked, Ranker
from agents.tagging.recall import Recalled
from stores.library_store import LibraryStore
from stores.tags.judgements import Judged, newest_judgements

NEWEST = 2_000
"""Reviews that are learned from. Source: our choice: a few milliseconds; from far fewer on a trained ranker wins."""

PICTURED = 500
"""Of these the newest whose videos are compared by what they look like. Source: our choice: read at every start."""

WEIGHT_SPREAD = 0.5
"""Standard deviation of the weights around 0. Source: as of a source's slope in `agents.tagging.rank.calibration`."""

SHRINKAGE = 20.0
"""κ: an offset counts about n / (n + κ). Source: as in `agents.tagging.rank.calibration`."""

WIDEST = 3.0
"""Log odds by which a tag is corrected at most. Source: as the offsets there."""

LEAST = 8
"""Judgements before anything is corrected. Source: our choice: below, none can be left out."""

LEAST_WEIGHED = 50
"""Judgements before what the sources say is weighed; before, there are only offsets of tags. Source: our choice: about
five for each weight."""

SURELY = 2.33
"""Standard errors by which the correction must be better on judgements left out. Source: 99 %, one-sided."""

ALIKE = 0.1
"""Difference of cosine at which another video counts e times less. Source: Tip-Adapter: β of 1 to 20."""

_FOLDS = 5
_STEPS = 25
_INTERCEPT, _CACHE = 0, 1
_FIXED = 2  # columns before those of the sources

Vectors = Mapping[str, NDArray[np.float32]]
"""(d,) of unit length by video."""


@dataclass(frozen=True, slots=True)
class Example:
    """A judgement, and what the ranker says of it without any correction."""

    judged: Judged
    base: float


@dataclass(frozen=True, slots=True)
class Correction:
    """What is added to log odds. Empty: nothing.

    Attributes:
        sources: in the order of ``weights`` from the third on; the first two are for all and for the cache.
        tags: offsets.
        cache: by tag, the judged videos that have vectors, +1 where it was accepted, -1 where it was rejected.
    """

    sources: tuple[str, ...] = ()
    weights: Floats = field(default_factory=lambda: np.zeros(_FIXED))
    tags: Mapping[str, float] = field(default_factory=dict)
    cache: Mapping[str, tuple[tuple[str, float], ...]] = field(default_factory=dict)
    vectors: Vectors = field(default_factory=dict)

    @property
    def needs_vector(self) -> bool:
        """Whether it asks what a video looks like."""
        return bool(self.weights[_CACHE])

    def of(self, tag_id: str, facts: CaseFacts, words: Iterable[tuple[str, float]]) -> float:
        """Log odds to add for a tag of a video, of which the sources say this."""
        row = np.zeros(len(self.weights))
        row[_INTERCEPT] = 1.0
        if self.needs_vector and facts.vector is not None:
            row[_CACHE] = _likeness(facts.video_id, facts.vector, self.cache.get(tag_id, ()), self.vectors)
        _fill(row, self.sources, words)
        moved = float(row @ self.weights) + self.tags.get(tag_id, 0.0)
        return max(-WIDEST, min(WIDEST, moved))


@dataclass(frozen=True, slots=True)
class OnlineRanker:
    """A ranker, corrected."""

    base: Ranker
    correction: Correction

    def rank(self, facts: CaseFacts, recalled: Sequence[Recalled]) -> list[Ranked]:
        """As the ranker, with corrected confidences; what no source recalled stays as it is."""
        ranked = []
        for item in self.base.rank(facts, recalled):
            said = [(word.source, word.probability) for word in item.sources if word.source != PROPOSER]
            moved = self.correction.of(item.tag_id, facts, said) if said else 0.0
            odds = logit(np.array([item.confidence])) + moved
            ranked.append(Ranked(item.tag_id, float(sigmoid(odds)[0]), item.sources) if moved else item)
        return strongest_first(ranked)


class OnlineLearner:
    """Keeps the correction up to date with what people decide.

    Args:
        base: the ranker that is corrected.
        newest: reads the newest judgements that it has not learned from.
        version: grows with every review.
        facts: what rankers may know of videos.
    """

    def __init__(
        self,
        base: Ranker,
        newest: Callable[[], Sequence[Judged]],
        version: Callable[[], int],
        facts: Callable[[Sequence[str]], Mapping[str, CaseFacts]],
    ) -> None:
        self._base = base
        self._newest, self._version, self._facts = newest, version, facts
        self._known = -1
        self._seen: dict[str, CaseFacts] = {}
        self._ranker = OnlineRanker(base, Correction())

    def ranker(self) -> OnlineRanker:
        """The ranker as of now."""
        version = self._version()
        if version != self._known:
            judged = [one for one in self._newest() if one.verdict != "unsure" and one.scores]
            pictured = list(dict.fromkeys(one.video_id for one in judged[-PICTURED:]))
            self._seen.update(self._facts([video_id for video_id in pictured if video_id not in self._seen]))
            facts = {video_id: self._seen[video_id] for video_id in pictured if video_id in self._seen}
            learned = correction(examples(self._base, judged, facts), vectors_of(facts))
            self._ranker, self._known = OnlineRanker(self._base, learned), version
        return self._ranker


def examples(base: Ranker, judged: Sequence[Judged], facts: Mapping[str, CaseFacts]) -> list[Example]:
    """What a ranker says of judged tags, from what their sources said at that time."""
    by_video: defaultdict[str, list[Judged]] = defaultdict(list)
    for one in judged:
        by_video[one.video_id].append(one)
    said: dict[tuple[str, str], float] = {}
    for video_id, some in by_video.items():
        words = [
            Recalled(one.tag_id, source, score, ())
            for one in some
            for source, score in one.scores
            if source != PROPOSER
        ]
        for item in base.rank(facts.get(video_id, CaseFacts(video_id)), words):
            said[video_id, item.tag_id] = item.confidence
    return [Example(one, said[one.video_id, one.tag_id]) for one in judged if (one.video_id, one.tag_id) in said]


def vectors_of(facts: Mapping[str, CaseFacts]) -> Vectors:
    """The vectors of the videos that have any."""
    return {video_id: one.vector for video_id, one in facts.items() if one.vector is not None}


def correction(given: Sequence[Example], vectors: Vectors) -> Correction:
    """What these examples teach; nothing if there are few, or it does not help on those of other videos.

    Args:
        vectors: of the videos that have any.
    """
    some = sorted(given, key=lambda one: (one.judged.video_id, one.judged.tag_id))
    yes = np.array([one.judged.verdict == "accepted" for one in some], np.bool_)
    if len(some) < LEAST or yes.all() or not yes.any():
        return Correction()
    folds = np.array([zlib.crc32(one.judged.video_id.encode(errors="replace")) % _FOLDS for one in some])
    base = np.array([one.base for one in some])
    after, weighed = base.copy(), len(some) >= LEAST_WEIGHED
    for fold in np.unique(folds):
        out = folds == fold
        learned = _fitted([one for one, known in zip(some, out, strict=True) if not known], vectors, weighed)
        known = [one for one, is_out in zip(some, out, strict=True) if is_out]
        moved = np.array([_moved(learned, one, vectors) for one in known])
        after[out] = sigmoid(logit(base[out]) + moved)
    gains = log_loss(base, yes) - log_loss(after, yes)
    surely = float(gains.mean()) > SURELY * float(gains.std() / np.sqrt(len(gains)))
    if not surely or _f1(after, yes) < _f1(base, yes):
        return Correction()
    return _fitted(some, vectors, weighed)


def _f1(said: Floats, yes: NDArray[np.bool_]) -> float:
    accepted = said >= ACCEPT
    return f1(int((accepted & yes).sum()), int(accepted.sum()), int(yes.sum()))


def _moved(learned: Correction, one: Example, vectors: Vectors) -> float:
    facts = CaseFacts(one.judged.video_id, vectors.get(one.judged.video_id))
    return learned.of(one.judged.tag_id, facts, one.judged.scores)


def _fitted(some: Sequence[Example], vectors: Vectors, weighed: bool) -> Correction:
    sources = tuple(sorted({source for one in some for source, _ in one.judged.scores} - {PROPOSER}))
    judged: defaultdict[str, list[tuple[str, float]]] = defaultdict(list)
    for one in some:
        if one.judged.video_id in vectors:
            sign = 1.0 if one.judged.verdict == "accepted" else -1.0
            judged[one.judged.tag_id].append((one.judged.video_id, sign))
    cache = {tag_id: tuple(known) for tag_id, known in judged.items()}
    features = np.zeros((len(some), _FIXED + len(sources)))
    features[:, _INTERCEPT] = 1.0
    for row, one in enumerate(some):
        _fill(features[row], sources, one.judged.scores)
        vector = vectors.get(one.judged.video_id)
        if vector is not None:
            known = cache.get(one.judged.tag_id, ())
            features[row, _CACHE] = _likeness(one.judged.video_id, vector, known, vectors)
    yes = np.array([one.judged.verdict == "accepted" for one in some], np.float64)
    base = logit(np.array([one.base for one in some]))
    weights = np.zeros(features.shape[1])
    precision = np.eye(len(weights)) / WEIGHT_SPREAD**2
    for _ in range(_STEPS if weighed else 0):
        said = sigmoid(base + features @ weights)
        slope = features.T @ (yes - said) - precision @ weights
        step = np.linalg.solve((features * (said * (1.0 - said))[:, None]).T @ features + precision, slope)
        weights += step
        if float(np.abs(step).max()) < 1e-9:
            break
    return Correction(sources, weights, _offsets(some, base + features @ weights, yes), cache, vectors)


def _offsets(some: Sequence[Example], odds: Floats, yes: Floats) -> dict[str, float]:
    """One for each tag, by Newton's method; a judgement at even odds tells ¼, so that κ of them weigh κ / 4."""
    names = sorted({one.judged.tag_id for one in some})
    place = {tag_id: at for at, tag_id in enumerate(names)}
    tag = np.array([place[one.judged.tag_id] for one in some], np.int64)
    offsets = np.zeros(len(names))
    for _ in range(_STEPS):
        said = sigmoid(odds + offsets[tag])
        slope = np.bincount(tag, yes - said, len(names)) - offsets * SHRINKAGE / 4.0
        step = slope / (np.bincount(tag, said * (1.0 - said), len(names)) + SHRINKAGE / 4.0)
        offsets += step
        if float(np.abs(step).max()) < 1e-9:
            break
    return dict(zip(names, offsets.tolist(), strict=True))


def _fill(row: Floats, sources: Sequence[str], words: Iterable[tuple[str, float]]) -> None:
    """Doubt that each source takes, in natural logarithms, as noisy-or adds them."""
    column = {source: _FIXED + at for at, source in enumerate(sources)}
    for source, score in words:
        if source in column:
            row[column[source]] = max(row[column[source]], -np.log1p(-min(score, 0.99)))


def _likeness(
    video_id: str, vector: NDArray[np.float32], known: Sequence[tuple[str, float]], vectors: Vectors
) -> float:
    """How much more a video looks like accepted ones than like rejected ones, -1 to 1; itself does not count."""
    others = [(other, sign) for other, sign in known if other != video_id and other in vectors]
    if not others:
        return 0.0
    cosines = np.stack([vectors[other] for other, _ in others]) @ vector
    weights = np.exp((cosines.astype(np.float64) - 1.0) / ALIKE)
    signs = np.array([sign for _, sign in others])
    return float((weights * signs).sum() / (1.0 + weights.sum()))


def learned_at_once(
    base: Ranker,
    store: LibraryStore,
    after: float | None,
    facts: Callable[[Sequence[str]], Mapping[str, CaseFacts]],
) -> OnlineLearner:
    """The learner of a library.

    Args:
        after: time of the judgements that ``base`` has learned from, in seconds since the epoch; None if of none.
        facts: what rankers may know of videos.
    """
    return OnlineLearner(base, lambda: newest_judgements(store.engine, NEWEST, after), store.reviews.version, facts)

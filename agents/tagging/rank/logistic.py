"""The ranker of some hundred judgements: a logistic regression a tag on what the sources say, shrunk to one for all.

The one for all is shrunk, in turn, to the ranker before (`agents.tagging.rank.likeness`): with weights 1 for what it
says and 0 for everything else it is that ranker.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from agents.tagging.rank.lessons import Floats, Lessons, logit, sigmoid
from agents.tagging.rank.likeness import NeighbourRanker, neighbour_ranker
from agents.tagging.rank.measures import Goal
from agents.tagging.rank.neighbours import of_pairs
from agents.tagging.rank.prior import by_tag, propose, strongest_first
from agents.tagging.rank.ranked import CaseFacts, Ranked
from agents.tagging.recall import Recalled

COMMON_SPREAD = 0.5
"""Standard deviation of the common weights around those of the ranker before. Source: our choice, as a map's slope."""

TAG_SPREAD = 0.25
"""Of a tag's weights around the common ones. Source: our choice: half of the common spread."""

LEAST_OF_TAG = 8
"""Judgements of a tag, at least one yes and one no, before it has weights of its own. Source: our choice."""

MOST_PAIRS = 200_000
"""Judgements that the common weights are fitted on; more change nothing in the third digit."""

_STEPS = 25


@dataclass(frozen=True, slots=True)
class LogisticRanker:
    """Weights (features,) for all tags, and of their own (tags, features) where there are enough judgements.

    Attributes:
        sources: in the order of the features.
        weights: (tags of ``before``, features).
        trust: 0 to 1: how far from what the ranker before says to what the weights say, in log odds.
    """

    before: NeighbourRanker
    sources: tuple[str, ...]
    weights: Floats
    trust: float = 1.0

    def rank(self, facts: CaseFacts, recalled: Sequence[Recalled]) -> list[Ranked]:
        """The recalled tags, and those that likely go with the video though no source recalled them."""
        shift, silent = self.before.of_video(facts)
        prior = {
            item.tag_id: item for item in self.before.prior.rank(facts, recalled) if not self.before.is_proposed(item)
        }
        words = by_tag(recalled)
        tags = [*prior, *(tag for tag in self.before.tags if tag not in prior)]
        places = np.array([self.before.tags.get(tag, -1) for tag in tags], np.int64)
        base = np.array([prior[tag].confidence if tag in prior else 0.0 for tag in tags])
        scores = np.zeros((len(tags), len(self.sources)))
        column = {source: at for at, source in enumerate(self.sources)}
        for row, tag in enumerate(prior):
            for word in words[tag]:
                if word.source in column:
                    at = column[word.source]
                    scores[row, at] = max(scores[row, at], word.probability)
        known = places >= 0
        shift, silent = np.where(known, shift[places], 0.0), np.where(known, silent[places], 0.0)
        weights = np.where(known[:, None], self.weights[places], self.weights[-1])
        said = self._said(_features(base, shift, silent, scores), weights)
        ranked = [Ranked(tag, float(said[at]), prior[tag].sources) for at, tag in enumerate(prior)]
        alone = {tag: float(said[at]) for at, tag in enumerate(tags) if tag not in prior}
        return strongest_first([*ranked, *propose(alone, prior.keys())])

    def probabilities(self, lessons: Lessons) -> Floats:
        """(n,) of judged pairs, from judgements of other groups."""
        features = _features_of(self.before, lessons, self.sources)
        return self._said(features, self.weights[lessons.tag])

    def _said(self, features: Floats, weights: Floats) -> Floats:
        odds = (features * weights).sum(axis=1)
        if self.trust < 1.0:
            odds = self.trust * odds + (1.0 - self.trust) * (features * _as_before(features.shape[1])).sum(axis=1)
        return sigmoid(odds)


def logistic_ranker(lessons: Lessons, facets: Mapping[str, str], goal: Goal | None = None) -> LogisticRanker:
    """Learns from judgements.

    Args:
        facets: of all tags.
        goal: what it is for; None: to accept tags.
    """
    before = neighbour_ranker(lessons, facets, goal)
    features = _features_of(before, lessons, lessons.sources)
    yes = lessons.accepted.astype(np.float64)
    centre = _as_before(features.shape[1])
    some = np.sort(np.random.default_rng(0).permutation(len(yes))[:MOST_PAIRS])
    common = _fitted(features[some], yes[some], centre, COMMON_SPREAD)
    weights = np.tile(common, (len(lessons.tags) + 1, 1))
    order = np.argsort(lessons.tag, kind="stable")
    for rows in np.split(order, np.flatnonzero(np.diff(lessons.tag[order])) + 1):
        if len(rows) >= LEAST_OF_TAG and 0 < yes[rows].sum() < len(rows):
            weights[lessons.tag[rows[0]]] = _fitted(features[rows], yes[rows], common, TAG_SPREAD)
    return LogisticRanker(before, lessons.sources, weights)


def _features_of(before: NeighbourRanker, lessons: Lessons, sources: Sequence[str]) -> Floats:
    shift, silent = of_pairs(before.known, before.spread, lessons)
    scores = np.zeros((len(lessons), len(sources)))
    for at, source in enumerate(sources):
        if source in lessons.sources:
            scores[:, at] = lessons.scores[:, lessons.sources.index(source)]
    return _features(before.prior.calibration.fused(lessons), shift, silent, scores)


def _features(base: Floats, shift: Floats, silent: Floats, scores: Floats) -> Floats:
    """(n, 5 + sources): spoken and its log odds and the neighbours', silent and its log odds, doubts taken by each."""
    spoken = base > 0
    taken = -np.log1p(-np.clip(scores, 0.0, 0.99))
    fixed = [spoken, spoken * logit(base), spoken * shift, ~spoken, ~spoken * logit(silent)]
    return np.column_stack([*(one.astype(np.float64) for one in fixed), taken])


def _as_before(width: int) -> Floats:
    """Weights (width,) with which this is the ranker before."""
    weights = np.zeros(width)
    weights[[1, 2, 4]] = 1.0
    return weights


def _fitted(features: Floats, yes: Floats, centre: Floats, spread: float) -> Floats:
    """The most probable weights under a normal prior, by Newton's method with halved steps."""

    def loss(at: Floats) -> float:
        odds = features @ at
        return float((np.logaddexp(0.0, odds) - yes * odds).sum() + 0.5 * ((at - centre) ** 2).sum() / spread**2)

    weights, least = centre.copy(), loss(centre)
    for _ in range(_STEPS):
        said = sigmoid(features @ weights)
        slope = features.T @ (said - yes) + (weights - centre) / spread**2
        curve = (features * (said * (1.0 - said))[:, None]).T @ features + np.eye(len(weights)) / spread**2
        step = np.linalg.solve(curve, slope)
        for _ in range(10):
            if (new := loss(weights - step)) <= least:
                break
            step = step / 2
        else:
            break
        weights, gained, least = weights - step, least - new, new
        if gained < 1e-7 * max(1.0, least):
            break
    return weights
